/**
 * Services and libraries of a system with their versions: saving (which compiles), reading, making an older version
 * current again, deleting. Running them is the engine's business.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits, executeBit } from '@gatehouse/contract/permissions.ts'
import { compileScript } from '../../sandbox/compile.ts'
import { findAccount } from '../../store/tables/accounts.ts'
import {
  type CodeKind,
  type CodeUnitRecord,
  type CodeVersionRecord,
  deleteUnit,
  findUnit,
  findVersion,
  insertUnit,
  insertVersion,
  listUnits,
  listVersions,
  updateUnit,
} from '../../store/tables/code.ts'
import { deleteGrantsOn } from '../../store/tables/roles.ts'
import { audit } from '../access/audit.ts'
import { callerLabel } from '../access/caller.ts'
import { demand } from '../access/rights.ts'
import type { SystemScope } from '../access/scope.ts'
import { type CodeSettings, readCodeSettings, storedSettings } from './settings.ts'

export type CodeUnit = { unit: CodeUnitRecord; version: CodeVersionRecord; settings: CodeSettings }

const longestSource = 4_000_000

const missing = (kind: CodeKind, name: string): GatehouseError =>
  kind === 'service'
    ? new GatehouseError('noSuchService', `There is no service "${name}" in this system.`)
    : new GatehouseError('noSuchLibrary', `There is no library "${name}" in this system.`)

/** The unit as it runs now, or undefined. Asks for no right: the engine and the doors do. */
export async function currentCode(scope: SystemScope, kind: CodeKind, name: string): Promise<CodeUnit | undefined> {
  const unit = await findUnit(scope.data, kind, name)
  if (unit === undefined) return undefined
  const version = await findVersion(scope.data, kind, name, unit.currentVersion)
  return version && { unit, version, settings: storedSettings(unit.settings) }
}

/** For people who may read code: developers, and users with update on the service or on all. Throws noSuch… */
export async function readCode(scope: SystemScope, kind: CodeKind, name: string, version?: number): Promise<CodeUnit> {
  await demandCode(scope, kind, name, bits.update, 'read the code of')
  const current = await currentCode(scope, kind, name)
  if (current === undefined) throw missing(kind, name)
  if (version === undefined) return current
  const old = await findVersion(scope.data, kind, name, version)
  if (old === undefined)
    throw new GatehouseError(
      kind === 'service' ? 'noSuchService' : 'noSuchLibrary',
      `There is no version ${version} of "${name}".`,
    )
  return { ...current, version: old }
}

export async function listCode(scope: SystemScope, kind: CodeKind): Promise<CodeUnitRecord[]> {
  await demand(scope, { kind: 'allservices', level: bits.read }, 'list services and libraries')
  return listUnits(scope.data, kind)
}

/** All versions, newest first, and the number of the one that runs. Throws noSuch… */
export async function versionsOf(
  scope: SystemScope,
  kind: CodeKind,
  name: string,
): Promise<{ current: number; versions: { version: number; createdAt: number; createdBy: string }[] }> {
  await demandCode(scope, kind, name, bits.update, 'read the versions of')
  const unit = await findUnit(scope.data, kind, name)
  if (unit === undefined) throw missing(kind, name)
  return { current: unit.currentVersion, versions: await listVersions(scope.data, kind, name) }
}

export async function createCode(
  scope: SystemScope,
  kind: CodeKind,
  name: string,
  body: Record<string, unknown>,
): Promise<CodeUnit> {
  await demandCode(scope, kind, '', bits.create, 'create')
  checkName(kind, name)
  const settings = await checkedSettings(scope, body)
  const compiled = compile(name, readSource(body.code) ?? '', readDialect(body.engine_type) ?? 'classic')
  const now = scope.clock.now()
  const unit: CodeUnitRecord = {
    kind,
    name,
    currentVersion: 1,
    latestVersion: 1,
    settings,
    createdAt: now,
    updatedAt: now,
  }
  const version: CodeVersionRecord = {
    kind,
    name,
    version: 1,
    ...compiled,
    dependencies: readDependencies(body.dependencies) ?? [],
    createdAt: now,
    createdBy: callerLabel(scope.caller),
  }
  await scope.data.transaction(async (tx) => {
    if ((await findUnit(tx, kind, name)) !== undefined) {
      throw kind === 'service'
        ? new GatehouseError('serviceExists', `There is a service "${name}" in this system already.`)
        : new GatehouseError('libraryExists', `There is a library "${name}" in this system already.`)
    }
    await insertUnit(tx, unit)
    await insertVersion(tx, version)
    noteSave(tx, scope, { ...unitBefore(kind, name), action: 'create' }, { unit, version })
  })
  return { unit, version, settings: storedSettings(settings) }
}

