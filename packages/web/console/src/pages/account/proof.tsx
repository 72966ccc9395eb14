/**
 * That it is the developer who changes his second factors: the password anew, and where there is a second factor, an answer of
 * it that was not used before.
 */
import { Alert, PasswordInput, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { ask } from '../../api.ts'
import { passkeyAnswer } from '../../passkeys.ts'
import type { Factor } from '../second-step.tsx'
import { type Held, ownFactors } from './held.ts'

export type Proof = {
  password: string
  setPassword: (password: string) => void
  factor: Factor | undefined
  setFactor: (factor: Factor) => void
  factors: Factor[]
  code: string
  setCode: (code: string) => void
  /** What goes into the body of the call; asks the browser where it is a passkey. Rejects with ApiError. */
  prove: () => Promise<Record<string, unknown>>
}

const inOrder: readonly Factor[] = ['totp', 'passkey', 'recovery']

export function useProof(held: readonly Held[]): Proof {
  const [password, setPassword] = useState('')
  const [chosen, setFactor] = useState<Factor>()
  const [code, setCode] = useState('')
  const factors = inOrder.filter((kind) =>
    held.some((one) => one.kind === kind && one.state === 'bound' && one.left !== 0),
  )
  const factor = chosen ?? factors[0]
  const prove = async (): Promise<Record<string, unknown>> => {
    if (factor === undefined) return { password }
    if (factor !== 'passkey') return { password, factor, code }
    type Asked = { challenge_id: string; passkey: PublicKeyCredentialRequestOptionsJSON }
    const { challenge_id, passkey } = await ask<Asked>(`${ownFactors}/challenge`, {
      method: 'POST',
      body: { password },
    })
    return { password, factor, challenge_id, code: await passkeyAnswer(passkey) }
  }
  return { password, setPassword, factor, setFactor, factors, code, setCode, prove }
}

const words: Record<Factor, string> = {
  totp: 'A code of the authenticator app',
  passkey: 'A passkey',
  recovery: 'A recovery code',
}

export function ProofFields({ proof, held }: { proof: Proof; held: readonly Held[] }) {
  const { password, setPassword, factor, setFactor, factors, code, setCode } = proof
  return (
    <>
      {held.length > 0 && factors.length === 0 && (
        <Alert color="yellow" title="None of your second factors can be used">
          Whoever runs this node takes them away by <code>gatehouse developer reset-factors</code>.
        </Alert>
      )}
      <PasswordInput
        label="Your password"
        autoComplete="current-password"
        required
        data-autofocus
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {factors.length > 1 && (
        <Select
          label="And"
          data={factors.map((value) => ({ value, label: words[value] }))}
          value={factor ?? null}
          allowDeselect={false}
          onChange={(value) => value !== null && setFactor(value as Factor)}
        />
      )}
      {(factor === 'totp' || factor === 'recovery') && (
        <TextInput
          label={factor === 'totp' ? 'Code of your app now' : 'Recovery code'}
          description={factor === 'totp' ? 'One that was not used yet: each counts once.' : undefined}
          autoComplete={factor === 'totp' ? 'one-time-code' : 'off'}
          required
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
      )}
    </>
  )
}
