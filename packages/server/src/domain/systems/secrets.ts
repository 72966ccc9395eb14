/**
 * Secrets of a system: keys and passwords of other services, sealed under the node key. A developer writes one and never
 * reads it back; code names it as `secret:NAME`, and only the node puts the value in, on its way to a host that the secret
 * names or to a provider of messages. Where that happens is `engine/host/secret-headers.ts` and `domain/sending`.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import {
  countSecrets,
  deleteSecrets,
  findSecret,
  insertSecret,
  listSecrets,
  type SecretRecord,
  updateSecret,
} from '../../store/tables/secrets.ts'
import { audit } from '../access/audit.ts'
import { callerLabel } from '../access/caller.ts'
import type { SystemScope } from '../access/scope.ts'

/** What stands in the place of a value where the contract wants one. Writing it back would lose the secret. */
export const shownForSecret = '[not shown]'

/** Letters, digits, `_` and `-`: so that a name ends where it ends, within a header. */
export const secretName = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/

const longestValue = 8 * 1024
const mostSecrets = 200
const mostHosts = 20

export type SecretFacts = { name: string; hosts: string[]; updatedAt: number; updatedBy: string }

/** Names, hosts and who wrote them last; never a value. */
export async function secretsOf(scope: SystemScope): Promise<SecretFacts[]> {
  demandDeveloper(scope)
  return listSecrets(scope.data)
}

/** @throws GatehouseError `badSecret`, `secretExists` */
export async function createSecret(scope: SystemScope, input: Record<string, unknown>): Promise<SecretFacts> {
  demandDeveloper(scope)
  const record = sealed(scope, readName(input.name), readValue(input.value), readHosts(input.hosts) ?? [])
  await demandPlace(scope)
  await scope.data.transaction(async (tx) => {
    if (!(await insertSecret(tx, record))) {
      throw new GatehouseError('secretExists', `There is a secret "${record.name}" already.`, {
        hint: 'Change it with PUT, or choose another name.',
      })
    }
    noted(tx, scope, 'create', record.name, { hosts: record.hosts })
  })
  return factsOf(record)
}

/**
 * A new value; the hosts stay where none are given. The value must come along whenever hosts change: who may write a secret
 * must not learn it by sending it somewhere else.
 * @throws GatehouseError `badSecret`, `noSuchSecret`
 */
export async function changeSecret(scope: SystemScope, input: Record<string, unknown>): Promise<SecretFacts> {
  demandDeveloper(scope)
  const name = readName(input.name)
  const value = readValue(input.value)
  const hosts = readHosts(input.hosts)
  return scope.data.transaction(async (tx) => {
    const before = await findSecret(tx, name)
    if (before === undefined) throw noSuchSecret(name)
    const record = sealed(scope, name, value, hosts ?? before.hosts)
    await updateSecret(tx, record)
    noted(tx, scope, 'change', name, { hosts: record.hosts })
    return factsOf(record)
  })
}

/** Makes it where it is not there; the contract's own call knows no difference. */
export async function putSecret(scope: SystemScope, name: string, value: unknown): Promise<void> {
  demandDeveloper(scope)
  const known = await findSecret(scope.data, readName(name))
  if (known === undefined) await createSecret(scope, { name, value })
  else await changeSecret(scope, { name, value })
}

/** @throws GatehouseError `noSuchSecret` */
export async function demandSecret(scope: SystemScope, name: string): Promise<void> {
  demandDeveloper(scope)
  if ((await findSecret(scope.data, name)) === undefined) throw noSuchSecret(name)
}

/** @throws GatehouseError `noSuchSecret` */
export async function removeSecret(scope: SystemScope, name: string): Promise<void> {
  demandDeveloper(scope)
  await scope.data.transaction(async (tx) => {
    if ((await deleteSecrets(tx, name)) === 0) throw noSuchSecret(name)
    noted(tx, scope, 'delete', name)
  })
}

