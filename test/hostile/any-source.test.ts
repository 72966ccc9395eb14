/**
 * What developers hand in as files, spoiled at random: services and libraries, packages in archives, portals. It is taken or
 * refused, never our fault; a refusal has changed no row, and what was taken runs into a wall of its own at worst.
 *
 * GATEHOUSE_FUZZ_SECONDS says for how long, GATEHOUSE_FUZZ_SEED repeats a run that failed.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { archiveOf } from '../../packages/server/src/deploy/catalogue.ts'
import { everyKindFiles } from '../../packages/server/src/deploy/every-kind.fixture.ts'
import { everythingIn } from '../../packages/server/src/deploy/import.fixture.ts'
import { compileScript } from '../../packages/server/src/sandbox/compile.ts'
import { createTestApp } from '../support/app.ts'
import { packages } from '../support/package-generator.ts'

const seed = Number(process.env.GATEHOUSE_FUZZ_SEED ?? (Date.now() ^ process.pid) & 0x7fffffff)
/** About so many seconds in all, on a machine that has nothing else to do; a slow one takes longer and tries as much. */
const times = Number(process.env.GATEHOUSE_FUZZ_SECONDS ?? 8) / 8
const settings = (numRuns: number) => ({ seed, numRuns: Math.ceil(numRuns * times), endOnFailure: true })

const folders = ['../services/', './services/', '../../packages/server/src/sandbox/hostile/scripts/']
const scripts = folders.flatMap((folder) => {
  const path = join(import.meta.dirname, folder)
  return readdirSync(path).map((file) => readFileSync(join(path, file), 'utf8'))
})

const crumbs = [
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    '`',
    '${',
    "'",
    '"',
    '/*',
    '*/',
    '//',
    '/',
    '=>',
    '...',
    '#x',
    '@',
    '\\u{',
    '\\',
    '\n',
  ],
  ...[
    'async ',
    'await ',
    'yield ',
    'function* ',
    'class A extends ',
    'import(',
    'import x from "y"',
    'export ',
    'new.target',
  ],
  ...[
    'try {',
    'catch {',
    'catch ({a = b}) {',
    'finally {',
    'label: ',
    'with (',
    'debugger;',
    'const a;',
    'let let = 1',
    '<!--',
    '-->',
  ],
  ...[
    '\0',
    '\u2028',
    '\ud800',
    '\ufeff',
    '𝒜',
    '0b2',
    '08',
    '1_000_',
    '999999999999n',
    '/(?<a>x)(?<a>y)/v',
    '__run_guard_5e1a__',
    '?.',
    '??=',
    '**',
  ],
  ...[
    '('.repeat(3000),
    '['.repeat(3000),
    'a=>'.repeat(3000),
    '!'.repeat(5000),
    'if(1)'.repeat(2000),
    '`${'.repeat(1000),
    'x'.repeat(100_000),
  ],
]
const crumb = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...crumbs) },
  fc.string({ unit: 'binary', maxLength: 8 }),
)
type Change = { at: number; cut: number; put: string }
const change: fc.Arbitrary<Change> = fc.record({ at: fc.nat(), cut: fc.oneof(fc.nat(6), fc.nat(400)), put: crumb })
const changed = (text: string, changes: readonly Change[]): string =>
  changes.reduce((now, { at, cut, put }) => {
    const start = at % (now.length + 1)
    return now.slice(0, start) + put + now.slice(start + cut)
  }, text)
const source = fc
  .oneof(
    { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...scripts), fc.array(change, { minLength: 1, maxLength: 4 })) },
    fc.tuple(fc.constant(''), fc.array(change, { minLength: 1, maxLength: 30 })),
  )
  .map(([text, changes]) => changed(text, changes))

