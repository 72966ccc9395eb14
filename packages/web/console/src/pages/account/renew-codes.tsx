/** New recovery codes in the place of those before. */
import { Button, Modal, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { type Held, ownFactors } from './held.ts'
import { ProofFields, useProof } from './proof.tsx'
import { ShownCodes } from './shown-codes.tsx'

type Props = { opened: boolean; held: readonly Held[]; onClose: () => void }

export const RenewCodes = ({ opened, held, onClose }: Props) => (
  <Modal opened={opened} onClose={onClose} title="New recovery codes">
    <Steps held={held} onClose={onClose} />
  </Modal>
)

function Steps({ held, onClose }: Omit<Props, 'opened'>) {
  const proof = useProof(held)
  const renew = useMutation({
    mutationFn: async () =>
      ask<{ recovery_codes: string[] }>(`${ownFactors}/recovery-codes`, { method: 'POST', body: await proof.prove() }),
  })
  if (renew.data !== undefined) return <ShownCodes codes={renew.data.recovery_codes} onDone={onClose} />
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        renew.mutate()
      }}
    >
      <Stack>
        <Text size="sm">The codes that you have are good no more once there are new ones.</Text>
        <ProofFields proof={proof} held={held} />
        {renew.isError && <Failure error={renew.error} />}
        <Button type="submit" loading={renew.isPending}>
          Make new codes
        </Button>
      </Stack>
    </form>
  )
}