/** Code made ready outside of a transaction, since compiling a large bundle takes long. */
export type PreparedCode = {
  kind: CodeKind
  name: string
  settings: Partial<CodeSettings>
  compiled: ReturnType<typeof compile>
  dependencies: string[]
}

/**
 * Checks and compiles a service or library that comes as a whole, as from a package. Whom it runs as is not read here.
 * Throws badServiceName, badSetting, codeInvalid.
 */
export function prepareCode(kind: CodeKind, name: string, body: Record<string, unknown>): PreparedCode {
  checkName(kind, name)
  const { run_user: _, ...settings } = readCodeSettings(body)
  const compiled = compile(name, readSource(body.code) ?? '', readDialect(body.engine_type) ?? 'classic')
  return { kind, name, settings, compiled, dependencies: readDependencies(body.dependencies) ?? [] }
}

/**
 * Makes the service or library, or brings the one of that name to this state; new code or requirements make a new version.
 * `runAs` is the id of a user of the system, '' for the caller; without it an existing service runs as it did. For
 * developers, inside their transaction.
 */
export async function putCode(scope: SystemScope, prepared: PreparedCode, runAs?: string): Promise<void> {
  const { kind, name, compiled, dependencies } = prepared
  await demandCode(scope, kind, name, bits.create | bits.update, 'change')
  const now = scope.clock.now()
  const changes = { ...prepared.settings, ...(runAs !== undefined && { run_user: runAs }) }
  const createdBy = callerLabel(scope.caller)
  await scope.data.transaction(async (tx) => {
    const unit = await findUnit(tx, kind, name)
    if (unit === undefined) {
      const numbers = { currentVersion: 1, latestVersion: 1 }
      await insertUnit(tx, { kind, name, ...numbers, settings: changes, createdAt: now, updatedAt: now })
      const version = { kind, name, version: 1, ...compiled, dependencies, createdAt: now, createdBy }
      await insertVersion(tx, version)
      const made = { ...unitBefore(kind, name).unit, ...numbers, settings: changes }
      noteSave(tx, scope, { ...unitBefore(kind, name), action: 'create' }, { unit: made, version })
      return
    }
    const before = await findVersion(tx, kind, name, unit.currentVersion)
    const same =
      before?.source === compiled.source &&
      before.dialect === compiled.dialect &&
      before.dependencies.join() === dependencies.join()
    const version = unit.latestVersion + 1
    if (!same) await insertVersion(tx, { kind, name, version, ...compiled, dependencies, createdAt: now, createdBy })
    await updateUnit(tx, unit, {
      settings: { ...unit.settings, ...changes },
      updatedAt: now,
      ...(!same && { currentVersion: version, latestVersion: version }),
    })
    const settings = { ...unit.settings, ...changes }
    const current = same ? unit.currentVersion : version
    noteSave(
      tx,
      scope,
      { unit, dependencies: before?.dependencies ?? [], action: 'save' },
      { unit: { ...unit, settings, currentVersion: current }, version: { dependencies } },
    )
  })
}

/**
 * Any subset of the fields. New code, requirements or engine make a new version; settings change in place. With
 * `base_version`, the version that the change was made to, nothing is changed where another one is current: throws conflict.
 */
export async function updateCode(
  scope: SystemScope,
  kind: CodeKind,
  name: string,
  body: Record<string, unknown>,
): Promise<CodeUnit> {
  await demandCode(scope, kind, name, bits.update, 'change')
  if (typeof body.name === 'string' && body.name !== name) {
    throw new GatehouseError('badServiceName', `"${name}" keeps its name: a ${kind} cannot be renamed.`, {
      hint: 'Make a new one and delete the old.',
    })
  }
  const changes = await checkedSettings(scope, body)
  const source = readSource(body.code)
  const dependencies = readDependencies(body.dependencies)
  const dialect = readDialect(body.engine_type)
  const base = readBase(body.base_version)
  const now = scope.clock.now()
  // Compiled before the transaction: parsing a large bundle takes long.
  const before = await currentCode(scope, kind, name)
  if (before === undefined) throw missing(kind, name)
  demandOwnRights(scope, before)
  if (base !== undefined && base !== before.unit.currentVersion) throw notTheirs(before.unit, base)
  const newDialect = dialect ?? before.version.dialect
  const newSource = source ?? before.version.source
  const codeChanged = newSource !== before.version.source || newDialect !== before.version.dialect
  const requiresChanged = dependencies !== undefined && dependencies.join() !== before.version.dependencies.join()
  const compiled = codeChanged ? compile(name, newSource, newDialect) : undefined
  return scope.data.transaction(async (tx) => {
    const unit = await findUnit(tx, kind, name)
    if (unit === undefined) throw missing(kind, name)
    if (unit.currentVersion !== before.unit.currentVersion) {
      throw new GatehouseError('conflict', `Somebody else saved "${name}" at the same moment.`, {
        hint: 'Read it again, then save.',
      })
    }
    const settings = { ...unit.settings, ...changes }
    let version = before.version
    if (codeChanged || requiresChanged) {
      version = {
        ...before.version,
        ...compiled,
        version: unit.latestVersion + 1,
        dependencies: dependencies ?? before.version.dependencies,
        createdAt: now,
        createdBy: callerLabel(scope.caller),
      }
      await insertVersion(tx, version)
    }
    const numbers =
      version === before.version ? {} : { currentVersion: version.version, latestVersion: version.version }
    await updateUnit(tx, unit, { settings, updatedAt: now, ...numbers })
    const { dependencies: required } = before.version
    noteSave(
      tx,
      scope,
      { unit, dependencies: required, action: 'save' },
      { unit: { ...unit, ...numbers, settings }, version },
    )
    return { unit: { ...unit, settings, updatedAt: now, ...numbers }, version, settings: storedSettings(settings) }
  })
}

