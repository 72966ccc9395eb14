/** Signing in to a node and remembering it. Who is asked for e-mail and password is `login.ts`. */
import { send, signInFrom } from './api.ts'
import { CommandError } from './failure.ts'
import { changeSignIns, type SignIn } from './sign-ins.ts'

export type Credentials = { email: string; password: string }

/** Signs in and keeps that in the file, as the one that later commands take; ends what it replaces. Throws CommandError. */
export async function signInAndKeep(url: string, { email, password }: Credentials, file: string): Promise<SignIn> {
  const signIn = signInFrom(url, await send(url, 'POST', '/admin/auth', { body: { email, password } }), email)
  const before = await changeSignIns(file, async (signIns) => {
    const old = signIns.byUrl.get(url)
    signIns.byUrl.set(url, signIn)
    signIns.last = url
    return old
  })
  // Nobody holds the old token any more; should the node not end it now, it runs out by itself.
  if (before !== undefined) await send(url, 'POST', '/admin/logout', { token: before.token }).catch(() => undefined)
  return signIn
}

/** E-mail and password of the environment, where both are there. */
export function credentialsOfEnvironment(): Credentials | undefined {
  const { GATEHOUSE_DEVELOPER_EMAIL: email, GATEHOUSE_DEVELOPER_PASSWORD: password } = process.env
  return email && password ? { email, password } : undefined
}

/** A password over plain http can be read by everybody on the way, unless the way is this machine. Throws CommandError. */
export function demandPrivateWay(url: string): void {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127\.[\d.]+$/.test(hostname))
    return
  throw new CommandError(
    `${url} is plain http on another machine: password and token could be read on the way. Use https://, or log in with --insecure-http.`,
  )
}
