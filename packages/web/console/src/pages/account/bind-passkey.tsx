/** Binds a passkey of this browser or of a key that is plugged in. */
import { Button, Checkbox, Modal, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { newPasskey } from '../../passkeys.ts'
import { type Held, ownFactors } from './held.ts'
import { ProofFields, useProof } from './proof.tsx'
import { ShownCodes } from './shown-codes.tsx'

type Props = { opened: boolean; held: readonly Held[]; onClose: () => void }

export const BindPasskey = ({ opened, held, onClose }: Props) => (
  <Modal opened={opened} onClose={onClose} title="Passkey">
    <Steps held={held} onClose={onClose} />
  </Modal>
)

function Steps({ held, onClose }: Omit<Props, 'opened'>) {
  const proof = useProof(held)
  const [label, setLabel] = useState('')
  const [endOthers, setEndOthers] = useState(true)
  const bind = useMutation({
    mutationFn: async () => {
      const { password } = proof
      const begun = await ask<{ passkey: PublicKeyCredentialCreationOptionsJSON }>(`${ownFactors}/enrol`, {
        method: 'POST',
        body: { ...(await proof.prove()), kind: 'passkey', label },
      })
      const code = await newPasskey(begun.passkey)
      const body = { password, code, end_other_sessions: endOthers }
      return ask<{ recovery_codes?: string[] }>(`${ownFactors}/confirm`, { method: 'POST', body })
    },
    onSuccess: ({ recovery_codes: codes }) => {
      tellDone('The passkey is bound.')
      if (codes === undefined) onClose()
    },
  })
  if (bind.data?.recovery_codes !== undefined) return <ShownCodes codes={bind.data.recovery_codes} onDone={onClose} />
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        bind.mutate()
      }}
    >
      <Stack>
        <ProofFields proof={proof} held={held} />
        <TextInput
          label="Name of the passkey"
          description="So that you know it again"
          placeholder="this computer"
          maxLength={60}
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        <Checkbox
          label="Sign me out everywhere else"
          checked={endOthers}
          onChange={(event) => setEndOthers(event.currentTarget.checked)}
        />
        {bind.isError && <Failure error={bind.error} title="Not bound" />}
        <Button type="submit" loading={bind.isPending}>
          Make the passkey
        </Button>
      </Stack>
    </form>
  )
}
