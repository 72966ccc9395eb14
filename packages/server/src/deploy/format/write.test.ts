/** What a person finds in the files that are written. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readJson, writeJson } from './json.ts'
import type { PackageModel, PackageRole } from './model.ts'
import { byCodePoint, fileNameOf, isFileNameOf } from './names.ts'
import { readPackage } from './read.ts'
import { writePackage } from './write.ts'

const empty: PackageModel = {
  system: { name: 'S', description: '', platformUrl: '', messagingUrl: '', extra: {} },
  services: [],
  libraries: [],
  collections: [],
  roles: [],
  grants: [],
  userTable: { columns: [], extra: {} },
  users: [],
  kept: [],
}

const role = (name: string): PackageRole => ({
  name,
  description: '',
  rights: [],
  limited: [],
  otherRights: {},
  extra: {},
})

describe('JSON as cb-cli writes it', () => {
  test('has four spaces, sorted keys, escaped < > &, and no newline at the end', () => {
    const value = { b: ['<&>', {}], a: [], '10': -0, '9': 1e21, ä: '\u2028 "' }
    const wanted = [
      '{',
      '    "10": -0,',
      '    "9": 1e+21,',
      '    "a": [],',
      '    "b": [',
      '        "\\u003c\\u0026\\u003e",',
      '        {}',
      '    ],',
      '    "ä": "\\u2028 \\""',
      '}',
    ].join('\n')
    assert.equal(writeJson(value).toString('utf8'), wanted)
  })

  test('says the same as before it was written, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), (value) => {
        const plain = JSON.parse(JSON.stringify(value))
        assert.deepEqual(readJson('x', writeJson(plain)).value, plain)
      }),
    )
  })

  test('is taken by the reader exactly where JSON.parse takes it', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '\\u00e9',
      '0',
      '-',
      '1.5',
      'e',
      '+',
      'true',
      'null',
      'nul',
      ' ',
      '\n',
      '\t',
      'ü',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        let wanted: unknown
        try {
          wanted = { value: JSON.parse(text) }
        } catch {
          wanted = undefined
        }
        let found: unknown
        try {
          found = { value: readJson('x', Buffer.from(text)).value }
        } catch {
          found = undefined
        }
        assert.deepEqual(found, wanted)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('names of files', () => {
  test('are the names of assets, but for what no disk takes or what leads elsewhere', () => {
    const cases: [string, string][] = [
      ['Two Factor Login', 'Two Factor Login'],
      ['jo@example.com', 'jo@example.com'],
      ['größe', 'größe'],
      ['../../etc/passwd', '..%2F..%2Fetc%2Fpasswd'],
      ['..', '%2E%2E'],
      ['a\\b:c', 'a%5Cb%3Ac'],
      ['100%', '100%25'],
      ['CON', '%43ON'],
      ['con.x', '%63on.x'],
      ['ends.', 'ends%2E'],
      ['\u0000', '%00'],
    ]
    for (const [name, wanted] of cases) assert.equal(fileNameOf(name), wanted)
  })

  test('never leave their folder, are never too long, and are known again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (name) => {
        const file = fileNameOf(name)
        assert.ok(Buffer.byteLength(file) <= 240)
        assert.doesNotMatch(file, /[/\\\0]|^\.+$/)
        assert.ok(isFileNameOf(file, name))
      }),
    )
  })

  test('are apart on disks that take upper and lower case for one, and say nothing odd when read', () => {
    const model = {
      ...empty,
      roles: [role('Admin'), role('admin'), role('a/b')].sort((a, b) => byCodePoint(a.name, b.name)),
    }
    const files = writePackage(model)
    const roles = [...files.keys()].filter((path) => path.startsWith('roles/'))
    assert.deepEqual(roles, ['roles/Admin.json', 'roles/a%2Fb.json', 'roles/admin~2.json'])
    assert.deepEqual(readPackage(files), { model, notes: [] })
  })
})

test('an empty model is a package of two files, and a part of a system has no system.json', () => {
  assert.deepEqual([...writePackage(empty).keys()], ['system.json', 'users/schema.json'])
  const part = { ...empty, system: undefined }
  assert.deepEqual(readPackage(writePackage(part), { partial: true }), { model: part, notes: [] })
})

test('any names at all come back as they were', () => {
  const names = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), { maxLength: 6 })
  fc.assert(
    fc.property(names, (chosen) => {
      const model = { ...empty, roles: chosen.sort(byCodePoint).map(role) }
      assert.deepEqual(readPackage(writePackage(model)), { model, notes: [] })
    }),
  )
})