/** Makes an older version the one that runs. Its number stays; the next save gets a number above all. */
export async function makeCurrent(scope: SystemScope, kind: CodeKind, name: string, version: number): Promise<void> {
  await demandCode(scope, kind, name, bits.update, 'change')
  const before = await currentCode(scope, kind, name)
  if (before !== undefined) demandOwnRights(scope, before)
  await scope.data.transaction(async (tx) => {
    const unit = await findUnit(tx, kind, name)
    if (unit === undefined || (await findVersion(tx, kind, name, version)) === undefined) {
      throw new GatehouseError(
        kind === 'service' ? 'noSuchService' : 'noSuchLibrary',
        `There is no version ${version} of "${name}".`,
      )
    }
    await updateUnit(tx, unit, { currentVersion: version, updatedAt: scope.clock.now() })
    const details = { version: { from: unit.currentVersion, to: version } }
    audit(tx, scope, { kind: kindOf(scope, kind, name), action: 'make current', subject: name, details })
  })
}

export async function removeCode(scope: SystemScope, kind: CodeKind, name: string): Promise<void> {
  await demandCode(scope, kind, name, bits.delete, 'delete')
  await scope.data.transaction(async (tx) => {
    if (!(await deleteUnit(tx, { kind, name }))) throw missing(kind, name)
    if (kind === 'service') await deleteGrantsOn(tx, 'services', name)
    audit(tx, scope, { kind: kindOf(scope, kind, name), action: 'delete', subject: name })
  })
}

const kindOf = ({ system }: SystemScope, kind: CodeKind, name: string) =>
  kind === 'service' && system.settings.auth_service === name ? 'auth-service' : kind

const unitBefore = (kind: CodeKind, name: string) => ({
  unit: { kind, name, currentVersion: 0, settings: {} as Record<string, unknown> },
  dependencies: [] as string[],
})

type Saved = { kind: CodeKind; name: string; currentVersion: number; settings: Record<string, unknown> }

/** One row for the save, and one each where it runs as somebody else, or requires something else, from now on. */
function noteSave(
  tx: SystemScope['data'],
  scope: SystemScope,
  before: { unit: Saved; dependencies: readonly string[]; action: string },
  after: { unit: Saved; version: { dependencies: readonly string[] } },
): void {
  const { kind, name, settings } = after.unit
  const [was, is] = [storedSettings(before.unit.settings), storedSettings(settings)]
  const changed = Object.keys(is).filter(
    (key) => JSON.stringify(was[key as never]) !== JSON.stringify(is[key as never]),
  )
  audit(tx, scope, {
    ...{ kind: kindOf(scope, kind, name), action: before.action, subject: name },
    details: {
      version: { from: before.unit.currentVersion, to: after.unit.currentVersion },
      ...(before.action === 'save' && changed.length > 0 && { settings: changed }),
    },
  })
  if (was.run_user !== is.run_user) {
    const details = { from: was.run_user, to: is.run_user }
    audit(tx, scope, { kind: 'run-as', action: 'change', subject: name, details })
  }
  const required = after.version.dependencies
  if (before.dependencies.join() !== required.join()) {
    const details = { of: kind, from: before.dependencies, to: required }
    audit(tx, scope, { kind: 'requires', action: 'change', subject: name, details })
  }
}

/** Whether the caller may run this service: permission level 1 on it, by any of his roles. */
export const demandExecute = (scope: SystemScope, name: string): Promise<void> =>
  demand(scope, { kind: 'services', item: name, level: executeBit }, `execute the service "${name}"`)

