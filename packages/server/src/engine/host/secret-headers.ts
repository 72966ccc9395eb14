/**
 * Puts the secrets of a system into the headers of a request that names them, on the node's side: no value is ever inside
 * the isolate. Also inside the Basic credentials that the http library made of user and password.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../../domain/access/scope.ts'
import { openSecret } from '../../domain/systems/secrets.ts'
import { readTarget } from '../../egress/target.ts'

type Headers = Record<string, string | string[]>

/** Not in the middle of a word: `mysecret:x` is none. */
const reference = /(?<![A-Za-z0-9_-])secret:([A-Za-z0-9_][A-Za-z0-9_-]{0,63})/g
/** More would be no request but a try of names. */
const mostReferences = 10

/**
 * `bound` names the headers that hold a secret and must not follow a redirect elsewhere; `values` is what must not come back
 * out of the run.
 * @throws GatehouseError `egressRefused` where the secret is not for this host, or nobody would know who reads it;
 *   `noSuchSecret`
 */
export async function withSecrets(
  scope: SystemScope,
  request: { url: string; headers: Headers; verified: boolean },
): Promise<{ headers: Headers; bound: string[]; values: string[] }> {
  const found = Object.values(request.headers)
    .flat()
    .flatMap((value) => namesIn(plainOf(value).text))
  const names = [...new Set(found)]
  if (names.length === 0) return { headers: request.headers, bound: [], values: [] }
  if (names.length > mostReferences) throw refused(`a request names at most ${mostReferences} secrets`)
  const host = demandPrivateWay(request)
  const values = new Map<string, string>()
  for (const name of names) {
    const { value, hosts } = await openSecret(scope, name)
    if (!hosts.includes(host)) {
      throw refused(
        `the secret "${name}" is not for ${host}`,
        hosts.length === 0
          ? 'It names no host: it is for the message channel alone. A developer gives it hosts when writing it.'
          : `It is for ${hosts.join(', ')}. A developer gives it other hosts when writing it.`,
      )
    }
    values.set(name, value)
  }
  const headers: Headers = Object.create(null)
  const bound: string[] = []
  const secret = new Set(values.values())
  for (const [name, given] of Object.entries(request.headers)) {
    const filled = [given].flat().map((value) => {
      const plain = plainOf(value)
      if (namesIn(plain.text).length === 0) return value
      const text = plain.packed(plain.text.replace(reference, (_, key: string) => values.get(key)!))
      bound.push(name)
      secret.add(text.replace(/^Basic /, ''))
      return text
    })
    headers[name] = Array.isArray(given) ? filled : filled[0]!
  }
  // Also as JSON spells them, and JSON within JSON, since that is how answers are logged.
  for (let depth = 0; depth < 2; depth++) {
    for (const value of [...secret]) secret.add(JSON.stringify(value).slice(1, -1))
  }
  return { headers, bound, values: [...secret] }
}

const namesIn = (text: string): string[] => [...text.matchAll(reference)].map((match) => match[1]!)

/** The text in which names are looked for, and how it becomes the header again. */
function plainOf(value: string): { text: string; packed: (text: string) => string } {
  const basic = /^\s*Basic\s+([A-Za-z0-9+/]+={0,2})\s*$/i.exec(value)
  if (basic === null) return { text: value, packed: (text) => text }
  return {
    text: Buffer.from(basic[1]!, 'base64').toString('utf8'),
    packed: (text) => `Basic ${Buffer.from(text).toString('base64')}`,
  }
}

/** The host as the secret spells it. Plain http, or a certificate that nobody checks, would tell it to whoever listens. */
function demandPrivateWay({ url: text, verified }: { url: string; verified: boolean }): string {
  const { url } = readTarget(text)
  if (url.protocol !== 'https:') throw refused('a secret goes over https alone')
  if (!verified) throw refused('a secret goes only where the certificate is verified', 'Leave strictSSL as it is.')
  const name = url.hostname.replace(/\.+$/, '')
  return url.port === '' ? name : `${name}:${url.port}`
}

const refused = (what: string, hint?: string): GatehouseError =>
  new GatehouseError('egressRefused', `The request was not sent: ${what}.`, hint === undefined ? {} : { hint })
