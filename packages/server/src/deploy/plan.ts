/**
 * What importing a package would do to a system, new or existing, said before it is done: what is made, changed, left and
 * in the way, and which standing power would grow. A function of models alone; doing it is `import.ts`.
 */
import { bits, defaultRoles, resourceKinds } from '@gatehouse/contract/permissions.ts'
import type {
  KeptAsset,
  PackageCollection,
  PackageLibrary,
  PackageModel,
  PackageRight,
  PackageRole,
  PackageService,
  PackageUser,
} from './format/model.ts'
import { rightsByRole } from './format/model.ts'
import { type AssetKind, type Note, shown } from './format/notes.ts'
import { unionOf } from './format/roles.ts'
import { assetsOf, kindAndName } from './plan-choice.ts'
import {
  alike,
  gainedRights,
  isBlanked,
  keptDiffers,
  libraryDiffers,
  type RowChanges,
  roleDiffers,
  rowChanges,
  schemaChanges,
  serviceDiffers,
  userDiffers,
} from './plan-compare.ts'

/** `keep`: stored whole, not active. `delete`: an earlier version brought it, and this one has it no more. */
export type PlanAction = 'create' | 'update' | 'unchanged' | 'conflict' | 'keep' | 'delete'

export type PlanItem = {
  kind: AssetKind
  name: string
  action: PlanAction
  /** Which parts a change touches; for a kept asset, files. */
  differs: string[]
  /** Why it is in the way, or why it stays. */
  reason?: string
  /** Of a conflict: `overwrite` with its `kind/name` settles it. */
  givesWay?: true
  rows?: { added: number; changed: number; removed: number; same: number }
  columnsAdded?: string[]
  indexesAdded?: string[]
}

/**
 * A growth of power that holds already in the target: it needs its own yes, by this name, which is the same for the same
 * growth: `right:ROLE:KIND/ITEM:BITS`, `member:EMAIL:ROLE`, `library:NAME`, `service:NAME`, `run-as:SERVICE:EMAIL`,
 * `user:EMAIL`.
 */
export type Widening = { name: string; message: string }

export type RunAsDecision = {
  service: string
  /** Whom the package names. */
  wanted: string
  /** The e-mail of the user it will run as; null for its caller. */
  becomes: string | null
  /** brought: the package makes that user; confirmed: the developer said so; stays: as it is in the target. */
  because: 'brought' | 'confirmed' | 'stays' | 'unconfirmed'
}

export type Plan = {
  items: PlanItem[]
  widening: Widening[]
  runAs: RunAsDecision[]
  notes: Note[]
}

/** The plan with all that carrying it out needs. */
export type Work = {
  plan: Plan
  collections: {
    asset: PackageCollection
    isNew: boolean
    rows: RowChanges
    schema: ReturnType<typeof schemaChanges>
  }[]
  roles: { name: string; asset: PackageRole | undefined; isNew: boolean; set: PackageRight[]; describe: boolean }[]
  userColumns: PackageModel['userTable']['columns']
  users: {
    asset: PackageUser
    isNew: boolean
    roles: string[]
    rolesLost: string[]
    columns: PackageUser['columns']
  }[]
  libraries: PackageLibrary[]
  /** `code`: more than whom it runs as changes. `runAs`: an e-mail, null for the caller, undefined for what is there. */
  services: { asset: PackageService; code: boolean; runAs: string | null | undefined }[]
  codeless: (PackageService | PackageLibrary)[]
  kept: KeptAsset[]
  removed: Removed[]
}

export type Removed = { kind: 'service' | 'library' | 'role' | 'user' | KeptAsset['kind']; name: string }

export type PlanOptions = {
  /** A system that is made for this package: nothing stands in it but the roles that every system has. */
  newSystem: boolean
  /** A role's file says all that the role may, also in a system that is there. */
  exactRoles?: boolean
  /** Services that decide sign-ins or registrations of the target. */
  authServices: readonly string[]
  /** E-mails by service: whom the developer lets it run as; null for its caller. */
  confirmRunAs: Readonly<Record<string, string | null>>
  /** E-mails, in lower case, of users that are in the target, whether or not they are in its model. */
  presentUsers: ReadonlySet<string>
  /** Why an asset cannot be taken, by `kind/name`; found while it was made ready. */
  problems: ReadonlyMap<string, string>
  /** What was installed before: what the developer changed since is then told from what the package changed. */
  base?: PackageModel
  /** Assets, as `kind/name`, whose changes by the developer give way to the package's. */
  overwrite?: readonly string[]
  /** What `base` has and the package has not goes, unless it was changed here since. What holds data stays all the same. */
  removeGone?: boolean
}

