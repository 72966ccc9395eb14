/**
 * What an edge is sent next in each lane: first everything of the lane in order of key, then what changed, as it is by then.
 * It begins where the edge says that it stands, and knows nothing beyond its link: another link begins anew.
 */
import type { Row } from '@gatehouse/contract/columns.ts'
import { type Clock, hour } from '../base/clock.ts'
import type { NodeKey } from '../base/node-key.ts'
import type { Listed } from '../store/down/digest.ts'
import { listHeldOf } from '../store/down/digest-held.ts'
import {
  type Cursor,
  type Cursors,
  type Group,
  type Lane,
  lanes,
  type RoleState,
  type TableState,
  type UserState,
} from '../store/down/groups.ts'
import {
  changesAfter,
  keysAfter,
  type LoggedChange,
  logHead,
  type ReadUser,
  readRows,
  readTable,
  userTable,
} from '../store/down/read.ts'
import type { SystemStore } from '../store/store.ts'
import { type CollectionRecord, findCollection } from '../store/tables/collections.ts'
import { upCursor } from '../store/tables/edge-words.ts'
import { findSystem, type SystemRow } from '../store/tables/systems.ts'
import type { UpCursor } from '../store/up/facts.ts'
import { changedCode, firstCode, followsDown, tableDown } from './code-down.ts'
import type { EdgeScopes } from './edge-scopes.ts'
import { demandSize, largeIn, sizeOf, sizes } from './frame-sizes.ts'
import { type Change, idsIn, isRename, missing } from './logged-changes.ts'
import type { Frame } from './messages.ts'
import { fittingRows, followingKeys, marksOfRows, nextRows } from './rows-down.ts'
import { type EdgeScope, markOnEdge, scopeOfEdge, settingsOnEdge } from './scope.ts'
import { SessionFeed } from './session-feed.ts'
import { type FedEdge, type Giving, rolesDown, sendsNumbers, usersDown } from './users-down.ts'

export const kindsOf: Record<Lane, readonly string[]> = {
  identity: [
    ...['settings', 'role', 'grant', 'user', 'credential', 'membership', 'authenticator', 'collection'],
    ...['session', 'deployment', 'edge'],
  ],
  configuration: ['service', 'library', 'collection', 'portal'],
  data: ['item', 'collection'],
}

/** How far behind the log, or for how long, a cursor stands where nothing of the lane changes. */
const forwardRules = { positions: 1_000, everyMs: hour } as const

type Facts = {
  incarnation: string
  position: number
  floor: number
  stamp: [ms: number, count: number]
  revision: number
  system: SystemRow
  scope: EdgeScope
}

