/** The developer's own second factors, as the node tells them. */
export const ownFactors = '/admin/userinfo/authenticators'

/** Times in milliseconds; `left` of recovery codes alone. */
export type Held = {
  id: string
  kind: 'totp' | 'passkey' | 'recovery'
  label: string
  state: 'bound' | 'disabled' | 'pending'
  boundAt?: number
  usedAt?: number | null
  left?: number
}
