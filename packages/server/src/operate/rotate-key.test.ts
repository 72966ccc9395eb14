/** Turning the node key: everything opens as before, nothing under the old key, and a cut anywhere leaves a node that starts. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createTestApp, type TestApp } from '../../../../test/support/app.ts'
import { startCommand, until } from '../../../../test/support/node-process.ts'
import { openNode } from '../app.ts'
import { hour, systemClock } from '../base/clock.ts'
import { createLog } from '../base/log.ts'
import { nodeKey } from '../base/node-key.ts'
import { readConfig } from '../config/config.ts'
import { archiveOf } from '../deploy/catalogue.ts'
import { everyKindFiles, secretTexts } from '../deploy/every-kind.fixture.ts'
import { developerScope, filesOf, service, systemScope } from '../deploy/import.fixture.ts'
import { openedFile } from '../deploy/sealed.ts'
import { SoftwarePasskey } from '../domain/accounts/software-passkey.fixture.ts'
import { stepAt, totpCode } from '../domain/accounts/totp.ts'
import { secondFactorSystem } from '../domain/auth/second-factor.fixture.ts'
import { platformKey } from '../domain/edges/platform-key.ts'
import { openSecret } from '../domain/systems/secrets.ts'
import { databaseOf } from '../store/store.ts'
import { verifyAudit } from '../store/tables/audit.ts'
import { listKeptFiles } from '../store/tables/packages.ts'
import { rotateKey } from './rotate-key.ts'

const email = 'op@example.com'
const password = 'the plant is quiet'
const first = await createTestApp({ after })
const config = readConfig(['--data', first.dataFolder], {
  ...(first.databaseUrl !== undefined && { DATABASE_URL: first.databaseUrl }),
})
const keyText = () => readFileSync(config.keyFile, 'utf8').trim()
const pageOf = (app: TestApp) => `http://localhost:${new URL(app.app.means.publicUrl()).port}`

const system = await secondFactorSystem(first)
const { key } = system
const userId = await first.createUser(system, email, password, { sms_phone: '+14155550123' })
const post = (app: TestApp, path: string, body: Record<string, unknown>, more = {}) =>
  app.call('POST', path, { developer: app.developer, body, ...more })
await post(first, `/admin/v/4/system/${key}/secrets`, { name: 'K', value: 'the value of a secret' })
const kept = new Map([...everyKindFiles()].filter(([path]) => !/^(code|data|roles|users)\//.test(path)))
await post(first, `/api/v/1/systemmigration/${key}/upload`, {
  contents: (await archiveOf(kept, '')).toString('base64'),
})
const packed = (await archiveOf(filesOf(service('packed')), '')).toString('base64')
await post(first, '/admin/v/4/packages/install', { contents: packed, system: key })

const own = '/api/v/4/user/authenticators'
const origin = (app: TestApp) => ({ system, headers: { origin: pageOf(app) } })
async function enrolled(kind: 'totp' | 'passkey', answer: (begun: any) => unknown): Promise<any> {
  const given = await post(first, `/admin/v/4/system/${key}/users/${userId}/enrolment`, {})
  const with_ = { email, password, enrolment: given.body.enrolment }
  const begun = await first.call('POST', `${own}/enrol`, { body: { ...with_, kind }, ...origin(first) })
  const done = await first.call('POST', `${own}/confirm`, {
    body: { ...with_, code: answer(begun.body) },
    ...origin(first),
  })
  assert.equal(done.body.state, 'bound', done.text)
  return begun.body
}
const passkey = new SoftwarePasskey()
await enrolled('passkey', (begun) => passkey.create(begun.passkey, pageOf(first)))
/** As an app does it with the secret that it is shown in base 32. */
function codeAt(shown: string, now: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...shown.replace(/[^A-Z2-7]/g, '')]
    .map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  const bytes = bits.match(/[01]{8}/g)!.map((byte) => Number.parseInt(byte, 2))
  return totpCode(Buffer.from(bytes).toString('hex'), stepAt(now))
}
const app = await enrolled('totp', ({ secret }) => codeAt(secret, first.app.means.clock.now()))

const ask = (node: TestApp, body: Record<string, unknown>) =>
  node.call('POST', '/api/v/1/user/auth', { body: { ...body }, ...origin(node) })
const begin = async (node: TestApp, kind: string) => (await ask(node, { email, password, kind })).body.options
const underWay = await begin(first, 'phone')
const lastCode = async (node: TestApp): Promise<string> => {
  const { body } = await node.call('GET', `/admin/v/4/system/${key}/inbox`, { developer: node.developer })
  return /\d{6}/.exec(body.at(-1).body)![0]
}
const codeUnderWay = await lastCode(first)

test('the key of a database is not turned under a node that works on it', async () => {
  const before = keyText()
  await assert.rejects(rotateKey(config, { clock: systemClock }), /A node works on this database/)
  assert.equal(keyText(), before)
  assert.equal((await first.call('GET', '/healthz')).status, 200)
})

