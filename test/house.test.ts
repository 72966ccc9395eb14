/** The house keeps its order: imports go one way, heavy libraries stay in their folder, no file falls out of the layout. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const source = 'packages/server/src'

/** Rows of the import order; folders in one row do not import each other. */
const rows: string[][] = [
  ['base', 'config'],
  ['store', 'sandbox', 'egress'],
  ['domain/access'],
  ['domain/accounts', 'domain/data', 'domain/code', 'domain/systems', 'domain/edges'],
  ['domain/sending'],
  ['domain/auth'],
  ['engine', 'edge', 'deploy'],
  ['http', 'operate'],
  ['app.ts'],
  ['main.ts'],
]

/** The one folder that may import a library. */
const homes: Record<string, string> = {
  kysely: 'store',
  'better-sqlite3': 'store',
  pg: 'store',
  re2js: 'store',
  'isolated-vm': 'sandbox',
  acorn: 'sandbox',
  'magic-string': 'sandbox',
  undici: 'egress',
  'ipaddr.js': 'egress',
  'libphonenumber-js/max': 'domain/accounts',
  qr: 'domain/accounts',
  '@simplewebauthn/server': 'domain/accounts',
  '@simplewebauthn/server/helpers': 'domain/accounts',
  nodemailer: 'domain/sending',
  'isomorphic-git': 'deploy',
  yauzl: 'deploy',
  yazl: 'deploy',
  tar: 'deploy',
  'markdown-it': 'deploy',
  fastify: 'http',
  '@fastify/cors': 'http',
  '@fastify/proxy-addr': 'http',
  '@fastify/static': 'http',
  '@fastify/swagger': 'http',
  pino: 'base',
  'mmdb-lib': 'base',
  ws: 'edge',
}

type Import = { file: string; to: string; typeOnly: boolean }

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found: Import[] = []
  const pattern = /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|(?:import|require)\('([^']+)'\)/gm
  for (const match of text.matchAll(pattern))
    found.push({ file, to: (match[2] ?? match[3])!, typeOnly: match[1] !== undefined })
  return found
}

const files = globSync(`${source}/**/*.ts`, { cwd: root }).filter(
  (file) => !/\.(test|suite|fixture)\.ts$|test-run\.ts$/.test(file),
)

const rowOf = (path: string): number =>
  rows.findIndex((row) => row.some((folder) => path === folder || path.startsWith(`${folder}/`)))
const folderOf = (path: string): string | undefined =>
  rows.flat().find((folder) => path === folder || path.startsWith(`${folder}/`))

test('every source file stands in a folder that the import order knows', () => {
  const strays = files.map((file) => relative(source, file)).filter((path) => rowOf(path) === -1)
  assert.deepEqual(strays, [])
})

test('a file imports only from rows above its own', () => {
  const wrong: string[] = []
  for (const { file, to } of files.flatMap(importsOf)) {
    if (!to.startsWith('.')) continue
    const from = relative(source, file)
    const target = relative(source, join(dirname(file), to))
    const [own, other] = [folderOf(from), folderOf(target)]
    if (own === other) continue
    if (rowOf(target) >= rowOf(from)) wrong.push(`${from} imports ${target}`)
  }
  assert.deepEqual(wrong, [])
})

test('each heavy library is imported by one folder', () => {
  const wrong: string[] = []
  for (const { file, to, typeOnly } of files.flatMap(importsOf)) {
    const home = homes[to]
    const path = relative(source, file)
    // app.ts builds everything, so it may name types of what it holds.
    if (
      home !== undefined &&
      !path.startsWith(`${home}/`) &&
      !(typeOnly && (path === 'app.ts' || path.startsWith('http/')))
    ) {
      wrong.push(`${path} imports ${to}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('the contract imports nothing of the server, and the engine never imports sign-in', () => {
  const contract = globSync('packages/contract/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  for (const { file, to } of contract.flatMap(importsOf))
    assert.ok(!to.includes('server') && !to.startsWith('../../'), `${file} imports ${to}`)
  for (const { file, to } of files.filter((name) => name.startsWith(`${source}/engine/`)).flatMap(importsOf)) {
    assert.ok(!to.endsWith('auth/sign-in.ts') && !to.endsWith('auth/register.ts'), `${file} imports ${to}`)
  }
})

test('the client imports nothing but the contract and itself', () => {
  const client = globSync('packages/client/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  assert.ok(client.length > 0)
  const foreign = client.flatMap(importsOf).filter(({ to }) => !/^(\.\/|@gatehouse\/contract\/)/.test(to))
  assert.deepEqual(foreign, [])
})

test('only config reads the environment', () => {
  const readers = files.filter(
    (file) => !file.startsWith(`${source}/config/`) && /process\.env\b/.test(readFileSync(join(root, file), 'utf8')),
  )
  assert.deepEqual(readers, [])
})

test('the lock file names no registry and no machine', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const resolved = Object.entries<{ resolved?: string; link?: boolean }>(lock.packages)
    .filter(([, entry]) => entry.resolved !== undefined && entry.link !== true)
    .map(([name]) => name)
  assert.deepEqual(resolved, [])
})
