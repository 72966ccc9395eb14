/**
 * Opens a PostgreSQL database: a pool of connections whose sessions all speak UTC and whose results are plain JSON values,
 * as SQLite gives them. Nothing of the product's tables is known here.
 */
import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely'
import pg from 'pg'
import type { Database } from './database.ts'
import { mapDatabaseError } from './failure.ts'
import { keySequence } from './keys.ts'

export type PostgresOptions = {
  connectionString: string
  /** The most connections this node holds. */
  maxConnections?: number
  /** Milliseconds after which the server ends a statement; what keeps an RE condition from running on. */
  statementTimeoutMs?: number
  /** Milliseconds to wait for a free or new connection. */
  connectTimeoutMs?: number
  /** Told when an idle connection breaks. The pool replaces it; nothing else is needed. */
  onError?: (error: Error) => void
}

export function openPostgres(options: PostgresOptions): Database {
  const statementTimeout = options.statementTimeoutMs ?? 10_000
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    application_name: 'gatehouse',
    keepAlive: true,
    types: { getTypeParser },
  })
  // Without a listener a broken idle connection would end the process.
  pool.on('error', (error) => options.onError?.(error))
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({
      pool: withoutDying(pool),
      async onCreateConnection(connection) {
        await connection.executeQuery(
          sql`select set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),
            set_config('extra_float_digits', '1', false), set_config('standard_conforming_strings', 'on', false),
            set_config('bytea_output', 'hex', false),
            set_config('statement_timeout', ${String(statementTimeout)}, false)`.compile(db),
        )
      },
    }),
  })
  return {
    db,
    dialect: { kind: 'postgres', maxParameters: 60_000, newKey: keySequence() },
    async close() {
      await db.destroy()
      if (!pool.ended) await pool.end()
    },
  }
}

/**
 * A server that ends a session says so in its answer, and its socket closes a moment later. A connection is taken out of the
 * pool at the first, so that the next request does not fail on it too.
 */
function withoutDying(pool: pg.Pool): PostgresPool {
  const dying = new WeakSet<object>()
  pool.on('connect', (client) => {
    // The pool listens to idle clients alone: one that breaks between two statements of a transaction would end the process.
    client.on('error', () => dying.add(client))
    const query = client.query.bind(client) as unknown as (...given: unknown[]) => Promise<unknown>
    const watched = async (...given: unknown[]): Promise<unknown> => {
      try {
        return await query(...given)
      } catch (error) {
        if (mapDatabaseError(error)?.kind === 'unavailable') dying.add(client)
        throw error
      }
    }
    client.query = watched as unknown as typeof client.query
  })
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      const release = client.release.bind(client)
      client.release = (destroy) => release(destroy || dying.has(client))
      return client as unknown as Awaited<ReturnType<PostgresPool['connect']>>
    },
  }
}

/**
 * By type number: 20 int8, 1700 numeric, 1184 timestamptz, 1114 timestamp, 1082 date. Numbers beyond 2^53 are kept out on
 * the way in. Times stay texts: a JavaScript date would cost twice and lose nothing but clarity.
 */
function getTypeParser(type: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (format !== 'binary') {
    if (type === 20 || type === 1700) return Number
    if (type === 1184) return isoTime
    if (type === 1114 || type === 1082) return String
  }
  return pg.types.getTypeParser(type, format as 'text') as (text: string) => unknown
}

/** `2026-01-31 10:20:30.45+00` becomes `2026-01-31T10:20:30.450Z`. The session's zone is UTC, so the offset is always 0. */
export function isoTime(text: string): string {
  const match = /^(\d{4,})-(\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00(?::00)?$/.exec(text)
  if (match === null) return text
  const [, year, day, time, fraction] = match
  return `${year}-${day}T${time}.${(fraction ?? '').slice(0, 3).padEnd(3, '0')}Z`
}