export class Feed {
  readonly #store: SystemStore
  readonly #edge: FedEdge
  readonly #key: NodeKey
  readonly #sent: Cursors
  readonly #sessions: SessionFeed
  /** How far the log was looked through, where nothing of it was to be sent. */
  readonly #seen: Partial<Record<Lane, number>> = {}
  /** Asked for once more, though nothing of it changed. */
  readonly #again: Record<Lane, Change[]> = { identity: [], configuration: [], data: [] }
  /** Changes that are looked at for one frame. */
  readonly #atOnce: Record<Lane, number> = {
    ...{ identity: sizes.changes, configuration: sizes.changes, data: sizes.rowsAtOnce },
  }
  #facts: Facts | undefined
  /** Up to where of the log ends of sessions were sent along with a first sync. */
  #endsSeen: number | undefined
  readonly #forwardedAt: Partial<Record<Lane, number>> = {}
  /** What of the edge's own rows is in those that are read by now. */
  #taken: UpCursor | null = null

  constructor(
    store: SystemStore,
    edge: FedEdge,
    { key, scopes, clock }: { key: NodeKey; scopes: EdgeScopes; clock: Clock },
    cursors: Cursors,
  ) {
    this.#store = store
    this.#sessions = new SessionFeed(store, edge.name, scopes, clock)
    this.#edge = edge
    this.#key = key
    this.#sent = { ...cursors }
    // Not all lanes of all edges at once, when a node starts.
    for (const lane of lanes) this.#forwardedAt[lane] = performance.now() - Math.random() * forwardRules.everyMs
  }

  /** To be asked before `next`. `changed`: rights, code, settings or deployments did. Undefined where the system is gone. */
  async look(): Promise<{ changed: boolean } | undefined> {
    const head = await logHead(this.#store)
    if (head === undefined) return undefined
    const changed = this.#facts?.revision !== head.revision
    if (!changed) {
      Object.assign(this.#facts!, head)
      return { changed }
    }
    const system = await findSystem(this.#store.node, this.#store.key)
    if (system === undefined) return undefined
    this.#facts = { ...head, system, scope: await scopeOfEdge(this.#store, system, this.#edge.name) }
    return { changed }
  }

  /** Of the change log, when it was last looked at. */
  get position(): number {
    return this.#facts!.position
  }

  /** Where the log stood when it was last looked at: what `next` has no more of is sent up to there. */
  get stand(): { incarnation: string; position: number } {
    const { incarnation, position } = this.#facts!
    return { incarnation, position }
  }

  get scope(): EdgeScope {
    return this.#facts!.scope
  }

  /** As the edge has it, or should. */
  systemThere(): Extract<Group, { what: 'system' }> {
    return this.#system()
  }

  rolesThere(): Promise<RoleState[]> {
    return this.#roles([...this.#facts!.scope.roles])
  }

  tableThere(found: CollectionRecord): Promise<TableState> {
    return tableDown(this.#giving, found)
  }

  /** Of a collection of which single rows go there: those that follow, in order; undefined where all of them do. */
  rowsThere(found: CollectionRecord): string[] | undefined {
    const marks = marksOfRows(this.#facts!.scope, found)
    return marks && followingKeys(found, marks)
  }

  /** What of a user's is compared, but for who may not sign in there: nothing of it is there. */
  heldThere(user: ReadUser): Listed {
    const codes = user.codes.filter(({ edge }) => edge === this.#edge.name)
    return listHeldOf({ ...user, codes }, sendsNumbers(this.#giving))
  }

  /** Whether everything of the lane was sent once. */
  isWhole(lane: Lane): boolean {
    const cursor = this.#sent[lane]
    return cursor !== undefined && cursor.at === null && this.#fits(cursor, lane)
  }

  /** Goes on from there, and not from what was sent since. */
  rewind(lane: Lane, cursor: Cursor | undefined): void {
    if (cursor === undefined) delete this.#sent[lane]
    else this.#sent[lane] = cursor
    delete this.#seen[lane]
  }

  /** Sends these as they are by now, with the lane's next frame. What the edge may not have is left out, as ever. */
  again(lane: Lane, things: readonly { kind: string; id: string }[]): void {
    this.#again[lane] = things.map(({ kind, id }) => ({
      kind,
      id,
      operation: 'put',
      position: 0,
      columns: [],
      again: true,
    }))
  }

  /** Of what is to be sent once more something was not sent yet. */
  owesAgain(): boolean {
    return lanes.some((lane) => this.#again[lane].length > 0)
  }

  /** Without a change of the cursor. While a lane is not whole they wait: it may be past them already. */
  async #onceMore(lane: Lane): Promise<{ groups: Group[]; to: Cursor } | undefined> {
    while (this.isWhole(lane) && this.#again[lane].length > 0) {
      const wanted = this.#again[lane]
      const some = wanted.slice(0, this.#atOnce[lane])
      let built = await this.#fewer(lane, some)
      // Together they are more than goes at once.
      if (built === 'anew') built = await this.#fewer(lane, some.slice(0, 1))
      // Asked for anew meanwhile, all of it is.
      if (this.#again[lane] === wanted) this.#again[lane] = wanted.slice(built === 'anew' ? 1 : built.count)
      if (built !== 'anew' && built.groups.length > 0) return { groups: built.groups, to: this.#sent[lane]! }
    }
    return undefined
  }

  async next(lane: Lane): Promise<Frame | undefined> {
    const { incarnation, position, scope } = this.#facts!
    const from = this.#sent[lane] ?? null
    const fresh: Cursor = { incarnation, scope: this.#mark(lane), position, at: '' }
    let cursor = from === null || !this.#fits(from, lane) ? fresh : from
    let found = (await this.#onceMore(lane)) ?? (cursor.at === null ? await this.#changes(lane, cursor) : undefined)
    if (found === 'anew') {
      cursor = fresh
      found = undefined
    } else if (cursor.at === null && found === undefined) return undefined
    const { groups, to } = found ?? (await this.#first(lane, cursor))
    this.#sent[lane] = to
    const goesUp = lane === 'data' && scope.upward.size > 0
    if (!goesUp) return { type: 'frame', lane, from, to, groups }
    // Read after the rows: none of them was written later than this.
    const stamp = (await logHead(this.#store))?.stamp ?? this.#facts!.stamp
    return { type: 'frame', lane, from, to, groups, taken: this.#taken, stamp }
  }

  /** Asked for before rows are read: what was taken until then is in them. */
  async #noteTaken(): Promise<void> {
    if (this.#facts!.scope.upward.size === 0) return
    this.#taken = (await upCursor(this.#store, this.#edge.name, 'rows')) ?? null
  }

  #fits({ incarnation, scope, position }: Cursor, lane: Lane): boolean {
    const facts = this.#facts!
    const isOfThis = incarnation === facts.incarnation && scope === this.#mark(lane)
    // What lies below the floor of the log is gone; what of it was looked through on this link is not missed.
    return isOfThis && position <= facts.position && Math.max(position, this.#seen[lane] ?? 0) >= facts.floor
  }

  #mark(lane: Lane): string {
    return markOnEdge(this.#facts!.scope, lane, this.#edge.gateway === true)
  }

  async #first(lane: Lane, cursor: Cursor): Promise<{ groups: Group[]; to: Cursor }> {
    if (cursor.at === '') delete this.#seen[lane]
    if (lane === 'identity' && cursor.at === '') this.#endsSeen = cursor.position
    const step = { identity: this.#firstUsers, configuration: this.#firstCode, data: this.#firstRows }[lane]
    const { groups, at } = await step.call(this, cursor.at!)
    if (lane === 'identity') groups.push(...(await this.#endsMeanwhile(cursor)))
    return { groups, to: { ...cursor, at } }
  }

  /** Whoever was out since it began is out at the edge at once, and not when all users are there. */
  async #endsMeanwhile({ position }: Cursor): Promise<Group[]> {
    const { changes } = await changesAfter(this.#store, ['session'], this.#endsSeen ?? position, sizes.changes)
    this.#endsSeen = changes.at(-1)?.position ?? this.#endsSeen ?? position
    return this.#sessions.ends(this.#facts!.scope, changes)
  }

  async #firstUsers(at: string): Promise<{ groups: Group[]; at: string | null }> {
    if (at.startsWith('session/')) return this.#firstSessions(at.slice('session/'.length))
    const { scope } = this.#facts!
    const groups: Group[] =
      at === ''
        ? [this.#system(), { what: 'roles', put: await this.#roles([...scope.roles]), gone: [], whole: true }]
        : []
    const table = await userTable(this.#store)
    const after = at.slice('user/'.length)
    const keys = await keysAfter(this.#store, table, after, sizes.users)
    const state = await readTable(this.#store, table)
    for (let count = keys.length; ; count = Math.floor(count / 2)) {
      const some = keys.slice(0, count)
      const upTo = count < keys.length || keys.length === sizes.users ? some.at(-1)! : null
      const put = await this.#users(some)
      if (count > 1 && sizeOf(put) > sizes.frame) continue
      demandSize(put)
      groups.push({ what: 'users', table: state, put, gone: [], range: { after, upTo } })
      return { groups, at: upTo === null ? 'session/' : `user/${upTo}` }
    }
  }

  /** After all users and roles that they rest on. */
  async #firstSessions(after: string): Promise<{ groups: Group[]; at: string | null }> {
    const { groups, upTo } = await this.#sessions.first(this.#facts!.scope, after)
    return { groups, at: upTo === null ? null : `session/${upTo}` }
  }

  #firstCode(at: string): Promise<{ groups: Group[]; at: string | null }> {
    return firstCode(this.#giving, at)
  }

  /** `at` is `collection/key`, the last one that was sent. */
  async #firstRows(at: string): Promise<{ groups: Group[]; at: string | null }> {
    await this.#noteTaken()
    const [current = '', after = ''] = at.split('/')
    const ids = [...this.#facts!.scope.collections].sort()
    for (const id of ids.filter((one) => one >= current)) {
      const found = await findCollection(this.#store, { id })
      if (found === undefined) continue
      const start = id === current ? after : ''
      const marks = marksOfRows(this.#facts!.scope, found)
      const { rows, large, upTo } = await nextRows(this.#store, found, marks, start)
      const table = await tableDown(this.#giving, found)
      const isIn = (key: string): boolean => key > start && (upTo === null || key <= upTo)
      const copies = marks && Object.fromEntries([...marks].filter(([key, mark]) => mark !== '' && isIn(key)))
      const range = { after: start, upTo }
      const groups: Group[] = [
        { what: 'rows', table, put: rows, gone: [], range, ...largeIn(large), ...(copies && { copies }) },
      ]
      const following = ids.find((one) => one > id)
      return { groups, at: upTo !== null ? `${id}/${upTo}` : following === undefined ? null : `${following}/` }
    }
    return { groups: [], at: null }
  }

  /** `anew` where what happened cannot be told by rows alone: a column got another name, and its values with it. */
  async #changes(lane: Lane, cursor: Cursor): Promise<{ groups: Group[]; to: Cursor } | 'anew' | undefined> {
    for (;;) {
      const after = Math.max(cursor.position, this.#seen[lane] ?? 0)
      const { changes, missing } = await changesAfter(this.#store, kindsOf[lane], after, this.#atOnce[lane])
      if (missing) return 'anew'
      if (changes.length === 0) return this.#forward(lane, cursor, after)
      const built = await this.#fewer(lane, changes)
      if (built === 'anew') return built
      const { groups, count } = built
      const { position } = changes[count - 1]!
      this.#seen[lane] = position
      if (groups.length > 0) return { groups, to: { ...cursor, position } }
    }
  }

  /**
   * Nothing is to be sent, and still the edge is told now and then how far the log is: one that stands where it stood when it
   * had its last change would one day stand below the floor.
   */
  async #forward(
    lane: Lane,
    cursor: Cursor,
    after: number,
  ): Promise<{ groups: Group[]; to: Cursor } | 'anew' | undefined> {
    const { position } = this.#facts!
    const behind = position - cursor.position
    const isDue = performance.now() - (this.#forwardedAt[lane] ?? Number.NEGATIVE_INFINITY) > forwardRules.everyMs
    if (behind === 0 || (behind < forwardRules.positions && !isDue)) return undefined
    this.#forwardedAt[lane] = performance.now()
    const head = await logHead(this.#store)
    if (head === undefined) return undefined
    if (head.floor > after) return 'anew'
    if (lane === 'data') await this.#noteTaken()
    return { groups: [], to: { ...cursor, position } }
  }

  /** Of the first of these, as many as make one frame. */
  async #fewer(lane: Lane, changes: readonly Change[]): Promise<{ groups: Group[]; count: number } | 'anew'> {
    const build = { identity: this.#identity, configuration: this.#configuration, data: this.#data }[lane]
    for (let count = changes.length; ; count = Math.floor(count / 2)) {
      const groups = await build.call(this, changes.slice(0, count))
      if (groups === 'fewer') continue
      if (groups === 'anew') return groups
      const size = sizeOf(groups)
      if (count > 1 && size > 2 * sizes.frame) continue
      if (lane === 'identity') demandSize(groups)
      // Where rows are large the next look begins with as few.
      const atOnce = this.#atOnce[lane]
      if (count < changes.length) this.#atOnce[lane] = count
      else if (size < sizes.frame) this.#atOnce[lane] = Math.min(sizes.changes, atOnce * 2)
      return { groups, count }
    }
  }

  async #identity(changes: LoggedChange[]): Promise<Group[] | 'anew'> {
    const { scope } = this.#facts!
    const groups: Group[] = changes.some(({ kind }) => kind === 'settings') ? [this.#system()] : []
    const first = ({ id }: LoggedChange): string => id.split('/')[0]!
    const roles = idsIn(changes, ['role', 'grant'], first).filter((id) => scope.roles.has(id))
    if (roles.length > 0) {
      const put = await this.#roles(roles)
      groups.push({ what: 'roles', put, gone: missing(roles, put), whole: false })
    }
    const found = await userTable(this.#store)
    const ofTable = changes.filter(({ kind, id }) => kind === 'collection' && id === found.id)
    if (ofTable.some(isRename)) return 'anew'
    const users = idsIn(changes, ['user', 'credential', 'membership', 'authenticator'], first)
    if (users.length > 0 || ofTable.length > 0) {
      const put = await this.#users(users)
      const table = await readTable(this.#store, found)
      groups.push({ what: 'users', table, put, gone: missing(users, put), range: null })
    }
    groups.push(...(await this.#sessions.changed(scope, changes)))
    return groups
  }

  #configuration(changes: Change[]): Promise<Group[] | 'anew'> {
    return changedCode(this.#giving, changes)
  }

  /** `fewer` where these make too much, found out before all of it is read. */
  async #data(changes: Change[]): Promise<Group[] | 'anew' | 'fewer'> {
    const { scope } = this.#facts!
    if (
      changes.some(
        (change) =>
          change.kind === 'collection' &&
          scope.collections.has(change.id) &&
          followsDown(scope, 'collection', change.id) &&
          isRename(change),
      )
    ) {
      return 'anew'
    }
    const isAgain = changes[0]?.again
    const items = changes.filter(({ kind }) => kind === 'item')
    await this.#noteTaken()
    const byCollection = Map.groupBy(items, ({ id }) => id.split('/')[0]!)
    const groups: Group[] = []
    let bytes = 0
    for (const [id, of] of byCollection) {
      const isSent = scope.collections.has(id) && followsDown(scope, 'collection', id, isAgain)
      const found = isSent ? await findCollection(this.#store, { id }) : undefined
      if (found === undefined) continue
      const only = marksOfRows(scope, found)
      const changed = [...new Set(of.map((change) => change.id.slice(id.length + 1)))]
      const keys =
        only === undefined ? changed : changed.filter((key) => (isAgain ? only.has(key) : only.get(key) === ''))
      if (keys.length === 0) continue
      const rows: Row[] = []
      for (let start = 0; start < keys.length; start += sizes.rowsAtOnce) {
        const some = await readRows(this.#store, found, keys.slice(start, start + sizes.rowsAtOnce))
        bytes += sizeOf(some)
        if (bytes > 2 * sizes.frame && changes.length > 1) return 'fewer'
        rows.push(...some)
      }
      const present = new Set(rows.map((row) => String(row[found.table.key])))
      const gone = keys.filter((key) => !present.has(key))
      const { put, large } = fittingRows(found, rows)
      const once = only && keys.map((key) => [key, only.get(key)!] as const).filter(([, mark]) => mark !== '')
      const copies = once !== undefined && once.length > 0 && { copies: Object.fromEntries(once) }
      const table = await tableDown(this.#giving, found)
      groups.push({ what: 'rows', table, put, gone, range: null, ...largeIn(large), ...copies })
    }
    return groups
  }

  #system(): Extract<Group, { what: 'system' }> {
    const { system, scope } = this.#facts!
    return { what: 'system', name: system.name, secret: system.secret, settings: settingsOnEdge(scope, system) }
  }

  #roles(ids: readonly string[]): Promise<RoleState[]> {
    return rolesDown(this.#giving, ids)
  }

  #users(ids: readonly string[]): Promise<UserState[]> {
    return usersDown(this.#giving, ids)
  }

  get #giving(): Giving {
    return { store: this.#store, edge: this.#edge, key: this.#key, scope: this.#facts!.scope }
  }
}
