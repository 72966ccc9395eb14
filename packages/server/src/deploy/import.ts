/**
 * A package into a system, new or existing: all of it or nothing, in one transaction. What takes long (compiling, hashing,
 * checking rows) is done before; inside only the store is waited for. What would happen is `plan.ts`.
 */
import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Column, Row } from '@gatehouse/contract/columns.ts'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { allBits, defaultRoles, resourceKindNames, resourceKinds } from '@gatehouse/contract/permissions.ts'
import { hashPassword } from '../base/secrets.ts'
import { audit } from '../domain/access/audit.ts'
import type { NodeScope, SystemScope } from '../domain/access/scope.ts'
import { type PreparedCode, prepareCode } from '../domain/code/code.ts'
import { checkSystemName, createSystem, noSuchSystem, systemByKey } from '../domain/systems/systems.ts'
import { rowAsKept } from '../store/rows.ts'
import type { SystemStore } from '../store/store.ts'
import { findAccount } from '../store/tables/accounts.ts'
import { lockSystem } from '../store/tables/systems.ts'
import { systemModel } from './export.ts'
import type { PackageModel } from './format/model.ts'
import { type Note, shown } from './format/notes.ts'
import { applyWork } from './import-apply.ts'
import { type InstallRecord, stepBetween, writeDown } from './install-record.ts'
import { type Plan, planImport, type Work } from './plan.ts'
import { chooseAssets, kindAndName } from './plan-choice.ts'

export type ImportProgress = {
  phase: 'preparing' | 'passwords' | 'collections' | 'rows' | 'users' | 'code' | 'keeping'
  done: number
  total: number
}

export type ImportOptions = {
  /** The system to import into; a new one without it. */
  into?: SystemScope
  /** Of the new system; the package's without it. */
  name?: string
  /** `kind/name` or `kind`; everything without it. */
  choose?: readonly string[]
  /** Names of the widenings of standing power that are meant (`Plan.widening`). */
  allow?: readonly string[]
  /** E-mails by service: whom a service may run as although the package does not bring that user; null for its caller. */
  confirmRunAs?: Readonly<Record<string, string | null>>
  /** Say what would happen and change nothing. */
  dryRun?: boolean
  /** What was installed before (`installed.ts`). */
  base?: PackageModel
  /** A role's file says all that the role may, also in a system that is there: what a push of the own files means. */
  exactRoles?: boolean
  /** `kind/name` of what gives way to the package although it was changed here since. */
  overwrite?: readonly string[]
  /** What `base` has and the package has not is taken away, unless it was changed here since. */
  removeGone?: boolean
  /** Written down with the import, as what is installed from then on. */
  record?: InstallRecord
  /** Called at the end, in the transaction of the import; it awaits nothing but the store. */
  atEnd?: (scope: SystemScope) => Promise<void>
  onProgress?: (progress: ImportProgress) => void
}

export type ImportReport = Omit<Plan, 'items'> & {
  dryRun: boolean
  /** Empty texts where a dry run makes no system. The secret is told for a new system alone. */
  system: { key: string; secret: string; name: string; isNew: boolean }
  items: Plan['items']
  /** New passwords of the users that were made. They stand here and nowhere else. */
  passwords: { email: string; password: string }[]
  /** Ids of what was written, by name. */
  ids: { collections: Record<string, string>; roles: Record<string, string>; users: Record<string, string> }
  /** Code that does not compile; it is taken as it is. */
  problems: CodeProblem[]
}

/** `line` counts from 1, `column` from 0. */
export type CodeProblem = { kind: 'service' | 'library'; name: string; line: number; column: number; message: string }

type Prepared = {
  model: PackageModel
  base: PackageModel | undefined
  code: Map<string, PreparedCode>
  /** Why an asset cannot be taken, by kind and name. */
  problems: Map<string, string>
  codeProblems: CodeProblem[]
  notes: Note[]
}

/**
 * For developers. Throws conflict (what is in the way, or standing power that nobody allowed by name), badSystemName,
 * badRequest for a choice that names nothing, and what the database refuses; then nothing has changed.
 */
