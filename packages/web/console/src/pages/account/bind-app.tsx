/** Binds an authenticator app: the password, the picture for the app, a code of it, and the recovery codes. */
import { Box, Button, Checkbox, Group, Image, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { CopyLine } from '../../frame/copy.tsx'
import { Failure } from '../../frame/failure.tsx'
import { tellDone } from '../../frame/tell.ts'
import { type Held, ownFactors } from './held.ts'
import { ProofFields, useProof } from './proof.tsx'
import { ShownCodes } from './shown-codes.tsx'

type Props = { opened: boolean; held: readonly Held[]; onClose: () => void }
type Begun = { secret: string; qr: string }
type Bound = { recovery_codes?: string[]; ended_sessions?: number }

/** What is typed and shown goes with the dialog. */
export const BindApp = ({ opened, held, onClose }: Props) => (
  <Modal opened={opened} onClose={onClose} title="Authenticator app">
    <Steps held={held} onClose={onClose} />
  </Modal>
)

function Steps({ held, onClose }: Omit<Props, 'opened'>) {
  const proof = useProof(held)
  const [code, setCode] = useState('')
  const [endOthers, setEndOthers] = useState(true)
  const begin = useMutation({
    mutationFn: async () => {
      const body = { ...(await proof.prove()), kind: 'totp' }
      return ask<Begun>(`${ownFactors}/enrol`, { method: 'POST', body })
    },
  })
  const confirm = useMutation({
    mutationFn: () => {
      const body = { password: proof.password, code, end_other_sessions: endOthers }
      return ask<Bound>(`${ownFactors}/confirm`, { method: 'POST', body })
    },
    onSuccess: () => tellDone('The authenticator app is bound.'),
  })
  if (confirm.data?.recovery_codes !== undefined) {
    return <ShownCodes codes={confirm.data.recovery_codes} onDone={onClose} />
  }
  if (begin.data === undefined) {
    return (
      <form
        onSubmit={(event) => {
          event.preventDefault()
          begin.mutate()
        }}
      >
        <Stack>
          <ProofFields proof={proof} held={held} />
          {begin.isError && <Failure error={begin.error} />}
          <Button type="submit" loading={begin.isPending}>
            Go on
          </Button>
        </Stack>
      </form>
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        confirm.mutate()
      }}
    >
      <Stack>
        <Text size="sm">Take this picture in with the app on your phone, or type the secret there.</Text>
        <Box bg="white" p="xs" mx="auto" style={{ borderRadius: 8 }}>
          <Image
            src={`data:image/svg+xml;utf8,${encodeURIComponent(begin.data.qr)}`}
            alt="QR code of the secret"
            w={200}
            h={200}
          />
        </Box>
        <CopyLine label="Secret" value={begin.data.secret} hidden />
        <TextInput
          label="Code that the app shows"
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          data-autofocus
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Checkbox
          label="Sign me out everywhere else"
          description="Sessions that were opened by the password alone go on otherwise."
          checked={endOthers}
          onChange={(event) => setEndOthers(event.currentTarget.checked)}
        />
        {confirm.isError && <Failure error={confirm.error} title="Not bound" />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={confirm.isPending}>
            Bind it
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
