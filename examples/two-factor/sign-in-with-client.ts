/**
 * The two steps with Gatehouse's own client; `resend` in place of a code asks for another.
 *
 *   npx node examples/two-factor/sign-in-with-client.ts URL SYSTEM_KEY SYSTEM_SECRET EMAIL PASSWORD
 */
import { createInterface } from 'node:readline/promises'
import { signInClient } from '../../packages/client/src/sign-in.ts'

const [url, systemKey, systemSecret, email, password] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const terminal = createInterface({ input: process.stdin, output: process.stdout })
const client = signInClient({ url, systemKey, systemSecret })

let state = await client.signIn({ email, password })
while (state.state === 'code') {
  const code = (await terminal.question(`${state.message}\nCode: `)).trim()
  state = code === 'resend' ? await state.resend() : await state.answer(code)
}
terminal.close()
console.log(
  state.state === 'in' ? `Signed in until ${state.expiresAt?.toISOString()}.` : `Not signed in. ${state.message}`,
)
process.exitCode = state.state === 'in' ? 0 : 1
