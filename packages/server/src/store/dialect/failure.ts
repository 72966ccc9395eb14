/**
 * What an error of either database means, in the few words the rest of the store decides on. Turning such a failure into
 * something a person reads is up to the caller, who knows what was being done.
 */

/**
 * - `conflict`: a unique index refused the row; `column` where the database tells it, `constraint` on PostgreSQL.
 * - `busy`: locked, deadlocked, or over the statement timeout; the same request may pass later.
 * - `full`: the disk is full. `unavailable`: the database cannot be reached, read or written.
 * - `tooLong`: a value is beyond what the database, or the index on its column, can hold.
 * - `unfit`: a text holds a character that the database keeps in no text (PostgreSQL: NUL).
 */
export type DatabaseFailure =
  | { kind: 'conflict'; column?: string; constraint?: string }
  | { kind: 'busy'; timedOut: boolean }
  | { kind: 'full' }
  | { kind: 'unavailable' }
  | { kind: 'tooLong' }
  | { kind: 'unfit' }

/** Reads an error thrown by a query of either database; undefined for everything that is not known to be a failure. */
export function mapDatabaseError(error: unknown): DatabaseFailure | undefined {
  if (!(error instanceof Error)) return undefined
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string') return withoutCode(error.message)
  if (code.startsWith('SQLITE_')) return sqliteFailure(code, error.message)
  if (/^[0-9A-Z]{5}$/.test(code)) return postgresFailure(code, error)
  return networkCodes.has(code) ? { kind: 'unavailable' } : undefined
}

function sqliteFailure(code: string, message: string): DatabaseFailure | undefined {
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    // "UNIQUE constraint failed: table.column"; table names are ours and hold no dot, column names may.
    const column = /^UNIQUE constraint failed: [^.,]+\.(.+)$/.exec(message)?.[1]
    return column === undefined || column.includes(', ') ? { kind: 'conflict' } : { kind: 'conflict', column }
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return { kind: 'busy', timedOut: false }
  if (code === 'SQLITE_FULL') return { kind: 'full' }
  if (code === 'SQLITE_TOOBIG') return { kind: 'tooLong' }
  return /^SQLITE_(IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB|PERM|AUTH|NOMEM|PROTOCOL)/.test(code)
    ? { kind: 'unavailable' }
    : undefined
}

/** By SQLSTATE, so that the language of the server's messages does not matter. */
function postgresFailure(code: string, error: Error): DatabaseFailure | undefined {
  if (code === '23505') {
    const { constraint, detail } = error as { constraint?: string; detail?: string }
    // "Key (column)=(value) already exists."; a name that needs them stands in double quotes.
    const quoted = /\(("(?:[^"]|"")+"|[^"(),]+)\)=\(/.exec(detail ?? '')?.[1]
    const column = quoted?.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted
    return {
      kind: 'conflict',
      ...(column === undefined ? {} : { column }),
      ...(constraint === undefined ? {} : { constraint }),
    }
  }
  if (code === '57014') return { kind: 'busy', timedOut: true }
  if (code === '40001' || code === '40P01' || code === '55P03' || code === '25P03')
    return { kind: 'busy', timedOut: false }
  if (code === '53100') return { kind: 'full' }
  if (code === '54000' || code === '22001') return { kind: 'tooLong' }
  if (code === '22021' || code === '22P05') return { kind: 'unfit' }
  return /^(08|53|57P|58|XX|25006|28|3D000)/.test(code) ? { kind: 'unavailable' } : undefined
}

const networkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EACCES',
])

/** The PostgreSQL driver gives some of its own errors no code. */
function withoutCode(message: string): DatabaseFailure | undefined {
  return /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
    message,
  )
    ? { kind: 'unavailable' }
    : undefined
}