export async function importPackage(
  scope: NodeScope,
  whole: PackageModel,
  options: ImportOptions = {},
): Promise<ImportReport> {
  if (scope.caller.kind !== 'developer') throw new GatehouseError('notSignedIn', 'Only developers install packages.')
  const model = chooseAssets(whole, options.choose)
  const prepared = await prepare(scope.store.forSystem(options.into?.system.key ?? ''), model, options)
  const { into } = options
  const name = into?.system.name ?? newName(options.name ?? whole.system?.name ?? '')
  const planned = await planFor(into, prepared, options)
  if (options.dryRun === true) {
    const system = { key: into?.system.key ?? '', secret: '', name, isNew: into === undefined }
    return reportOf(planned.work.plan, prepared, { dryRun: true, system, passwords: [], ids: noIds() })
  }
  demandFree(planned.work.plan, options)
  const passwords = await makePasswords(scope, planned.work, options)
  const done = await scope.store.transaction(async (tx) => {
    const within = await enter({ ...scope, store: tx }, into, { name, description: whole.system?.description ?? '' })
    const { work, held } = await planFor(within, prepared, { ...options, fresh: into === undefined })
    demandFree(work.plan, options)
    const ids = await applyWork(within, work, {
      code: prepared.code,
      passwordHashes: new Map([...passwords].map(([email, { hash }]) => [email, hash])),
      systemExtra: into === undefined ? whole.system?.extra : undefined,
      userTableExtra: model.userTable,
      onProgress: options.onProgress ?? (() => {}),
    })
    if (options.record !== undefined) {
      await writeDown(within, options.record, into === undefined ? undefined : await stepBetween(within, held, work))
    }
    await options.atEnd?.(within)
    noteImport(within, work.plan, whole, options)
    return { plan: work.plan, ids, system: within.system }
  })
  const secret = into === undefined ? done.system.secret : ''
  return reportOf(done.plan, prepared, {
    dryRun: false,
    system: { key: done.system.key, secret, name: done.system.name, isNew: into === undefined },
    passwords: [...passwords].map(([email, { password }]) => ({ email, password })),
    ids: done.ids,
  })
}

/** One row for the whole; each role, user and service that came with it has a row of its own. */
function noteImport(scope: SystemScope, { items }: Plan, model: PackageModel, options: ImportOptions): void {
  const { record, base, exactRoles, removeGone, allow = [], overwrite = [] } = options
  const action =
    record !== undefined
      ? base === undefined
        ? 'install'
        : 'upgrade'
      : exactRoles
        ? 'push'
        : removeGone
          ? 'undo'
          : 'import'
  const counts: Record<string, number> = Object.create(null)
  for (const { action: done } of items) counts[done] = (counts[done] ?? 0) + 1
  audit(scope.data, scope, {
    ...{ kind: 'import', action, subject: record?.name ?? model.system?.name ?? '' },
    details: {
      ...(record !== undefined && { content_hash: record.contentHash }),
      assets: counts,
      ...(allow.length > 0 && { allowed: allow }),
      ...(overwrite.length > 0 && { overwritten: overwrite }),
      ...(options.confirmRunAs !== undefined && { confirmed_run_as: options.confirmRunAs }),
    },
  })
}

/** Throws badSystemName, also where nothing is made yet. */
function newName(wanted: string): string {
  if (wanted.trim() !== '') return checkSystemName(wanted)
  throw new GatehouseError('badSystemName', 'The package does not say what the system is called.', {
    hint: 'Give the new system a name (--name NAME).',
  })
}

const noIds = (): ImportReport['ids'] => ({ collections: {}, roles: {}, users: {} })

function reportOf(
  plan: Plan,
  { notes, codeProblems }: Prepared,
  rest: Pick<ImportReport, 'dryRun' | 'system' | 'passwords' | 'ids'>,
) {
  return { ...rest, ...plan, notes: [...notes, ...plan.notes], problems: codeProblems }
}

/** The system inside the transaction: made there, or held so that no other import or setting comes between. */
async function enter(
  scope: NodeScope,
  into: SystemScope | undefined,
  facts: { name: string; description: string },
): Promise<SystemScope> {
  const key = into?.system.key ?? (await createSystem(scope, facts)).key
  const data = scope.store.forSystem(key)
  if (into !== undefined && (await lockSystem(data)) === undefined) throw noSuchSystem()
  const system = await systemByKey(scope, key)
  if (system === undefined) throw noSuchSystem()
  return { ...scope, system, data }
}

