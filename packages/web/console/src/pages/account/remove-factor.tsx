/** Takes an app or a passkey away. */
import { Alert, Button, Modal, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Held, ownFactors } from './held.ts'
import { ProofFields, useProof } from './proof.tsx'

type Props = { factor: Held | undefined; held: readonly Held[]; onClose: () => void }

export const RemoveFactor = ({ factor, held, onClose }: Props) => (
  <Modal opened={factor !== undefined} onClose={onClose} title="Remove the second factor?">
    {factor !== undefined && <Question factor={factor} held={held} onClose={onClose} />}
  </Modal>
)

function Question({ factor, held, onClose }: Props & { factor: Held }) {
  const proof = useProof(held)
  const isLast = held.every(({ id, kind }) => kind === 'recovery' || id === factor.id)
  const remove = useMutation({
    mutationFn: async () => {
      const body = { ...(await proof.prove()), kind: factor.kind, id: factor.id }
      return ask(`${ownFactors}/remove`, { method: 'POST', body })
    },
    onSuccess: () => {
      tellDone('It is removed.')
      onClose()
    },
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        remove.mutate()
      }}
    >
      <Stack>
        {isLast ? (
          <Alert color="yellow" title="It is your last one">
            The recovery codes go with it, and from then on your password alone lets in.
          </Alert>
        ) : (
          <Text size="sm">You cannot sign in with it any more.</Text>
        )}
        <ProofFields proof={proof} held={held} />
        {remove.isError && <Failure error={remove.error} title="Not removed" />}
        <Button type="submit" color="red" loading={remove.isPending}>
          Remove it
        </Button>
      </Stack>
    </form>
  )
}