/** Code that runs as another user does with his rights whatever it says, so only a developer may say it. */
function demandOwnRights({ caller }: SystemScope, { unit, settings }: CodeUnit): void {
  const { run_user: runUser } = settings
  if (caller.kind === 'developer' || runUser === '' || (caller.kind === 'user' && caller.userId === runUser)) return
  throw new GatehouseError(
    'permissionDenied',
    `You may not change the ${unit.kind} "${unit.name}": it runs as another user, so only a developer may.`,
  )
}

function demandCode(scope: SystemScope, kind: CodeKind, name: string, level: number, what: string): Promise<void> {
  const sentence = `${what} ${name === '' ? (kind === 'service' ? 'services' : 'libraries') : `the ${kind} "${name}"`}`
  return kind === 'service' && name !== ''
    ? demand(scope, { kind: 'services', item: name, level }, sentence)
    : demand(scope, { kind: 'allservices', level }, sentence)
}

function checkName(kind: CodeKind, name: string): void {
  // A service's name is its entry function, so it must be an identifier (code-engine.md §1.4); libraries are freer.
  const pattern = kind === 'service' ? /^[\p{L}_$][\p{L}\p{N}_$]{0,127}$/u : /^[\p{L}_$][\p{L}\p{N}_$ .-]{0,127}$/u
  if (!pattern.test(name)) {
    throw new GatehouseError(
      'badServiceName',
      `"${name}" cannot name a ${kind}: use letters, digits and _, with a letter first.`,
    )
  }
}

function compile(name: string, source: string, dialect: 'classic' | 'modern') {
  const result = compileScript(source, { name, dialect })
  return 'code' in result
    ? { source, dialect, compiled: result.code, problem: null }
    : { source, dialect, compiled: null, problem: result.problem }
}

function readSource(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new GatehouseError('codeInvalid', 'code must be a text.')
  if (value.length > longestSource) {
    throw new GatehouseError('codeInvalid', `The code has ${value.length} characters; ${longestSource} is the most.`)
  }
  if (value.includes('\0')) throw new GatehouseError('codeInvalid', 'The code holds a NUL character.')
  return value
}

function readBase(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (Number.isInteger(value) && (value as number) >= 1) return value as number
  throw new GatehouseError('badSetting', 'base_version must be the number of a version.')
}

const notTheirs = ({ kind, name, currentVersion }: CodeUnitRecord, base: number): GatehouseError =>
  new GatehouseError(
    'conflict',
    `Nothing was saved: version ${currentVersion} of the ${kind} "${name}" is current, and your change was made to version ${base}.`,
    { hint: 'Look at what is current, then save again on top of it.' },
  )

/** 0 is the classic engine, 1 the modern one; exported systems know 0 alone. */
function readDialect(value: unknown): 'classic' | 'modern' | undefined {
  if (value === undefined || value === null) return undefined
  if (value === 0 || value === '0' || value === 'classic') return 'classic'
  if (value === 1 || value === '1' || value === 'modern') return 'modern'
  throw new GatehouseError('badSetting', 'engine_type must be 0 (classic) or 1 (modern).')
}

/** One text with commas, as on the wire; a list is taken too. Order is kept, doubles and blanks are dropped. */
function readDependencies(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined
  const parts = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(parts) || parts.some((part) => typeof part !== 'string')) {
    throw new GatehouseError('badSetting', 'dependencies must be library names separated by commas.')
  }
  const names = [...new Set((parts as string[]).map((part) => part.trim()).filter((part) => part !== ''))]
  if (names.some((name) => name.length > 200 || /[\p{Cc},]/u.test(name))) {
    throw new GatehouseError('badSetting', 'dependencies must be library names separated by commas.')
  }
  return names
}

async function checkedSettings(scope: SystemScope, body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const settings = readCodeSettings(body)
  if (typeof settings.run_user === 'string' && settings.run_user !== '') {
    settings.run_user = await runAsUser(scope, settings.run_user)
  }
  return settings
}

/** Kept as the user's id, whether id or e-mail was given. */
async function runAsUser(scope: SystemScope, idOrEmail: string): Promise<string> {
  const account =
    (await findAccount(scope.data, { userId: idOrEmail })) ?? (await findAccount(scope.data, { email: idOrEmail }))
  if (account === undefined) {
    throw new GatehouseError('noSuchUser', `run_user: there is no user "${idOrEmail}" in this system.`, {
      hint: 'A service runs as a user of its own system, or as its caller when run_user is empty.',
    })
  }
  if (scope.caller.kind !== 'developer' && !(scope.caller.kind === 'user' && scope.caller.userId === account.userId)) {
    throw new GatehouseError('permissionDenied', 'Only a developer may let a service run as another user.')
  }
  return account.userId
}