async function planFor(
  target: SystemScope | undefined,
  { model, base, problems }: Prepared,
  options: ImportOptions & { fresh?: boolean },
): Promise<{ work: Work; held: PackageModel }> {
  const { confirmRunAs = {}, overwrite } = options
  const newSystem = target === undefined || options.fresh === true
  const emails = [...new Set([...model.users, ...(base?.users ?? [])].map(({ email }) => email))]
  const presentUsers = new Set<string>()
  if (target !== undefined) {
    for (const email of [...emails, ...Object.values(confirmRunAs)]) {
      if (email !== null && (await findAccount(target.data, { email })) !== undefined)
        presentUsers.add(email.toLowerCase())
    }
  }
  const rows = rowIdsOf(model, base)
  const held =
    target === undefined ? freshSystem() : await systemModel(target, { rows: (name) => rows.get(name) ?? [], emails })
  const within = target === undefined ? model : withColumnsOf(held, model, target.data, problems)
  const work = planImport(within, held, {
    newSystem,
    exactRoles: options.exactRoles ?? false,
    authServices: target === undefined ? [] : [target.system.settings.auth_service, target.system.settings.reg_service],
    confirmRunAs,
    presentUsers,
    problems,
    ...(base !== undefined && { base }),
    ...(overwrite !== undefined && { overwrite }),
    removeGone: options.removeGone ?? false,
  })
  return { work, held }
}

/** A part of a system may have users without their table: what the file calls like a column of the target is its value. */
function withColumnsOf(
  { userTable }: PackageModel,
  model: PackageModel,
  store: SystemStore,
  problems: Map<string, string>,
): PackageModel {
  const own = new Set(model.userTable.columns.map(({ name }) => name))
  const columns = userTable.columns.filter(({ name }) => !own.has(name))
  const names = new Set(columns.map(({ name }) => name))
  const users = model.users.map((user) => {
    const found = Object.entries(user.extra).filter(([name]) => names.has(name))
    if (found.length === 0) return user
    const extra = Object.fromEntries(Object.entries(user.extra).filter(([name]) => !names.has(name)))
    try {
      const values = rowAsKept(store, columns, Object.fromEntries(found) as Row)
      return { ...user, extra, columns: { ...user.columns, ...values } }
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error
      problems.set(kindAndName('user', user.email), error.detail)
      return { ...user, extra }
    }
  })
  return { ...model, users }
}

/** Of a large collection only the rows that the package has are looked at. */
function rowIdsOf(...models: (PackageModel | undefined)[]): Map<string, string[]> {
  const ids = new Map<string, Set<string>>()
  for (const { name, rows } of models.flatMap((model) => model?.collections ?? [])) {
    const known = ids.get(name) ?? new Set()
    for (const { item_id: id } of rows) if (typeof id === 'string') known.add(id)
    ids.set(name, known)
  }
  return new Map([...ids].map(([name, known]) => [name, [...known]]))
}

/** What `createSystem` makes, for a plan that makes nothing; a test holds the two together. */
export function freshSystem(): PackageModel {
  const whole = resourceKindNames.filter((kind) => !resourceKinds[kind].items)
  return {
    system: undefined,
    services: [],
    libraries: [],
    collections: [],
    roles: defaultRoles.map((name) => ({
      name,
      description: `Default role ${name}`,
      rights: name === 'Administrator' ? whole.map((kind) => ({ kind, item: '', level: allBits })) : [],
      limited: [],
      otherRights: {},
      extra: {},
    })),
    grants: [],
    userTable: { columns: [], extra: {} },
    users: [],
    kept: [],
  }
}

const mostTold = 10

/** Throws conflict for what is in the way, and for power that would grow without having been allowed by name. */
function demandFree(plan: Plan, { allow = [] }: ImportOptions): void {
  const conflicts = plan.items.filter(({ action }) => action === 'conflict')
  if (conflicts.length > 0) {
    const told = conflicts.slice(0, mostTold).map(({ kind, name, reason }) => `${kind} ${shown(name)}: ${reason}`)
    const more = conflicts.length > mostTold ? ` And ${conflicts.length - mostTold} more.` : ''
    throw new GatehouseError('conflict', `The package does not fit this system. ${told.join(' ')}${more}`, {
      hint: 'Nothing was changed. Leave these assets out, or change them here first.',
    })
  }
  const allowed = new Set(allow)
  const open = plan.widening.filter(({ name }) => !allowed.has(name))
  if (open.length === 0) return
  const told = open.slice(0, mostTold).map(({ name, message }) => `${message} (${name})`)
  const more = open.length > mostTold ? ` And ${open.length - mostTold} more.` : ''
  throw new GatehouseError(
    'conflict',
    `The package would widen power that stands in this system. ${told.join(' ')}${more}`,
    {
      hint: 'Nothing was changed. Allow each of them by its name if it is meant.',
    },
  )
}

