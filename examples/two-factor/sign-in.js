// Signs in with a password and a code, with the Node SDK from npm, unmodified; `resend` in place of a code asks for another.
// node examples/two-factor/sign-in.js URL SYSTEM_KEY SYSTEM_SECRET EMAIL PASSWORD
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline/promises'

const ClearBlade = createRequire(import.meta.url)('clearblade')
const [URI, systemKey, systemSecret, email, password] = process.argv.slice(2)
const terminal = createInterface({ input: process.stdin, output: process.stdout })

// What loginUser of the SDK does, with a body of our own: an app needs nothing else for a second step.
function auth(body) {
  const options = { method: 'POST', endpoint: 'api/v/1/user/auth', useUser: false, URI, systemKey, systemSecret, body }
  return new Promise((resolve, reject) => {
    ClearBlade.request(options, (err, answer) => (err ? reject(new Error(String(answer))) : resolve(answer)))
  })
}

async function signIn() {
  let answer = await auth({ email, password, factor: 1 })
  // A refusal is an answer too, with an empty token; options.err tells it from a step that asks for more.
  while (!answer.user_token && !answer.options.err) {
    const { message, factor_id } = answer.options
    const code = (await terminal.question(`${message}\nCode: `)).trim()
    if (code === 'resend') answer = await auth({ factor_id, resend: true })
    else answer = await auth({ factor: 2, factor_id, code })
  }
  if (!answer.user_token) throw new Error(answer.options.message)
  return answer
}

try {
  const { user_token: authToken, options } = await signIn()
  ClearBlade.init({ URI, systemKey, systemSecret, useUser: { email: options.email, authToken } })
  ClearBlade.User().getUser((err, me) => {
    console.log(err ? `Signed in, but: ${me}` : `Signed in as ${me.email}, by ${options.factor.kind}.`)
    process.exitCode = err ? 1 : 0
  })
} catch (error) {
  console.log(`Not signed in. ${error.message}`)
  process.exitCode = 1
} finally {
  terminal.close()
}
