/** The package two-factor-auth, installed and set up as its guide says, for tests that sign in with it. */
import { randomUUID } from 'node:crypto'
import type { TestApp } from './app.ts'

export type TwoFactorSystem = {
  system: { key: string; secret: string }
  user: { email: string; password: string }
  /** The code of the last message in the inbox. */
  lastCode(): Promise<string>
}

export async function installTwoFactor(app: TestApp): Promise<TwoFactorSystem> {
  const { developer } = app
  const [{ url }] = (await app.call('GET', '/packages')).body.filter((one: any) => one.name === 'two-factor-auth')
  const body = { url, name: `two-factor ${randomUUID()}` }
  const { system } = (await app.call('POST', '/admin/v/4/packages/install', { developer, body })).body
  const { success, results } = (await app.run(system, 'SetupTwoFactorAuth', {}, { developer })).body
  if (!success) throw new Error(`SetupTwoFactorAuth did not succeed: ${JSON.stringify(results)}`)
  const runAs = { run_user: 'authOverrideAccount@example.com' }
  await app.call('PUT', `/admin/code/v/1/${system.key}/authOverride`, { developer, body: runAs })
  await app.set(system, { auth_service: 'authOverride' })
  const { email, password } = results.users.find((one: any) => one.email === 'test@example.com')
  return {
    system,
    user: { email, password },
    async lastCode() {
      const inbox = await app.call('GET', `/admin/v/4/system/${system.key}/inbox`, { developer })
      return /\d{6}/.exec(inbox.body.at(-1).body)![0]
    },
  }
}
