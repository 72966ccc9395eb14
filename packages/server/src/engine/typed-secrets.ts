/**
 * Keys of providers that a developer typed into his code: finding them, and moving them into the secrets of the system,
 * where only the message channel and requests to the provider's host turn them into the value again. Which texts those
 * are is a guess by the name of the constant, so nothing moves unasked.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { SystemScope } from '../domain/access/scope.ts'
import { readCode, updateCode } from '../domain/code/code.ts'
import { createSecret } from '../domain/systems/secrets.ts'
import { replaceTexts, type TextConstant, textConstants, textsOf } from '../sandbox/constants.ts'
import type { CodeKind, CodeVersionRecord } from '../store/tables/code.ts'

/** `secret` and `hosts` are what would be made of it. */
export type TypedSecret = { constant: string; line: number; secret: string; hosts: string[] }

export type Move = { constant: string; secret?: string; hosts?: unknown }

/** Hosts of providers by how names of their keys begin. */
const providerHosts: Record<string, string[]> = { TWILIO: ['api.twilio.com'] }

const words = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter((word) => word !== '')

/** Passwords are not among them: code that makes users needs the value itself. */
const secretWords = new Set(['SECRET', 'TOKEN', 'APIKEY', 'CREDENTIAL', 'CREDENTIALS'])
const keyWords = new Set(['API', 'AUTH', 'ACCESS', 'PRIVATE', 'SIGNING'])
/** What is about a secret, and is none. */
const aboutWords = new Set([
  'NAME',
  'HEADER',
  'URL',
  'URI',
  'FIELD',
  'COLUMN',
  'TABLE',
  'COLLECTION',
  'TTL',
  'TYPE',
  'LABEL',
])

function soundsSecret(name: string): boolean {
  const all = words(name)
  if (aboutWords.has(all.at(-1) ?? '')) return false
  return all.some((word, at) => secretWords.has(word) || (word === 'KEY' && keyWords.has(all[at - 1] ?? '')))
}

const isReference = (value: string): boolean => value.startsWith('secret:')

/** @throws GatehouseError `noSuchService`, `noSuchLibrary`, `permissionDenied` */
export async function typedSecrets(scope: SystemScope, kind: CodeKind, name: string): Promise<TypedSecret[]> {
  return secretsIn((await readCode(scope, kind, name)).version)
}

function secretsIn({ source, dialect }: CodeVersionRecord): TypedSecret[] {
  const hosts = hostsIn(textsOf(source, dialect))
  return textConstants(source, dialect)
    .filter(({ name: constant, value }) => soundsSecret(constant) && value !== '' && !isReference(value))
    .map(({ name: constant, line }) => ({
      constant,
      line,
      secret: words(constant).join('_').slice(0, 64),
      hosts: providerHosts[words(constant)[0]!] ?? hosts,
    }))
}

/** Those that the code speaks of itself. */
function hostsIn(texts: string[]): string[] {
  const found = texts.flatMap(
    (text) => /^https:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)/i.exec(text)?.[1]?.toLowerCase() ?? [],
  )
  return [...new Set(found)].slice(0, 20)
}

/**
 * Makes the secrets and a version of the code that names them, in one transaction. Without `moves`, all that are found.
 * Versions before keep the values.
 * @throws GatehouseError `badRequest`, `secretExists`, `badSecret`
 */
export async function moveTypedSecrets(
  scope: SystemScope,
  kind: CodeKind,
  name: string,
  moves: Move[] | undefined,
): Promise<{ version: number; moved: TypedSecret[] }> {
  const { version: read } = await readCode(scope, kind, name)
  const { source, dialect } = read
  const found = secretsIn(read)
  const wanted = moves ?? found
  if (wanted.length === 0) {
    throw new GatehouseError('badRequest', `"${name}" has no constant that looks like a secret.`, {
      hint: 'Name the constants to move.',
    })
  }
  const constants = textConstants(source, dialect)
  const chosen = wanted.map((move) => {
    const constant = demandConstant(constants, move.constant, name)
    const guess = found.find((one) => one.constant === move.constant)
    const secret = move.secret ?? guess?.secret ?? words(move.constant).join('_').slice(0, 64)
    return { constant, secret, hosts: move.hosts ?? guess?.hosts ?? [] }
  })
  const code = replaceTexts(
    source,
    chosen.map(({ constant, secret }) => ({ constant, text: `secret:${secret}` })),
  )
  return scope.data.transaction(async (tx) => {
    const within: SystemScope = { ...scope, data: tx }
    const moved: TypedSecret[] = []
    for (const { constant, secret, hosts } of chosen) {
      const made = await createSecret(within, { name: secret, value: constant.value, hosts })
      moved.push({ constant: constant.name, line: constant.line, secret: made.name, hosts: made.hosts })
    }
    if ((await readCode(within, kind, name)).version.version !== read.version) {
      throw new GatehouseError('conflict', `Somebody else saved "${name}" at the same moment; nothing was moved.`)
    }
    const { version } = await updateCode(within, kind, name, { code })
    return { version: version.version, moved }
  })
}

function demandConstant(constants: TextConstant[], name: string, where: string): TextConstant {
  const all = constants.filter((one) => one.name === name)
  const [only] = all
  if (only === undefined || only.value === '' || isReference(only.value)) {
    throw new GatehouseError('badRequest', `"${where}" has no constant "${name}" with a text to move.`)
  }
  if (all.length > 1) {
    throw new GatehouseError('badRequest', `"${where}" gives the name "${name}" to ${all.length} texts.`, {
      hint: 'Leave one of them, then move it.',
    })
  }
  return only
}