async function prepare(store: SystemStore, model: PackageModel, options: ImportOptions): Promise<Prepared> {
  const code = new Map<string, PreparedCode>()
  const problems = new Map<string, string>()
  const codeProblems: CodeProblem[] = []
  const notes: Note[] = []
  const units = [
    ...model.libraries.map((one) => ({ kind: 'library' as const, one, settings: {} })),
    ...model.services.map((one) => ({
      kind: 'service' as const,
      one,
      settings: { ...one.settings, params: one.params },
    })),
  ]
  const total = units.length + model.collections.length
  let done = 0
  const step = async (): Promise<void> => {
    done += 1
    options.onProgress?.({ phase: 'preparing', done, total })
    // One large bundle after the other must not hold up everybody else on the node.
    await setImmediate()
  }
  const attempt = <T>(kind: string, name: string, work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error
      problems.set(kindAndName(kind, name), error.detail)
      return undefined
    }
  }
  for (const { kind, one, settings } of units) {
    const { name, dependencies, sourceMap, extra } = one
    const texts = kind === 'library' ? pickTexts(one) : {}
    const body = {
      ...settings,
      ...texts,
      code: one.code,
      dependencies,
      source_map: sourceMap ?? '',
      engine_type: extra.engine_type,
    }
    const prepared = attempt(kind, name, () => prepareCode(kind, name, body))
    if (prepared !== undefined) code.set(kindAndName(kind, name), prepared)
    const problem = prepared?.compiled.problem
    if (problem !== undefined && problem !== null) {
      const message = `The ${kind} ${shown(name)} does not compile (line ${problem.line}: ${problem.message}); it is taken as it is.`
      notes.push({ level: 'warning', kind: 'code', asset: { kind, name }, message })
      codeProblems.push({ kind, name, line: problem.line, column: problem.column, message: problem.message })
    }
    await step()
  }
  const collections: PackageModel['collections'] = []
  for (const collection of model.collections) {
    const rows = attempt('collection', collection.name, () => keptRows(store, columnsOf(collection), collection.rows))
    collections.push({ ...collection, rows: rows ?? [] })
    await step()
  }
  const userColumns = model.userTable.columns
  const users = model.users.map((user) => {
    const columns = attempt('user', user.email, () => ({
      ...user.columns,
      ...rowAsKept(store, userColumns, user.columns),
    }))
    return { ...user, columns: columns ?? {} }
  })
  const base = options.base && {
    ...options.base,
    collections: options.base.collections.map((one) => ({ ...one, rows: keptRows(store, columnsOf(one), one.rows) })),
  }
  return { model: { ...model, collections, users }, base, code, problems, codeProblems, notes }
}

const pickTexts = (one: object): Record<string, unknown> => {
  const { description, api, visibility } = one as Record<string, unknown>
  return { description, api, visibility }
}

const columnsOf = ({ columns }: PackageModel['collections'][number]): Column[] => [
  { name: 'item_id', type: 'uuid' },
  ...columns.map(({ name, type }) => ({ name, type })),
]

/** Rows as reading gives them after writing. Throws badValue naming the row; and where two have one id. */
function keptRows(store: SystemStore, columns: readonly Column[], rows: readonly Row[]): Row[] {
  const ids = new Map<unknown, number>()
  return rows.map((row, index) => {
    try {
      const kept = rowAsKept(store, columns, row)
      const { item_id: id } = kept
      if (id !== undefined && id !== null) {
        const before = ids.get(id)
        if (before !== undefined) {
          throw new GatehouseError('badValue', `it has the item_id of row ${before + 1}.`)
        }
        ids.set(id, index)
      }
      return kept
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error
      throw new GatehouseError('badValue', `Row ${index + 1}: ${error.detail}`, { cause: error })
    }
  })
}

type Passwords = Map<string, { password: string; hash: string }>

async function makePasswords(scope: NodeScope, { users }: Work, { onProgress }: ImportOptions): Promise<Passwords> {
  const fresh = users.filter(({ isNew }) => isNew)
  const made: Passwords = new Map()
  for (const { asset } of fresh) {
    const password = randomBytes(18).toString('base64url')
    made.set(asset.email, { password, hash: await scope.gate.hash((cost) => hashPassword(password, cost)) })
    onProgress?.({ phase: 'passwords', done: made.size, total: fresh.length })
  }
  return made
}