test('everything opens under the new key as it did, nothing under the old one, and what was under way has ended', async (t) => {
  const { publicKey } = await platformKey(first.app.means)
  await first.app.close()
  const before = keyText()
  const old = nodeKey(Buffer.from(before, 'hex'))
  const done = await rotateKey(config, { clock: systemClock })
  assert.notEqual(keyText(), before)
  assert.equal(readFileSync(done.formerKey, 'utf8').trim(), before)
  for (const file of [config.keyFile, done.formerKey]) assert.equal(statSync(file).mode & 0o077, 0)
  assert.deepEqual([done.sealed.secrets, done.sealed.authenticators, done.sealed.packages], [1, 3, 1])
  assert.ok(done.sealed.files >= 4)
  assert.equal(done.sealed.links, 1)
  assert.deepEqual([done.unreadable, done.auditLeft, done.ended.challenges], [0, 0, 1])

  const node = await createTestApp(t, { beside: first })
  const scope = await systemScope(await developerScope(node), key)
  assert.equal((await openSecret(scope, 'K')).value, 'the value of a secret')
  assert.equal((await platformKey(node.app.means)).publicKey, publicKey, 'edges know their platform again')
  const files = await listKeptFiles(scope.data, { kind: 'secret' })
  assert.ok(files.some((file) => openedFile(scope, file).bytes.includes(secretTexts[0]!)))
  const rows = await databaseOf(scope.store).selectFrom('secrets').select('sealed').execute()
  for (const { sealed } of rows)
    assert.throws(() => old.unseal('secrets', ['secret', key, 'K'], sealed), /does not open/)

  const isIn = ({ body, text }: { body: any; text: string }) => assert.ok(body.user_token, text)
  const stale = await ask(node, { factor_id: underWay.factor_id, code: codeUnderWay })
  assert.ok(!stale.body.user_token, 'a code from before is good no more')
  const byPasskey = await begin(node, 'passkey')
  isIn(await ask(node, { factor_id: byPasskey.factor_id, code: passkey.get(byPasskey.passkey, pageOf(node)) }))
  node.advance(hour)
  const byApp = await begin(node, 'totp')
  isIn(await ask(node, { factor_id: byApp.factor_id, code: codeAt(app.secret, node.app.means.clock.now()) }))
  const byPhone = await begin(node, 'phone')
  isIn(await ask(node, { factor_id: byPhone.factor_id, code: await lastCode(node) }))

  const seal = (text: string) => node.app.means.key.keyedHash('audit', text)
  for (const { problem } of await verifyAudit(scope.store, { seal })) assert.equal(problem, undefined)
  const { body } = await node.call('GET', '/admin/audit?kind=node', { developer: node.developer })
  assert.equal(body.rows[0].action, 'rotate key')
  await node.app.close()
})

const opens = async (): Promise<void> => {
  const { store, key: present } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
  try {
    const row = await databaseOf(store).selectFrom('secrets').select('sealed').executeTakeFirstOrThrow()
    assert.equal(present.unseal('secrets', ['secret', key, 'K'], row.sealed), 'the value of a secret')
  } finally {
    await store.close()
  }
}

test('a rotation that is killed leaves a node that starts and opens its secrets', async () => {
  const env = first.databaseUrl === undefined ? {} : { DATABASE_URL: first.databaseUrl }
  const { child, ended } = startCommand(['key', 'rotate', '--data', first.dataFolder], env as Record<string, string>)
  await until(() => existsSync(`${config.keyFile}.next`) || child.exitCode !== null || undefined, 30_000)
  child.kill('SIGKILL')
  await ended
  await opens()
})

test('one that was cut off between the database and the file is brought to its end by the next start', async () => {
  const { formerKey } = await rotateKey(config, { clock: systemClock })
  const present = keyText()
  renameSync(config.keyFile, `${config.keyFile}.next`)
  renameSync(formerKey, config.keyFile)
  await opens()
  assert.equal(keyText(), present)
  assert.ok(existsSync(formerKey), 'the key before is kept beside it')
  assert.ok(!existsSync(join(first.dataFolder, 'node.key.next')))
  // And so by the next rotation.
  renameSync(config.keyFile, `${config.keyFile}.next`)
  renameSync(formerKey, config.keyFile)
  await rotateKey(config, { clock: systemClock })
  await opens()
})

test('no table has a sealed column that a rotation does not know', async () => {
  const { store } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
  try {
    const tables = await databaseOf(store).introspection.getTables()
    const sealed = tables.flatMap(({ name, columns }) =>
      columns.filter((column) => column.name.includes('sealed')).map((column) => `${name}.${column.name}`),
    )
    // Of what was begun nothing is left after a rotation: it has ended.
    assert.deepEqual(sealed.sort(), [
      'authenticators.sealed',
      'pending_authenticators.sealed',
      'platform_links.sealed',
      'secrets.sealed',
    ])
  } finally {
    await store.close()
  }
})
