/**
 * Further catalogues: indexes in JSON at an address, which an administrator of the node adds. An index is a list of
 * packages, or `{name, packages: […]}`, each `{name, version?, description?, keywords?, url}` with `url` from the index's
 * own address on; another node's `/packages` is one. Only the list comes from there: a package is fetched, reviewed and
 * judged as from any other address.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../base/clock.ts'
import { audit } from '../domain/access/audit.ts'
import { callerLabel } from '../domain/access/caller.ts'
import type { NodeScope } from '../domain/access/scope.ts'
import { deleteCatalogue, listCatalogues, putCatalogue } from '../store/tables/catalogues.ts'
import type { Catalogue } from './catalogue.ts'
import { isObject } from './format/fields.ts'
import type { PackageMeans } from './import-source.ts'
import { readUrl, withoutSecrets } from './sources/address.ts'
import { ask } from './sources/download.ts'
import { sourceLimits } from './sources/limits.ts'

export type CatalogueListing = {
  url: string
  name: string
  /** The node's own, which is always there. */
  own: boolean
  packages: ListedPackage[]
  /** Why there are none, where the index could not be read just now. */
  problem?: string
}

export type ListedPackage = { name: string; version: string; description: string; keywords: string[]; url: string }

const mostCatalogues = 20
const mostPackages = 2_000
const indexBytes = 2 * 1024 * 1024
const patienceMs = 10 * second

/** The node's own first, then those that were added; each is asked for its packages now. */
export async function readCatalogues(
  scope: NodeScope,
  means: PackageMeans,
  own: Catalogue,
): Promise<CatalogueListing[]> {
  const home = `${scope.publicUrl()}/packages`
  const packages = own.list().map((entry) => listed({ ...entry }, `${home}/${entry.name}`))
  const added = (await listCatalogues(scope.store)).map(async ({ url, name }): Promise<CatalogueListing> => {
    const facts = { url, name, own: false }
    try {
      return { ...facts, packages: (await fetchIndex(means, url)).packages }
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error
      return { ...facts, packages: [], problem: error.detail }
    }
  })
  return [{ url: home, name: 'Gatehouse', own: true, packages }, ...(await Promise.all(added))]
}

/** For administrators. The index is read first. Throws permissionDenied, packageFetch, badPackage, badRequest. */
export async function addCatalogue(scope: NodeScope, means: PackageMeans, address: string): Promise<CatalogueListing> {
  demandAdministrator(scope)
  const url = withoutSecrets(readUrl(address, means.isOwn))
  if (url === `${scope.publicUrl()}/packages`) {
    throw new GatehouseError('badRequest', "This is the node's own catalogue, which is always there.")
  }
  const known = await listCatalogues(scope.store)
  if (known.length >= mostCatalogues && !known.some((one) => one.url === url)) {
    throw new GatehouseError(
      'badRequest',
      `There are ${mostCatalogues} catalogues, which is the most. Remove one first.`,
    )
  }
  const { name, packages } = await fetchIndex(means, url)
  await scope.store.transaction(async (tx) => {
    await putCatalogue(tx, { url, name, addedAt: scope.clock.now(), addedBy: callerLabel(scope.caller) })
    audit(tx, scope, { kind: 'catalogue', action: 'add', subject: url, details: { name } })
  })
  return { url, name, own: false, packages }
}

/** For administrators. Throws permissionDenied, badRequest where it is not there. */
export async function removeCatalogue(scope: NodeScope, url: string): Promise<void> {
  demandAdministrator(scope)
  await scope.store.transaction(async (tx) => {
    if (!(await deleteCatalogue(tx, url))) {
      throw new GatehouseError('badRequest', 'There is no catalogue of this address.', {
        hint: 'Name the address as the list shows it.',
      })
    }
    audit(tx, scope, { kind: 'catalogue', action: 'remove', subject: url })
  })
}

/** What stands in everybody's list is for those who run the node. */
function demandAdministrator({ caller }: NodeScope): void {
  if (caller.kind === 'developer' && caller.admin) return
  throw new GatehouseError('permissionDenied', 'Only administrators of this node change its list of catalogues.')
}

async function fetchIndex(means: PackageMeans, url: string): Promise<{ name: string; packages: ListedPackage[] }> {
  const asking = {
    egress: means.egress,
    limits: { ...sourceLimits, timeMs: patienceMs },
    signal: AbortSignal.timeout(patienceMs),
    context: undefined,
  }
  const answer = await ask(asking, { method: 'GET', url, headers: { accept: 'application/json' } })
  const shown = withoutSecrets(new URL(url))
  if (answer.status !== 200) {
    throw new GatehouseError('packageFetch', `${shown} answered with status ${answer.status}, not with a catalogue.`)
  }
  if (answer.body.length > indexBytes) {
    throw new GatehouseError('badPackage', `The index at ${shown} is larger than ${indexBytes} bytes.`)
  }
  return readIndex(answer.body.toString('utf8'), shown, answer.url)
}

function readIndex(text: string, shown: string, base: string): { name: string; packages: ListedPackage[] } {
  let index: unknown
  try {
    index = JSON.parse(text)
  } catch {
    throw new GatehouseError('badPackage', `What stands at ${shown} is no JSON.`, {
      hint: 'A catalogue is {"name": "…", "packages": [{"name": "…", "url": "…"}]}.',
    })
  }
  const whole = isObject(index) ? index : { packages: index }
  if (!Array.isArray(whole.packages)) {
    throw new GatehouseError('badPackage', `The index at ${shown} has no list of packages.`, {
      hint: 'A catalogue is {"name": "…", "packages": [{"name": "…", "url": "…"}]}.',
    })
  }
  const packages = whole.packages.slice(0, mostPackages).flatMap((one: unknown) => {
    const url = isObject(one) && typeof one.url === 'string' ? URL.parse(one.url, base) : null
    const fits =
      url !== null && ['https:', 'http:'].includes(url.protocol) && url.username === '' && url.password === ''
    return fits && isObject(one) && typeof one.name === 'string' ? [listed(one, url.href)] : []
  })
  const name = textIn(whole, 'name', 100) || new URL(base).host
  return { name, packages }
}

const textIn = (fields: Record<string, unknown>, key: string, length: number): string =>
  typeof fields[key] === 'string' ? (fields[key] as string).slice(0, length) : ''

const listed = (fields: Record<string, unknown>, url: string): ListedPackage => ({
  name: textIn(fields, 'name', 200),
  version: textIn(fields, 'version', 50),
  description: textIn(fields, 'description', 1_000),
  keywords: Array.isArray(fields.keywords) ? fields.keywords.slice(0, 50).map((one) => String(one).slice(0, 50)) : [],
  url,
})
