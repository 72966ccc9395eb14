// Signs in with the Node SDK from npm, unmodified, and reads the own record with the token that came back.
// node examples/first-sign-in/sign-in.js URL SYSTEM_KEY SYSTEM_SECRET EMAIL PASSWORD
import { createRequire } from 'node:module'

const ClearBlade = createRequire(import.meta.url)('clearblade')
const [URI, systemKey, systemSecret, email, password] = process.argv.slice(2)

ClearBlade.init({
  URI,
  systemKey,
  systemSecret,
  email,
  password,
  callback: (_err, user) => {
    // A refusal is an answer too, with an empty token and no error: so the token is what counts.
    if (!user?.authToken) {
      console.log('Not signed in.')
      process.exitCode = 1
      return
    }
    ClearBlade.User().getUser((err, me) => {
      console.log(err ? `Signed in, but: ${me}` : `Signed in as ${me.email}.`)
      process.exitCode = err ? 1 : 0
    })
  },
})