const byName = <T extends { name: string }>(list: readonly T[]): Map<string, T> =>
  new Map(list.map((one) => [one.name, one]))

/** `target` is the system as a model, rows as they are kept there; `model` has its rows in the same form. */
export function planImport(model: PackageModel, target: PackageModel, options: PlanOptions): Work {
  const planning = new Planning(model, target, options)
  const collections = planning.collections()
  const userColumns = planning.userColumns()
  const users = planning.users(userColumns)
  const libraries = planning.libraries()
  const services = planning.services(users)
  const roles = planning.roles()
  const kept = planning.kept()
  planning.powerOfCode(libraries, services)
  planning.gone()
  const { plan, codeless, removed } = planning
  return { plan, collections, roles, userColumns, users, libraries, services, codeless, kept, removed }
}

class Planning {
  readonly plan: Plan = { items: [], widening: [], runAs: [], notes: [] }
  readonly codeless: (PackageService | PackageLibrary)[] = []
  readonly removed: Removed[] = []
  readonly #model: PackageModel
  readonly #target: PackageModel
  readonly #options: PlanOptions
  readonly #overwrite: ReadonlySet<string>
  readonly #deleted: ReadonlySet<string>

  constructor(model: PackageModel, target: PackageModel, options: PlanOptions) {
    this.#model = model
    this.#target = target
    this.#options = options
    this.#overwrite = new Set(options.overwrite)
    this.#deleted = deletedSince(options.base, target, this.#overwrite)
  }