export async function removeAllSecrets(scope: SystemScope): Promise<void> {
  demandDeveloper(scope)
  await scope.data.transaction(async (tx) => {
    const names = (await listSecrets(tx)).map(({ name }) => name)
    await deleteSecrets(tx)
    noted(tx, scope, 'delete all', '', { names })
  })
}

/** By name; the value is nowhere but in its row. */
const noted = (
  tx: SystemScope['data'],
  scope: SystemScope,
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
): void => audit(tx, scope, { kind: 'secret', action, subject, details })

/**
 * The value itself, for the node alone: what calls this must not hand it to code or to a caller.
 * @throws GatehouseError `noSuchSecret`
 */
export async function openSecret(scope: SystemScope, name: string): Promise<{ value: string; hosts: string[] }> {
  const record = await findSecret(scope.data, name)
  if (record === undefined) throw noSuchSecret(name)
  const { hosts } = record
  return { value: scope.key.unseal('secrets', placeOf(scope, name, hosts), record.sealed), hosts }
}

/** The hosts are part of it: a row whose hosts were changed in the database does not open. */
const placeOf = (scope: SystemScope, name: string, hosts: string[]): string[] =>
  secretPlace(scope.system.key, name, hosts)

export const secretPlace = (systemKey: string, name: string, hosts: readonly string[]): string[] => [
  'secret',
  systemKey,
  name,
  ...hosts,
]

function sealed(scope: SystemScope, name: string, value: string, hosts: string[]): SecretRecord {
  return {
    name,
    sealed: scope.key.seal('secrets', placeOf(scope, name, hosts), value),
    hosts,
    updatedAt: scope.clock.now(),
    updatedBy: callerLabel(scope.caller),
  }
}

const factsOf = ({ sealed: _, ...facts }: SecretRecord): SecretFacts => facts

/** Not a user, whatever his roles: secrets are the developer's. */
function demandDeveloper(scope: SystemScope): void {
  if (scope.caller.kind !== 'developer') {
    throw new GatehouseError('permissionDenied', 'Secrets of a system are for its developers.')
  }
}

async function demandPlace(scope: SystemScope): Promise<void> {
  if ((await countSecrets(scope.data)) < mostSecrets) return
  throw bad(`A system has at most ${mostSecrets} secrets.`)
}

function readName(name: unknown): string {
  if (typeof name === 'string' && secretName.test(name)) return name
  throw bad('The name of a secret has 1 to 64 letters, digits, "_" or "-", and does not begin with "-".')
}

function readValue(value: unknown): string {
  if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > longestValue) {
    throw bad(`The value of a secret is a text of 1 to ${longestValue} bytes.`)
  }
  if (value === shownForSecret) {
    throw bad(`"${shownForSecret}" is what is shown in the place of a secret; the secret itself is needed.`)
  }
  // It goes into headers: a line break there would begin another one.
  if (/[\0\r\n]/.test(value)) throw bad('The value of a secret holds no line break and no NUL.')
  return value
}

/** As a URL spells them: lower case, with a port only where it is not that of https. */
function readHosts(hosts: unknown): string[] | undefined {
  if (hosts === undefined) return undefined
  if (!Array.isArray(hosts) || hosts.length > mostHosts) {
    throw bad(`hosts is a list of at most ${mostHosts} host names, as ["api.twilio.com"].`)
  }
  return [...new Set(hosts.map(readHost))]
}

function readHost(host: unknown): string {
  const url = typeof host === 'string' && /^[^\s/?#@\\*]+$/.test(host) ? URL.parse(`https://${host}/`) : null
  if (url === null || url.host !== String(host).toLowerCase() || url.hostname.endsWith('.')) {
    throw bad('Each of hosts is one host name, as api.twilio.com or api.example.com:8443, without a pattern.')
  }
  return url.host
}

const bad = (detail: string): GatehouseError => new GatehouseError('badSecret', detail)

const noSuchSecret = (name: string): GatehouseError =>
  // Whatever was taken for a name is shown only where it looks like one.
  new GatehouseError('noSuchSecret', `There is no secret ${secretName.test(name) ? `"${name}"` : 'of that name'}.`, {
    hint: 'A developer of the system makes it.',
  })
