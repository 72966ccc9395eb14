/** Reading and writing held against generated packages of all documented variants, whole and broken. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import fc from 'fast-check'
import { type GeneratedPackage, nativeLibraries, packages } from '../../../../../test/support/package-generator.ts'
import type { PackageFiles, PackageModel } from './model.ts'
import type { Note } from './notes.ts'
import { readPackage } from './read.ts'
import { writePackage } from './write.ts'

const read = (files: PackageFiles) => readPackage(files, { platformLibraries: nativeLibraries })

const shortOf = ({ kind, path, asset }: Note): string =>
  `${kind} ${path ?? (asset === undefined ? '' : `${asset.kind} ${asset.name}`)}`

const textOf = (files: ReadonlyMap<string, Buffer>): string =>
  Array.from(files, ([path, bytes]) => `${path}\n${bytes.toString('utf8')}`).join('\n')

const withoutPasswords = (model: PackageModel): PackageModel => ({
  ...model,
  users: model.users.map((user) => ({ ...user, bringsPassword: false })),
})

describe('packages of every documented variant', () => {
  test('are read into what they hold, with a note for whatever was left out, and no other', () => {
    fc.assert(
      fc.property(packages(), ({ files, model, notes }: GeneratedPackage) => {
        const result = read(files)
        assert.deepEqual(result.model, model)
        assert.deepEqual(result.notes.map(shortOf).sort(), notes)
      }),
      { numRuns: 300 },
    )
  })

  test('leave no key and no password of the exporter in the model, a note or a written file', () => {
    fc.assert(
      fc.property(packages(), ({ files, secrets }: GeneratedPackage) => {
        const { model, notes } = read(files)
        const kept = model.kept.flatMap((asset) => asset.files.map(({ bytes }) => bytes.toString('utf8')))
        const seen = [
          JSON.stringify({ ...model, kept: [] }),
          JSON.stringify(notes),
          ...kept,
          textOf(writePackage(model)),
        ]
        for (const secret of secrets) for (const text of seen) assert.ok(!text.includes(secret), secret)
      }),
      { numRuns: 100 },
    )
  })

  test('come out the same when written and read again, and from then on byte for byte', () => {
    fc.assert(
      fc.property(packages(), ({ files }: GeneratedPackage) => {
        const first = read(files)
        const written = writePackage(first.model)
        const second = read(written)
        assert.deepEqual(second.model, withoutPasswords(first.model))
        assert.deepEqual([...writePackage(second.model)], [...written])
        const quiet = new Set(['kept', 'dangling', 'skipped'])
        const keptPaths = new Set(first.model.kept.flatMap((asset) => asset.files.map(({ path }) => path)))
        assert.deepEqual(
          second.notes.filter(({ kind, path }) => !quiet.has(kind) && !keptPaths.has(path ?? '')),
          [],
        )
      }),
      { numRuns: 200 },
    )
  })

  test('keep the bytes of what is not active, but for blanked keys', () => {
    fc.assert(
      fc.property(packages(), ({ files, model }: GeneratedPackage) => {
        const written = writePackage(read(files).model)
        for (const { path, bytes } of model.kept.flatMap((asset) => asset.files)) {
          assert.deepEqual(written.get(path), bytes)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('broken packages', () => {
  /** One thing done to one file. */
  const damage = fc.record({
    file: fc.nat(),
    kind: fc.constantFrom('cut', 'drop', 'insert', 'swap value', 'remove', 'bytes', 'move'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    text: fc.constantFrom('"', '{', '}', ',', 'null', '-', '\\', '\u0000', '[[[[', '1e999', '"__proto__":{},'),
    value: fc.constantFrom('null', '1', '"x"', '[]', '{}', 'true', '[null]', '{"Level":{"toString":1}}', '-1.5'),
  })

  test('are refused with the one error that names the file, or read with notes; nothing else is thrown', () => {
    let refused = 0
    fc.assert(
      fc.property(packages(), fc.array(damage, { minLength: 1, maxLength: 3 }), ({ files, secrets }, damages) => {
        const broken = new Map(files)
        for (const one of damages) apply(broken, one)
        try {
          writePackage(read(broken).model)
        } catch (error) {
          assert.ok(error instanceof GatehouseError, String(error))
          assert.equal(error.kind, 'badPackage')
          const said = `${error.detail} ${error.hint ?? ''}`
          assert.ok(
            [...broken.keys(), 'system.json'].some((path) => said.includes(path)) || said.includes('no path inside'),
            said,
          )
          for (const secret of secrets) assert.ok(!said.includes(secret), said)
          refused += 1
        }
      }),
      { numRuns: 600 },
    )
    assert.ok(refused > 50, `only ${refused} were refused`)
  })

  type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

  function apply(files: Map<string, Buffer>, { file, kind, at, text, value }: Damage): void {
    const paths = [...files.keys()]
    const path = paths[file % paths.length]!
    const bytes = files.get(path)!
    const place = Math.floor(at * bytes.length)
    const body = bytes.toString('utf8')
    const characterAt = Math.floor(at * body.length)
    if (kind === 'cut') files.set(path, bytes.subarray(0, place))
    if (kind === 'drop') files.set(path, Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]))
    if (kind === 'insert') files.set(path, Buffer.from(body.slice(0, characterAt) + text + body.slice(characterAt)))
    if (kind === 'bytes') files.set(path, Buffer.concat([bytes.subarray(0, place), Buffer.from([0xc3, 0x28])]))
    if (kind === 'remove') files.delete(path)
    if (kind === 'move') {
      files.delete(path)
      files.set(at < 0.5 ? path.replace('/', '/x/') : `${path}.json`, bytes)
    }
    if (kind === 'swap value') {
      // Somewhere after a colon, the value is another one: still JSON, often of the wrong type.
      let index = 0
      const count = body.match(/: ?(?:"[^"]*"|\d+|true|false|null)/g)?.length ?? 0
      const chosen = Math.floor(at * count)
      files.set(
        path,
        Buffer.from(
          body.replace(/: ?(?:"[^"]*"|\d+|true|false|null)/g, (all) => (index++ === chosen ? `:${value}` : all)),
        ),
      )
    }
  }
})
