import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { postgresUrl } from '../../../../../test/support/postgres.ts'
import type { Database } from './database.ts'
import { mapDatabaseError } from './failure.ts'
import { comparePattern, type Pattern } from './pattern.ts'
import { isoTime, openPostgres } from './postgres.ts'

/** Some repetitions of repetitions are no pattern to RE2. */
function valid(source: string): Pattern | undefined {
  try {
    return comparePattern(source)
  } catch {
    return undefined
  }
}

describe('a PostgreSQL database', () => {
  let url = ''
  let database: Database
  before(async () => {
    url = await postgresUrl()
    database = openPostgres({ connectionString: url })
  })
  after(() => database.close())

  test('gives plain JSON values, times in UTC', async () => {
    const { rows } = await sql`select 9007199254740991::int8 as large, 1.5::numeric as exact, 0.1::float8 as double,
      '{"a":[1]}'::jsonb as json, true as truth, null as nothing, count(*) as n,
      '2026-01-31 12:20:30.4567+02'::timestamptz as at, date '2026-01-31' as day`.execute(database.db)
    assert.deepEqual(rows, [
      {
        large: 9007199254740991,
        exact: 1.5,
        double: 0.1,
        json: { a: [1] },
        truth: true,
        nothing: null,
        n: 1,
        at: '2026-01-31T10:20:30.456Z',
        day: '2026-01-31',
      },
    ])
    assert.equal(isoTime('0001-01-01 00:00:00+00'), '0001-01-01T00:00:00.000Z')
  })

  test('a session whose address asks for another zone still speaks UTC', async () => {
    const elsewhere = new URL(url)
    elsewhere.searchParams.set('options', '-c TimeZone=Asia/Kathmandu -c DateStyle=German')
    const { db, close } = openPostgres({ connectionString: elsewhere.href })
    const { rows } = await sql`select timestamptz '2026-01-31T10:20:30Z' as at`.execute(db)
    assert.deepEqual(rows, [{ at: '2026-01-31T10:20:30.000Z' }])
    await close()
  })

  test('ends a statement that runs too long, and calls that busy', async () => {
    const { db, close } = openPostgres({ connectionString: url, statementTimeoutMs: 50 })
    const started = performance.now()
    const error = await sql`select pg_sleep(20)`.execute(db).catch((caught) => caught)
    assert.deepEqual(mapDatabaseError(error), { kind: 'busy', timedOut: true })
    assert.ok(performance.now() - started < 5_000)
    assert.equal((await sql`select 1`.execute(db)).rows.length, 1)
    await close()
  })

  test('a server that is not there, or ends the session, is unavailable', async () => {
    const nowhere = openPostgres({ connectionString: 'postgres://u:p@127.0.0.1:1/none' })
    const refusedError = await sql`select 1`.execute(nowhere.db).catch((caught) => caught)
    assert.deepEqual(mapDatabaseError(refusedError), { kind: 'unavailable' })
    await nowhere.close()

    const broken: Error[] = []
    const victim = openPostgres({ connectionString: url, maxConnections: 1, onError: (error) => broken.push(error) })
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(victim.db)
    const waiting = sql`select pg_sleep(20)`.execute(victim.db).catch((caught) => caught)
    for (let attempt = 0; attempt < 500; attempt++) {
      const active = await sql`select 1 from pg_stat_activity where pid = ${rows[0]?.pid}
        and state = 'active'`.execute(database.db)
      if (active.rows.length > 0) break
    }
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database.db)
    assert.deepEqual(mapDatabaseError(await waiting), { kind: 'unavailable' })
    assert.equal((await sql`select 1`.execute(victim.db)).rows.length, 1)
    await victim.close()
  })

  test('reads a conflict on a column whose name needs quotes', async () => {
    await sql`create table quoted ("Last )=( Name" text unique)`.execute(database.db)
    await sql`insert into quoted values ('x')`.execute(database.db)
    const error = await sql`insert into quoted values ('x')`.execute(database.db).catch((caught) => caught)
    const failure = mapDatabaseError(error)
    assert.ok(failure?.kind === 'conflict' && failure.column === 'Last )=( Name')
  })

  test('matches a random pattern where RE2 does', async () => {
    const piece = fc.constantFrom(
      ...['a', 'b', 'B', ' ', '_', '1', '\\.', '.', '\\d', '\\D', '\\w', '\\W', '\\s', '\\S', '\\b', '\\B', '^', '$'],
      ...[
        '\\A',
        '\\z',
        '\\n',
        '\\x41',
        '\\x{e9}',
        'é',
        '😀',
        '[ab]',
        '[^ab]',
        '[a-c1]',
        '[[:alpha:]_]',
        '[^\\w-]',
        '[]b]',
      ],
      ...[
        '(a|b)',
        '(?:a|)',
        '(?P<n>b+)',
        '(a*)*',
        '[\\d\\s]',
        '\\-',
        '{',
        '}',
        ']',
        '/',
        '#',
        '\\$',
        '"',
        "'",
        '%',
        '(|a)',
      ],
    )
    const repeat = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?', '+?')
    const item = fc.tuple(piece, repeat).map(([what, times]) => what + times)
    const branch = fc.array(item, { minLength: 1, maxLength: 4 }).map((items) => items.join(''))
    const flags = fc.constantFrom('', '', '(?s)', '(?m)', '(?ms)')
    const pattern = fc.tuple(flags, fc.array(branch, { minLength: 1, maxLength: 2 })).map(([f, b]) => f + b.join('|'))
    const unit = fc.constantFrom(
      'a',
      'b',
      'B',
      'A',
      ' ',
      '\n',
      '1',
      '_',
      '-',
      'é',
      '😀',
      '.',
      '{',
      '}',
      ']',
      '\t',
      '$',
      'c',
    )
    const texts = fc.array(fc.string({ unit, maxLength: 6 }), { minLength: 8, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(pattern, texts, async (source, candidates) => {
        const compared = valid(source)
        fc.pre(compared !== undefined)
        const { rows } = await sql<{ t: string; m: boolean }>`select t, (t collate "C") ~ ${compared.postgres} as m
          from unnest(${candidates}::text[]) as t`.execute(database.db)
        for (const { t, m } of rows) assert.equal(m, compared.test(t), `${source} on ${JSON.stringify(t)}`)
      }),
      { numRuns: 500 },
    )
  })

  test('folds the letters of ASCII alike', async () => {
    const compared = comparePattern('(?i)^ab[c-e]$')
    const texts = ['ABC', 'abd', 'aBE', 'abf', 'xABC']
    const { rows } = await sql<{ t: string }>`select t from unnest(${texts}::text[]) as t
      where (t collate "C") ~ ${compared.postgres}`.execute(database.db)
    assert.deepEqual(
      rows.map((row) => row.t),
      texts.filter((text) => compared.test(text)),
    )
  })
})