  #note(kind: Note['kind'], message: string, asset: { kind: AssetKind; name: string }): void {
    this.plan.notes.push({ level: kind === 'kept' ? 'info' : 'warning', kind, asset, message })
  }

  #conflict(kind: AssetKind, name: string, reason: string, more: Pick<PlanItem, 'givesWay'> = {}): void {
    this.plan.items.push({ kind, name, action: 'conflict', differs: [], reason, ...more })
  }

  /** True where an earlier version brought the asset and the developer deleted it since: it then stays away. */
  #isDeletedHere(kind: AssetKind, name: string): boolean {
    return this.#deleted.has(keyOf(kind, name))
  }

  #leaveDeleted(kind: AssetKind, name: string): boolean {
    if (!this.#isDeletedHere(kind, name)) return false
    this.plan.items.push({ kind, name, action: 'unchanged', differs: [], reason: 'It was deleted here, and stays so.' })
    return true
  }

  /** True where the asset stands in the way of the whole import; it is then in the plan as that. */
  #hasProblem(kind: AssetKind, name: string): boolean {
    const problem = this.#options.problems.get(kindAndName(kind, name))
    if (problem !== undefined) this.#conflict(kind, name, problem)
    return problem !== undefined
  }

  /** Puts the asset into the plan; true if it is to be written. */
  #decide<T extends object>(
    kind: AssetKind,
    name: string,
    asset: T,
    held: T | undefined,
    base: T | undefined,
    compare: (one: T, other: T) => string[],
    more: Partial<PlanItem> = {},
  ): boolean {
    const { items } = this.plan
    if (held === undefined) {
      items.push({ kind, name, action: 'create', differs: [], ...more })
      return true
    }
    const differs = compare(asset, held)
    if (differs.length === 0) {
      items.push({ kind, name, action: 'unchanged', differs, ...more })
      return false
    }
    if (base !== undefined && compare(asset, base).length === 0) {
      const reason = 'It was changed here, and the package has not changed it.'
      items.push({ kind, name, action: 'unchanged', differs, reason, ...more })
      return false
    }
    if (this.#options.base !== undefined && !this.#overwrite.has(kindAndName(kind, name))) {
      if (base === undefined) {
        const why = `It is here already, and is not from this package: ${differs.join(', ')}.`
        this.#conflict(kind, name, why, { givesWay: true })
        return false
      }
      if (compare(base, held).length > 0) {
        this.#conflict(kind, name, `It was changed here and in the package: ${differs.join(', ')}.`, { givesWay: true })
        return false
      }
    }
    items.push({ kind, name, action: 'update', differs, ...more })
    return true
  }

  collections(): Work['collections'] {
    const held = new Map(this.#target.collections.map((one) => [one.name.toLowerCase(), one]))
    const external = new Set(this.#target.kept.filter(({ kind }) => kind === 'external-collection').map((k) => k.name))
    const base = byName(this.#options.base?.collections ?? [])
    const seen = new Set<string>()
    return this.#model.collections.flatMap((asset): Work['collections'] => {
      const { name } = asset
      if (this.#hasProblem('collection', name) || this.#leaveDeleted('collection', name)) return []
      const present = held.get(name.toLowerCase())
      if (seen.has(name.toLowerCase())) {
        this.#conflict('collection', name, 'The package has another collection whose name differs in case only.')
        return []
      }
      seen.add(name.toLowerCase())
      if (present !== undefined && present.name !== name) {
        this.#conflict('collection', name, `There is a collection ${shown(present.name)}, which differs in case only.`)
        return []
      }
      if (external.has(name)) {
        this.#conflict('collection', name, 'The name is taken by a kept collection of an outside database.')
        return []
      }
      const rows = rowChanges(asset.rows, present?.rows ?? [])
      const before = base.get(name)
      if (before !== undefined) this.#leaveLiveRows(asset, before, present, rows)
      else if (
        this.#options.base !== undefined &&
        rows.changed.length > 0 &&
        !this.#overwrite.has(`collection/${name}`)
      ) {
        const message = `${rows.changed.length} rows of ${shown(name)}, which is not from this package, stay as they are here.`
        this.#note('skipped', message, { kind: 'collection', name })
        rows.changed = []
      }
      if (present !== undefined && rows.unnamed.length > 0) {
        this.#note(
          'skipped',
          `${rows.unnamed.length} rows of ${shown(name)} have no item_id and are not added again.`,
          {
            kind: 'collection',
            name,
          },
        )
        rows.unnamed = []
      }
      const empty = { ...asset, columns: [], indexes: [] }
      const schema = schemaChanges(asset, present ?? empty)
      if (schema.contradicting.length > 0) {
        this.#conflict('collection', name, `Its columns do not fit: ${schema.contradicting.join('; ')}.`)
        return []
      }
      const counts = {
        added: rows.added.length + rows.unnamed.length,
        changed: rows.changed.length,
        removed: rows.removed.length,
        same: rows.same,
      }
      const differs = [
        ...(schema.added.length > 0 ? ['columns'] : []),
        ...(schema.indexes.length > 0 ? ['indexes'] : []),
        ...(counts.added + counts.changed + counts.removed > 0 ? ['rows'] : []),
      ]
      const action = present === undefined ? 'create' : differs.length === 0 ? 'unchanged' : 'update'
      this.plan.items.push({
        kind: 'collection',
        name,
        action,
        differs: present === undefined ? [] : differs,
        rows: counts,
        columnsAdded: schema.added.map((column) => column.name),
        indexesAdded: schema.indexes.map((index) => index.name),
      })
      return action === 'unchanged' ? [] : [{ asset, isNew: present === undefined, rows, schema }]
    })
  }

  /** Rows live on after an install: one that the package has not changed since stays as it is now, or stays deleted. */
  #leaveLiveRows(
    asset: PackageCollection,
    before: PackageCollection,
    present: PackageCollection | undefined,
    rows: RowChanges,
  ): void {
    const known = rowChanges(asset.rows, before.rows)
    const fresh = new Set([...known.added, ...known.changed].map((row) => row.item_id))
    rows.added = rows.added.filter((row) => fresh.has(row.item_id))
    const live = rowChanges(before.rows, present?.rows ?? [])
    const edited = new Set(live.changed.map((row) => row.item_id))
    if (this.#options.removeGone === true) {
      const kept = new Set(asset.rows.map((row) => row.item_id))
      const there = new Set((present?.rows ?? []).map((row) => row.item_id))
      const gone = before.rows.filter(({ item_id: id }) => id !== undefined && !kept.has(id) && there.has(id))
      rows.removed = gone.filter((row) => !edited.has(row.item_id))
    }
    const both = rows.changed.filter((row) => fresh.has(row.item_id) && edited.has(row.item_id))
    rows.changed = rows.changed.filter((row) => fresh.has(row.item_id) && !edited.has(row.item_id))
    if (both.length === 0) return
    const message = `${both.length} rows of ${shown(asset.name)} were changed here and in the package; they stay as they are here.`
    this.#note('skipped', message, { kind: 'collection', name: asset.name })
  }

  userColumns(): Work['userColumns'] {
    const held = new Map(this.#target.userTable.columns.map((column) => [column.name.toLowerCase(), column]))
    const added = this.#model.userTable.columns.filter((column) => {
      const asset = { kind: 'user-columns' as const, name: 'users' }
      if (/^cb_/i.test(column.name) || ['password', 'roles', 'disabled'].includes(column.name.toLowerCase())) {
        this.#note(
          'skipped',
          `The user column ${shown(column.name)} has a name of the platform's and is left out.`,
          asset,
        )
        return false
      }
      const same = held.get(column.name.toLowerCase())
      if (same !== undefined && (same.type !== column.type || same.name !== column.name)) {
        const here = `${same.name} of type ${same.type} here, ${column.name} of type ${column.type} in the package`
        this.#conflict('user-columns', 'users', `A column of users does not fit: ${here}.`)
      }
      return same === undefined
    })
    if (this.#model.userTable.columns.length > 0) {
      const columnsAdded = added.map(({ name }) => name)
      const action = added.length === 0 ? 'unchanged' : this.#options.newSystem ? 'create' : 'update'
      this.plan.items.push({ kind: 'user-columns', name: 'users', action, differs: columnsAdded, columnsAdded })
    }
    return added
  }

  users(added: Work['userColumns']): Work['users'] {
    const columns = new Set([...this.#target.userTable.columns, ...added].map(({ name }) => name))
    const held = new Map(this.#target.users.map((user) => [user.email.toLowerCase(), user]))
    const roles = new Set([...this.#target.roles, ...this.#model.roles].map(({ name }) => name))
    for (const { name } of this.#model.roles) if (this.#isDeletedHere('role', name)) roles.delete(name)
    const seen = new Set<string>()
    const base = new Map(this.#options.base?.users.map((user) => [user.email.toLowerCase(), user]))
    return this.#model.users.flatMap((user): Work['users'] => {
      const { email } = user
      const asset = { kind: 'user' as const, name: email }
      if (this.#hasProblem('user', email) || this.#leaveDeleted('user', email)) return []
      if (seen.has(email.toLowerCase())) {
        this.#conflict('user', email, 'The package has this e-mail twice, in other case.')
        return []
      }
      seen.add(email.toLowerCase())
      const own = Object.fromEntries(Object.entries(user.columns).filter(([name]) => columns.has(name)))
      const missing = Object.keys(user.columns).filter((name) => !columns.has(name))
      if (missing.length > 0) {
        this.#note('skipped', `The user table has no column ${missing.join(', ')}; it is left out.`, asset)
      }
      const present = held.get(email.toLowerCase())
      const wanted = user.roles.filter((role) => {
        const known = roles.has(role)
        if (!known)
          this.#note('dangling', `The user ${shown(email)} gets no role ${shown(role)}: there is none.`, asset)
        return known
      })
      const before = present && base.get(email.toLowerCase())
      // A role that came with an earlier version and is not held now was taken away here, and stays so.
      const gained = wanted.filter((role) => !present?.roles.includes(role) && !before?.roles.includes(role))
      const rolesLost = (before?.roles ?? []).filter(
        (role) =>
          // Many files leave out what every user has.
          (role !== 'Authenticated' || this.#options.removeGone === true) &&
          present!.roles.includes(role) &&
          !user.roles.includes(role),
      )
      for (const role of gained) this.#askForMember(email, role, present !== undefined)
      const changedColumns = (present === undefined ? [] : userDiffers({ ...user, columns: own }, present)).filter(
        (column) => before === undefined || userDiffers({ ...user, columns: pick(own, [column]) }, before).length > 0,
      )
      if (changedColumns.length > 0) {
        // Whoever writes the phone number of somebody who is there may get his second factor.
        const message = `The user ${shown(email)}, who is in the system already, gets another ${changedColumns.join(', ')}.`
        this.plan.widening.push({ name: `user:${email}`, message })
      }
      const rolesDiffer = present !== undefined && gained.length + rolesLost.length > 0
      const extraDiffers = present !== undefined && extraIsNew(user, before, present)
      const differs = [...changedColumns, ...(rolesDiffer ? ['roles'] : []), ...(extraDiffers ? ['extra'] : [])]
      const action = present === undefined ? 'create' : differs.length === 0 ? 'unchanged' : 'update'
      this.plan.items.push({ ...asset, action, differs })
      if (action === 'unchanged') return []
      const changed = present === undefined ? own : pick(own, differs)
      return [{ asset: user, isNew: present === undefined, roles: gained, rolesLost, columns: changed }]
    })
  }

  #askForMember(email: string, role: string, isPresent: boolean): void {
    if (this.#options.newSystem || !this.#target.roles.some(({ name }) => name === role)) return
    // What every user has is no growth for a new one; for one who is there it is.
    if (!isPresent && (role === 'Authenticated' || role === 'Anonymous')) return
    const message = `The user ${shown(email)} gets the role ${shown(role)}, which is in the system already.`
    this.plan.widening.push({ name: `member:${email}:${role}`, message })
  }

  libraries(): PackageLibrary[] {
    const held = byName(this.#target.libraries)
    const base = byName(this.#options.base?.libraries ?? [])
    return this.#model.libraries.filter((asset) => {
      if (this.#hasProblem('library', asset.name) || this.#leaveDeleted('library', asset.name)) return false
      if (asset.code === null) {
        this.#keepCodeless('library', asset, held.get(asset.name), base.get(asset.name), libraryDiffers)
        return false
      }
      const present = held.get(asset.name)
      return this.#decide('library', asset.name, asset, present, base.get(asset.name), libraryDiffers)
    })
  }

  /** What has no code cannot run. It is kept beside the code that is here, or in its place where that is to go. */
  #keepCodeless<T extends PackageService | PackageLibrary>(
    kind: 'service' | 'library',
    asset: T,
    held: T | undefined,
    base: T | undefined,
    compare: (one: T, other: T) => string[],
  ): void {
    const { name } = asset
    if (this.#options.removeGone === true && base !== undefined && base.code !== null && held !== undefined) {
      if (this.#takeAway(kind, name, compare(base, held).length === 0)) this.codeless.push(asset)
      return
    }
    if (held === undefined) this.codeless.push(asset)
    const reason = held === undefined ? 'It has no code.' : 'It has no code; the one that is here stays.'
    this.plan.items.push({ kind, name, action: 'keep', differs: [], reason })
  }

  /** False where it cannot be taken away, which then stands in the way of the whole. */
  #takeAway(kind: AssetKind, name: string, isUnchanged: boolean): boolean {
    if (!isUnchanged && !this.#overwrite.has(kindAndName(kind, name))) {
      this.#conflict(kind, name, 'It would be deleted, but was changed here.', { givesWay: true })
      return false
    }
    if (kind === 'service' && this.#options.authServices.includes(name)) {
      this.#conflict(kind, name, 'It would be deleted, but decides who gets in. Choose another auth service first.')
      return false
    }
    this.plan.items.push({ kind, name, action: 'delete', differs: [] })
    this.removed.push({ kind: kind as Removed['kind'], name })
    return true
  }

  services(users: Work['users']): Work['services'] {
    const held = byName(this.#target.services)
    const base = byName(this.#options.base?.services ?? [])
    return this.#model.services.flatMap((asset): Work['services'] => {
      const { name } = asset
      if (this.#hasProblem('service', name) || this.#leaveDeleted('service', name)) return []
      const present = held.get(name)
      if (asset.code === null) {
        this.#keepCodeless('service', asset, present, base.get(name), serviceDiffers)
        return []
      }
      const runAs = this.#runAs(asset, present, users)
      if (present === undefined) this.#askForWaitingRights(name)
      const changes = this.#decide('service', name, asset, present, base.get(name), serviceDiffers)
      if (!changes && (runAs === undefined || this.#isConflict('service', name))) return []
      if (!changes) {
        const item = this.plan.items.at(-1)!
        this.plan.items[this.plan.items.length - 1] = { ...item, action: 'update', differs: ['runAs'] }
      }
      return [{ asset: changes || present === undefined ? asset : present, code: changes, runAs }]
    })
  }

  #isConflict(kind: AssetKind, name: string): boolean {
    return this.plan.items.some((item) => item.kind === kind && item.name === name && item.action === 'conflict')
  }

  /** The e-mail to run as, null for the caller, undefined for what is there already. */
  #runAs(asset: PackageService, present: PackageService | undefined, users: Work['users']): string | null | undefined {
    const { name } = asset
    const wanted = asset.runAs?.text ?? ''
    const confirmed = Object.hasOwn(this.#options.confirmRunAs, name) ? this.#options.confirmRunAs[name] : ''
    const now = present?.runAs?.text ?? ''
    const brought = users.find(({ asset: user, isNew }) => isNew && same(user.email, wanted))?.asset.email
    const decide = (becomes: string | null, because: RunAsDecision['because']): void => {
      if (wanted !== '' || becomes !== null) this.plan.runAs.push({ service: name, wanted, becomes, because })
    }
    if (confirmed === null) {
      decide(null, 'confirmed')
      return now === '' ? undefined : null
    }
    if (confirmed !== undefined && confirmed !== '') {
      const there = users.some(({ asset: user }) => same(user.email, confirmed))
      if (!there && !this.#options.presentUsers.has(confirmed.toLowerCase())) {
        this.#conflict('service', name, `It cannot run as ${shown(confirmed)}: there is no such user.`)
        return undefined
      }
      decide(confirmed, 'confirmed')
      return same(confirmed, now) ? undefined : confirmed
    }
    if (present !== undefined && (now !== '' || brought === undefined)) {
      decide(now === '' ? null : now, 'stays')
      if (wanted !== '' && !same(wanted, now)) {
        const whom = now === '' ? 'its caller' : shown(now)
        this.#note('skipped', `The service ${shown(name)} still runs as ${whom}, not as ${shown(wanted)}.`, {
          kind: 'service',
          name,
        })
      }
      return undefined
    }
    if (brought !== undefined) {
      decide(brought, 'brought')
      if (present !== undefined) {
        const message = `The service ${shown(name)} would run as ${shown(brought)} instead of as its caller.`
        this.plan.widening.push({ name: `run-as:${name}:${brought}`, message })
      }
      return brought
    }
    if (wanted !== '') {
      const message = `The service ${shown(name)} runs as its caller: the package brings no user ${shown(wanted)} that it could run as.`
      this.#note('dangling', message, { kind: 'service', name })
      decide(null, 'unconfirmed')
    }
    return null
  }

  roles(): Work['roles'] {
    const held = byName(this.#target.roles)
    const own = byName(this.#model.roles)
    const base = byName(this.#options.base?.roles ?? [])
    const baseRights = this.#options.base === undefined ? undefined : rightsByRole(this.#options.base)
    return [...rightsByRole(this.#model)].flatMap(([name, rights]): Work['roles'] => {
      const asset = own.get(name)
      const present = held.get(name)
      if (this.#hasProblem('role', name) || this.#leaveDeleted('role', name)) return []
      if (asset === undefined && present === undefined) {
        this.#note('dangling', `There is no role ${shown(name)}, so its rights are not given.`, { kind: 'role', name })
        return []
      }
      const wanted = unionOf(rights.filter((right) => this.#isThere(name, right)))
      const before = present?.rights ?? []
      // A right that an earlier version gave and that is not there now was taken away here, and stays so.
      const given = this.#overwrite.has(kindAndName('role', name)) ? [] : (baseRights?.get(name) ?? [])
      const gained = gainedRights(present === undefined ? wanted : gainedRights(wanted, given), before)
      // In a system that is made for the package, its file says all that a role may; elsewhere it adds to what is there.
      const whole = this.#options.newSystem || (this.#options.exactRoles === true && baseRights === undefined)
      const exact = whole && asset !== undefined
      const lost = exact
        ? gainedRights(before, wanted)
        : gainedRights(overlap(baseRights?.get(name) ?? [], before), wanted)
      if (!this.#options.newSystem) {
        this.#askForRights(name, present === undefined ? gained.filter((right) => this.#stands(right)) : gained)
      }
      const describe =
        asset !== undefined &&
        (present === undefined ||
          (roleDiffers(asset, present).length > 0 &&
            (base.get(name) === undefined || roleDiffers(asset, base.get(name)!).length > 0)))
      const differs = [
        ...(describe && present !== undefined ? roleDiffers(asset!, present) : []),
        ...(gained.length + lost.length > 0 && present !== undefined ? ['rights'] : []),
      ]
      const action = present === undefined ? 'create' : differs.length === 0 ? 'unchanged' : 'update'
      this.plan.items.push({ kind: 'role', name, action, differs })
      return action === 'unchanged'
        ? []
        : [{ name, asset, isNew: present === undefined, set: leveled(before, gained, lost), describe }]
    })
  }

  #isThere(role: string, { kind, item }: PackageRight): boolean {
    const lists = { collections: 'collections', services: 'services' } as const
    const list = kind === 'collections' || kind === 'services' ? lists[kind] : undefined
    if (list === undefined) return true
    if (this.#isDeletedHere(kind === 'collections' ? 'collection' : 'service', item)) return false
    const there = [...this.#model[list], ...this.#target[list]].some(
      (one) => one.name === item && (!('code' in one) || one.code !== null),
    )
    if (!there) {
      const message = `The role ${shown(role)} gets no right on ${kind} ${shown(item)}: there is none.`
      this.#note('dangling', message, { kind: 'role', name: role })
    }
    return there
  }

  /** Whether a right is on something of the target: a role that the package makes shall not reach that unasked either. */
  #stands({ kind, item }: PackageRight): boolean {
    if (kind === 'collections' || kind === 'services') return this.#target[kind].some(({ name }) => name === item)
    return kind !== 'portals' || this.#target.kept.some((asset) => asset.kind === 'portal' && asset.name === item)
  }

  /** Rights are by name, so a role may hold one on a service that was deleted, and would get the new one of that name. */
  #askForWaitingRights(service: string): void {
    if (this.#options.newSystem) return
    for (const role of this.#target.roles) {
      const waiting = role.rights.filter(({ kind, item }) => kind === 'services' && item === service)
      this.#askForRights(role.name, waiting)
    }
  }

  #askForRights(role: string, gained: readonly PackageRight[]): void {
    for (const { kind, item, level } of gained) {
      const words = Object.entries(bits)
        .filter(([, bit]) => (level & bit) !== 0)
        .map(([word]) => word)
      const on = resourceKinds[kind].items ? `${kind}/${item}` : kind
      const message = `The role ${shown(role)} gets ${words.join(', ')} on ${on}, in a system that is in use.`
      this.plan.widening.push({ name: `right:${role}:${on}:${words.join('+')}`, message })
    }
  }

  /**
   * Code that decides sign-ins, or runs with the rights of somebody who is in the target, is power that stands: another
   * text of it, or of a library that it requires, also by way of others, is asked for. A library of the package may bear
   * the name of one that the platform has, and stands in for it from then on.
   */
  powerOfCode(libraries: readonly PackageLibrary[], services: Work['services']): void {
    if (this.#options.newSystem) return
    const changedServices = new Map(services.map(({ asset }) => [asset.name, asset]))
    const changedLibraries = byName(libraries)
    const heldLibraries = byName(this.#target.libraries)
    const asked = new Set<string>()
    const ask = (name: string, message: string): void => {
      if (asked.has(name)) return
      asked.add(name)
      this.plan.widening.push({ name, message })
    }
    for (const service of this.#target.services) {
      const decides = this.#options.authServices.includes(service.name)
      if (!decides && service.runAs === null) continue
      const what = decides ? 'decides who gets in' : `runs as ${shown(service.runAs!.text)}`
      const changed = changedServices.get(service.name)
      if (changed !== undefined && serviceDiffers(changed, service).length > 0) {
        ask(`service:${service.name}`, `The service ${shown(service.name)}, which ${what}, would be changed.`)
      }
      const seen = new Set<string>()
      const open = [...service.dependencies, ...(changed?.dependencies ?? [])]
      for (let name = open.pop(); name !== undefined; name = open.pop()) {
        if (seen.has(name)) continue
        seen.add(name)
        if (changedLibraries.has(name)) {
          const message = `The library ${shown(name)} would be another one for the service ${shown(service.name)}, which ${what}.`
          ask(`library:${name}`, message)
        }
        open.push(...(heldLibraries.get(name)?.dependencies ?? []), ...(changedLibraries.get(name)?.dependencies ?? []))
      }
    }
    // An auth service that is set and not there yet decides sign-ins from the moment it is made.
    for (const name of this.#options.authServices) {
      if (name !== '' && changedServices.has(name) && !this.#target.services.some((one) => one.name === name)) {
        ask(`service:${name}`, `The service ${shown(name)} would decide who gets in: it is set already.`)
      }
    }
  }

  kept(): KeptAsset[] {
    const held = new Map(this.#target.kept.map((asset) => [kindAndName(asset.kind, asset.name), asset]))
    const base = new Map((this.#options.base?.kept ?? []).map((asset) => [kindAndName(asset.kind, asset.name), asset]))
    const paths = new Map(this.#target.kept.flatMap((asset) => asset.files.map(({ path }) => [path, asset] as const)))
    return this.#model.kept.filter((asset) => {
      const { kind, name } = asset
      if (this.#hasProblem(kind, name) || this.#leaveDeleted(kind, name)) return false
      const taken = asset.files.map(({ path }) => paths.get(path)).find((other) => other && !sameAsset(other, asset))
      if (taken !== undefined) {
        this.#conflict(kind, name, `A file of it is one of the kept ${taken.kind} ${shown(taken.name)} already.`)
        return false
      }
      const key = kindAndName(kind, name)
      const present = held.get(key)
      if (present !== undefined && isBlanked(asset) && !isBlanked(present)) {
        const reason = 'Its credentials were left out; those that are here stay.'
        this.plan.items.push({ kind, name, action: 'unchanged', differs: [], reason })
        return false
      }
      const write = this.#decide(kind, name, asset, present, base.get(key), keptDiffers)
      // A portal is in use from the moment it is there.
      if (write && present === undefined && kind !== 'portal') this.plan.items.at(-1)!.action = 'keep'
      return write
    })
  }

  /**
   * What an earlier version brought and this one has no more stays, since somebody may rely on it; or goes, if that is
   * what was asked for and nobody changed it. Data stays in any case.
   */
  gone(): void {
    const { base, removeGone = false } = this.#options
    if (base === undefined) return
    const { services, libraries, roles, users, kept, collections } = this.#target
    const look = <T>(
      kind: AssetKind,
      left: readonly T[],
      held: T | undefined,
      name: string,
      isSame: (held: T) => boolean,
    ) => {
      if (held === undefined || left.length > 0) return
      if (!removeGone || kind === 'collection') {
        const why = removeGone ? 'stays here, since it holds data' : 'is no longer in the package and stays here'
        this.#note('skipped', `The ${kind} ${shown(name)} ${why}.`, { kind, name })
      } else this.#takeAway(kind, name, isSame(held))
    }
    const named = <T extends { name: string }>(list: readonly T[], name: string): T[] =>
      list.filter((one) => one.name === name)
    for (const one of base.services) {
      const alikeNow = (held: PackageService): boolean =>
        serviceDiffers(one, held).length === 0 && same(one.runAs?.text ?? '', held.runAs?.text ?? '')
      look('service', named(this.#model.services, one.name), named(services, one.name)[0], one.name, alikeNow)
    }
    for (const one of base.libraries) {
      const alikeNow = (held: PackageLibrary): boolean => libraryDiffers(one, held).length === 0
      look('library', named(this.#model.libraries, one.name), named(libraries, one.name)[0], one.name, alikeNow)
    }
    for (const one of base.roles) {
      if ((defaultRoles as readonly string[]).includes(one.name)) continue
      const alikeNow = (held: PackageRole): boolean =>
        roleDiffers(one, held).length === 0 && gainedRights(held.rights, one.rights).length === 0
      look('role', named(this.#model.roles, one.name), named(roles, one.name)[0], one.name, alikeNow)
    }
    if (removeGone) {
      for (const one of base.users) {
        const alikeNow = (held: PackageUser): boolean =>
          userDiffers(one, held).length === 0 &&
          held.roles.every((role) => role === 'Authenticated' || one.roles.includes(role))
        const [left, held] = [this.#model.users, users].map((list) =>
          list.filter(({ email }) => same(email, one.email)),
        )
        look('user', left!, held![0], one.email, alikeNow)
      }
      for (const one of base.kept) {
        const [left, held] = [this.#model.kept, kept].map((list) => list.filter((other) => sameAsset(one, other)))
        look(one.kind, left!, held![0], one.name, (now) => keptDiffers(one, now).length === 0)
      }
    }
    for (const { name } of base.collections) {
      look('collection', named(this.#model.collections, name), named(collections, name)[0], name, () => true)
    }
  }
}

/** What an earlier version brought and the target has no more, by `keyOf`, but for what is wanted back. */
function deletedSince(base: PackageModel | undefined, target: PackageModel, wanted: ReadonlySet<string>): Set<string> {
  if (base === undefined) return new Set()
  const there = new Set(assetsOf(target).map(({ kind, name }) => keyOf(kind, name)))
  const gone = assetsOf(base).filter(({ kind, name }) => kind !== 'user-columns' && !there.has(keyOf(kind, name)))
  return new Set(
    gone.filter(({ kind, name }) => !wanted.has(kindAndName(kind, name))).map((one) => keyOf(one.kind, one.name)),
  )
}

/** E-mails are the same in any case. */
const keyOf = (kind: AssetKind, name: string): string => kindAndName(kind, kind === 'user' ? name.toLowerCase() : name)

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const sameAsset = (one: KeptAsset, other: KeptAsset): boolean => one.kind === other.kind && one.name === other.name

const pick = (of: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(of).filter(([name]) => names.includes(name)))

/** Tools leave out what they do not know of a user, so without an earlier version only what is there tells something. */
function extraIsNew({ extra }: PackageUser, before: PackageUser | undefined, present: PackageUser): boolean {
  if (before !== undefined) return !alike(extra, before.extra) && !alike(extra, present.extra)
  return Object.entries(extra).some(([key, value]) => !alike(value, present.extra[key]))
}

/** What both hold. */
function overlap(one: readonly PackageRight[], other: readonly PackageRight[]): PackageRight[] {
  const levels = new Map(other.map(({ kind, item, level }) => [`${kind}/${item}`, level]))
  return one
    .map((right) => ({ ...right, level: right.level & (levels.get(`${right.kind}/${right.item}`) ?? 0) }))
    .filter(({ level }) => level !== 0)
}

/** The rights to write, each with the level it then has; 0 takes it away. */
function leveled(before: readonly PackageRight[], gained: PackageRight[], lost: PackageRight[]): PackageRight[] {
  const levels = new Map(before.map((right) => [`${right.kind}/${right.item}`, right]))
  const changed = new Map<string, PackageRight>()
  const change = (right: PackageRight, to: (level: number) => number): void => {
    const key = `${right.kind}/${right.item}`
    const now = changed.get(key)?.level ?? levels.get(key)?.level ?? 0
    changed.set(key, { ...right, level: to(now) })
  }
  for (const right of gained) change(right, (level) => level | right.level)
  for (const right of lost) change(right, (level) => level & ~right.level)
  return [...changed.values()]
}
