/**
 * Which sessions an edge is sent: those of users who may sign in there, made on the platform or at another edge, and the ends of
 * those and of its own. Where its deployments keep sessions apart, the ends of its own alone.
 */
import type { Clock } from '../base/clock.ts'
import type { Group, SessionState } from '../store/down/groups.ts'
import type { LoggedChange } from '../store/down/read.ts'
import { placesOfSessions, readSessions, readSigners, sessionsAfter } from '../store/down/sessions.ts'
import type { SystemStore } from '../store/store.ts'
import type { SessionRecord } from '../store/tables/sessions.ts'
import type { EdgeScopes } from './edge-scopes.ts'
import { type EdgeScope, userOnEdge } from './scope.ts'

const atOnce = 500

type Sessions = Extract<Group, { what: 'sessions' }>
type Found = Pick<Sessions, 'put' | 'gone'>

export class SessionFeed {
  readonly #store: SystemStore
  readonly #edge: string
  readonly #scopes: EdgeScopes
  readonly #clock: Clock

  constructor(store: SystemStore, edge: string, scopes: EdgeScopes, clock: Clock) {
    this.#store = store
    this.#edge = edge
    this.#scopes = scopes
    this.#clock = clock
  }

  /** The next ones of a first sync, after this id. */
  async first(scope: EdgeScope, after: string): Promise<{ groups: Group[]; upTo: string | null }> {
    const found = await sessionsAfter(this.#store, { after, edge: this.#edge, limit: atOnce }, this.#clock.now())
    const upTo = found.length < atOnce ? null : found.at(-1)!.id
    return { groups: [{ what: 'sessions', ...(await this.#states(scope, found)), range: { after, upTo } }], upTo }
  }

  async changed(scope: EdgeScope, changes: readonly LoggedChange[]): Promise<Group[]> {
    if (!scope.signIn) return []
    const groups: Group[] = []
    const of = (...kinds: string[]): LoggedChange[] => changes.filter(({ kind }) => kinds.includes(kind))
    const now = this.#clock.now()
    const isOtherThrough =
      of('deployment', 'role').length > 0 || of('edge').some(({ operation }) => operation === 'delete')
    if (!scope.apart && isOtherThrough) {
      const places = await placesOfSessions(this.#store, now)
      const put = []
      for (const place of places) {
        const roles = place === this.#edge ? undefined : await this.#rolesThrough(place)
        if (roles !== undefined) put.push({ place, roles })
      }
      if (places.length > 0) groups.push({ what: 'places', put })
    }
    const ids = [...new Set(of('session').map(({ id }) => id))]
    // Whoever comes to the edge by this has sessions that were made before.
    const came = of('membership', 'credential').filter(({ columns }) => columns.join() !== 'failures')
    const userIds = [...new Set(came.map(({ id }) => id.split('/')[0]!))]
    const found = [...(await readSessions(this.#store, { ids }, now))]
    const known = new Set(found.map(({ id }) => id))
    for (const one of scope.apart ? [] : await readSessions(this.#store, { userIds }, now)) {
      if (!known.has(one.id)) found.push(one)
    }
    const states = await this.#states(scope, found)
    if (states.put.length + states.gone.length > 0) groups.push({ what: 'sessions', ...states, range: null })
    return groups
  }

  /** Those alone that are over by now. */
  async ends(scope: EdgeScope, changes: readonly LoggedChange[]): Promise<Group[]> {
    const ids = [...new Set(changes.map(({ id }) => id))]
    const over = (await readSessions(this.#store, { ids }, this.#clock.now())).filter(({ endedAt }) => endedAt !== null)
    const { gone } = await this.#states(scope, over)
    return gone.length === 0 ? [] : [{ what: 'sessions', put: [], gone, range: null }]
  }

  async #states(scope: EdgeScope, sessions: readonly SessionRecord[]): Promise<Found> {
    const signers = await readSigners(this.#store, [...new Set(sessions.map(({ subjectId }) => subjectId))])
    const users = new Map(signers.map((user) => [user.id, user]))
    const found: Found = { put: [], gone: [] }
    for (const one of sessions) {
      const user = users.get(one.subjectId)
      const isThere = user !== undefined && !user.isShut && userOnEdge(scope, user)?.canSignIn === true
      const isOwn = one.place === this.#edge
      // An edge is told of the end of what it made, whatever became of the user.
      if (!isOwn && (scope.apart || !isThere)) continue
      if (one.endedAt !== null) found.gone.push({ id: one.id, reason: one.endReason ?? '' })
      else if (!isOwn) {
        const state = await this.#stateOf(one, user!)
        if (state === undefined) found.gone.push({ id: one.id, reason: 'it is not good at other places any more' })
        else found.put.push(state)
      }
    }
    return found
  }

  /** Undefined for one of an edge that may not let this user in, or keeps its sessions. */
  async #stateOf(
    one: SessionRecord,
    user: { id: string; emailKey: string; roles: readonly string[] },
  ): Promise<SessionState | undefined> {
    const place = one.place ?? ''
    let roles: string[] | null = null
    if (place !== '') {
      const scope = await this.#scopes.of(this.#store, place)
      if (scope === undefined || scope.apart || userOnEdge(scope, user)?.canSignIn !== true) return undefined
      roles = rolesIn(scope)
    }
    return {
      ...{ id: one.id, tokenHash: one.tokenHash, userId: one.subjectId, grantedBy: one.grantedBy },
      ...{ factors: one.factors, createdAt: one.createdAt, expiresAt: one.expiresAt, dataAge: one.dataAge ?? null },
      ...{ place, roles },
    }
  }

  async #rolesThrough(place: string): Promise<string[] | undefined> {
    const scope = await this.#scopes.of(this.#store, place)
    return scope === undefined || scope.apart ? undefined : rolesIn(scope)
  }
}

/** Through a session of that edge: the roles of a user that go there and are not privileged. */
const rolesIn = ({ userRoles, privileged }: EdgeScope): string[] => [...userRoles].filter((id) => !privileged.has(id))