describe(`anything that is handed in (seed ${seed})`, () => {
  test('a script is compiled, or has a problem with a line; nothing is thrown, and what is compiled keeps its lines', (t) => {
    t.diagnostic(`GATEHOUSE_FUZZ_SEED=${seed}`)
    fc.assert(
      fc.property(source, fc.constantFrom('classic' as const, 'modern' as const), (text, dialect) => {
        const made = compileScript(text, { name: 'any', dialect })
        if ('code' in made) return made.code.split('\n').length === text.split('\n').length
        const { line, column, message } = made.problem
        return line >= 1 && column >= 0 && message.length > 0 && message.length <= 600
      }),
      settings(400),
    )
  })

  describe('by a node', () => {
    let close = () => {}
    after(() => close())
    const app = createTestApp({
      after: (end: () => void) => {
        close = end
      },
    })
    const everything = async () => JSON.stringify(await everythingIn((await app).app.means as never))

    test('a service or library is saved or refused, and runs to an end of its own', async () => {
      const { call, developer, createSystem } = await app
      const { key } = await createSystem()
      let before = await everything()
      await fc.assert(
        fc.asyncProperty(source, fc.boolean(), fc.nat(1), async (code, library, engine) => {
          const path = library ? `/codeadmin/v/2/library/${key}/any` : `/admin/code/v/1/${key}/any`
          const body = { code, dependencies: 'clearblade,log', execution_timeout: 1, engine_type: engine }
          const made = await call('POST', path, { developer, body })
          const saved = made.status === 200 ? made : await call('PUT', path, { developer, body })
          assert.ok(saved.status < 500, saved.text)
          if (saved.status >= 400) return assert.equal(await everything(), before)
          if (!library) {
            const run = await call('POST', `/api/v/1/code/${key}/any`, { developer, body: {} })
            assert.ok(run.status === 200 || run.status === 400, run.text)
            if (run.status === 200) assert.equal(typeof run.body?.success, 'boolean', run.text.slice(0, 300))
          }
          before = await everything()
        }),
        settings(15),
      )
    })

    const files = fc.oneof(
      fc.constant(everyKindFiles()),
      packages().map((one) => one.files),
    )
    const spoiled = fc.record({
      which: fc.nat(),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
      name: fc.option(crumb),
    })
    const put = (
      all: ReadonlyMap<string, Buffer>,
      spoils: { which: number; changes: Change[]; name: string | null }[],
    ) => {
      const next = new Map(all)
      for (const { which, changes, name } of spoils) {
        const path = [...next.keys()][which % next.size]!
        const text = changed(
          next.get(path)!.toString('latin1'),
          changes.map((one) => ({ ...one, put: one.put.slice(0, 200) })),
        )
        if (name !== null) next.delete(path)
        next.set(
          name === null ? path : changed(path, [{ at: which, cut: 1, put: name.slice(0, 30) }]),
          Buffer.from(text, 'latin1'),
        )
      }
      return next
    }

    test('a package in an archive is installed or refused, and a refusal leaves no trace', async () => {
      const { call, developer } = await app
      await fc.assert(
        fc.asyncProperty(
          files,
          fc.array(spoiled, { minLength: 1, maxLength: 3 }),
          fc.array(change, { maxLength: 1 }),
          async (all, spoils, bytes) => {
            const archive = await archiveOf(put(all, spoils), '').catch(() => undefined)
            if (archive === undefined) return
            const whole = changed(
              archive.toString('latin1'),
              bytes.map((one) => ({ ...one, put: one.put.slice(0, 20) })),
            )
            const contents = Buffer.from(whole, 'latin1').toString('base64')
            const before = await everything()
            const { status, text, body } = await call('POST', '/admin/v/4/packages/install', {
              developer,
              body: { contents },
            })
            assert.ok(status < 500, text)
            if (status >= 400) return assert.equal(await everything(), before, text)
            const id = body.system.key
            assert.equal(
              (await call('DELETE', '/admin/v/4/systemmanagement', { developer, query: { id } })).status,
              200,
            )
          },
        ),
        settings(15),
      )
    })

    test('a portal is taken, opened and handed on, or refused', async () => {
      const { call, developer, createSystem } = await app
      const system = await createSystem()
      const path = `/api/v/2/portals/${system.key}/Any`
      const configs = [...everyKindFiles()]
        .filter(([name]) => /^portals\//.test(name))
        .map(([, file]) => file.toString())
      const config = fc.oneof(
        fc
          .tuple(fc.constantFrom(...configs), fc.array(change, { maxLength: 3 }))
          .map(([text, changes]) => changed(text, changes)),
        fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value)),
        fc.jsonValue({ maxDepth: 4 }),
      )
      await call('POST', path, { developer, body: { name: 'Any', config: '{}' } })
      const wordings = fc.dictionary(
        fc.constantFrom('name', 'type', 'description', 'last_updated', '__proto__', 'plugins'),
        fc.jsonValue(),
      )
      let before = await everything()
      await fc.assert(
        fc.asyncProperty(config, wordings, async (given, more) => {
          const { status, text } = await call('PUT', path, { developer, body: { ...more, config: given } })
          assert.ok(status < 500, text)
          if (status >= 400) return assert.equal(await everything(), before, text)
          const query = { systemKey: system.key, systemSecret: system.secret, name: 'Any' }
          const { body } = await call('GET', '/console-api/portal/createURL', { developer, query })
          const { searchParams } = new URL(body.url)
          const link = Object.fromEntries(
            ['systemKey', 'systemSecret', 'name'].map((one) => [one, searchParams.get(one)]),
          )
          for (const answer of [
            await call('GET', path, { developer }),
            await call('POST', '/console-api/portal/open', { body: link, developer }),
            await call('GET', `/admin/v/4/system/${system.key}/export`, { developer }),
          ]) {
            assert.ok(answer.status < 500, answer.text.slice(0, 500))
          }
          before = await everything()
        }),
        settings(40),
      )
    })
  })
})
