/** Who asks. A union, so that each place says which kinds it serves. */

export type Caller =
  /** Knows the system's key and secret, and is nobody yet. */
  | { kind: 'nobody' }
  /** An anonymous session: proves nobody, holds the role Anonymous alone. */
  | { kind: 'anonymous'; sessionId: string }
  | { kind: 'user'; userId: string; sessionId: string | undefined; elsewhere?: Elsewhere }
  | { kind: 'developer'; developerId: string; email: string; admin: boolean; sessionId: string | undefined }

/**
 * Of a session that was made at the other end of a link between platform and edge. `place` is the name of an edge, or '' for the
 * platform; `roles` are the ids of all roles that count through it, whatever else the user holds.
 */
export type Elsewhere = { place: string; roles: readonly string[] }

/** For records: a short text that tells who it was. */
export const callerLabel = (caller: Caller): string => {
  switch (caller.kind) {
    case 'user':
      return `user ${caller.userId}`
    case 'developer':
      return `developer ${caller.email}`
    default:
      return caller.kind
  }
}
