/** Edges and deployments from a terminal; that an edge starts and stays in step is `server/src/edge/link.test.ts`. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { filesOf } from '@gatehouse/server/deploy/import.fixture.ts'
import { createTestApp } from '../../../test/support/app.ts'
import { signedIn } from './command.fixture.ts'

test('an edge is made with its token, listed and removed; a deployment is set, set anew and removed', async (t) => {
  const app = await createTestApp(t)
  const { person, url } = await signedIn(t, app)
  const { key } = await app.createSystem('plant')
  const made = await person.json(['edge', 'add', 'hall-3', '--system', 'plant'])
  assert.match(made.token, /^ghl_[\w-]{43}\.[\w-]{32}$/)
  const { stdout } = await person.run(['edge', 'list'])
  const head = /^NAME +STATE +SINCE +IDENTITY SYNC +QUEUED +LAG +CLOCK +VERSION +PROBLEM\n/
  assert.match(stdout, head)
  assert.match(stdout.replace(head, ''), /^hall-3 +waiting +\d{4}-\S+Z +- +- +- +- +- +-\n$/)
  const [listed] = await person.json(['edge', 'list'])
  assert.deepEqual([listed.state, listed.version, listed.clock_difference_ms], ['waiting', '', null])
  const set = ['deployment', 'set', 'hall', '--edge', 'hall-3']
  const first = await person.json([...set, '--collection', 'Readings', '--sign-in', '--users-of', 'Operators'])
  assert.deepEqual(first.sign_in.users, { roles: ['Operators'], emails: [] })
  const second = await person.json([...set, '--service', 'report', '--portal', 'Hall'])
  assert.deepEqual([second.sign_in, second.assets.length], [null, 2])
  assert.deepEqual([second.assets[1].asset_class, second.assets[1].asset_id], ['portals', 'Hall'])
  assert.equal(first.sign_in.sessions, undefined)
  const limits = '--users-of Operators --offline-days 3 --offline-days-of Guards=0.5 --sessions-apart --phones'
  const limited = [...set, '--sign-in', ...limits.split(' ')]
  const third = await person.json(limited)
  assert.deepEqual(third.sign_in.offline, { limit: 259_200, roles: { Guards: 43_200 } })
  assert.deepEqual([third.sign_in.sessions, third.sign_in.phones], ['apart', true])
  const asking = await person.json([...set, '--sign-in', '--users-of', 'Operators', '--near', '0.7', '--requests'])
  assert.deepEqual([asking.sign_in.offline, asking.sign_in.requests], [{ near: 0.7 }, true])
  for (const near of ['0', '1.5', 'x', '1.2.3']) {
    const no = await person.run([...set, '--sign-in', '--near', near])
    assert.deepEqual([no.code, no.stdout], [1, ''], near)
    assert.match(no.stderr, /is no share/)
  }
  const fourth = await person.json([...set, '--both-ways', 'Readings', '--conflicts', 'edge'])
  assert.deepEqual([fourth.assets[0].sync_to_platform, fourth.assets[0].conflicts], [true, 'edge'])
  const rows = '--row Limits/a --row-both-ways Limits/c --copy-of-row Limits/b'
  const once = `--copy-of Recipes --up-only Reports ${rows} --copy-of-service report --copy-of-portal Board`
  const copies = await person.json([...set, ...once.split(' ')])
  assert.deepEqual(
    copies.assets.map((one: any) => [one.asset_class, one.asset_id, one.sync_to_edge, one.sync_to_platform]),
    [
      ['Recipes', '', false, false],
      ['Reports', '', false, true],
      ['Limits', 'a', true, false],
      ['Limits', 'c', true, true],
      ['Limits', 'b', false, false],
      ['services', 'report', false, false],
      ['portals', 'Board', false, false],
    ],
  )
  assert.equal((await person.json(['deployment', 'push', 'hall'])).copied, 5)
  assert.match((await person.run([...set, '--row', 'Limits'])).stderr, /is no row/)
  assert.match((await person.run(['edge', 'show', 'hall-3'])).stdout, /state +waiting/)
  assert.equal((await person.json(['edge', 'retry', 'hall-3'])).retried, true)
  for (const what of ['show', 'retry']) assert.equal((await person.run(['edge', what, 'no-such'])).code, 1)
  assert.equal((await person.run(['deployment', 'push', 'no-such'])).code, 1)
  const half = await person.run([...set, '--user', 'op@example.com'])
  assert.match(half.stderr, /go with --sign-in/)
  assert.deepEqual(await person.json(['edge', 'review', 'hall-3']), [])
  assert.deepEqual(await person.json(['edge', 'requests', 'hall-3']), [])
  assert.equal((await person.run(['edge', 'review', 'no-such'])).code, 1)
  assert.equal((await person.run(['edge', 'requests', 'hall-3', '--approve', 'no-such'])).code, 1)
  const both = await person.run(['edge', 'requests', 'hall-3', '--approve', 'x', '--turn-down', 'x'])
  assert.match(both.stderr, /Either --approve or --turn-down/)
  assert.match((await person.run(['user', 'new-password', 'op@example.com'])).stderr, /no user op@example.com/)
  await app.createUser({ key }, 'op@example.com', 'the plant is quiet')
  const shown = await person.json(['user', 'new-password', 'op@example.com', '--exposed'])
  assert.deepEqual([shown.new_password, shown.ended_sessions], ['exposed', 0])
  const asked = await person.run(['edge', 'lost', 'hall-3'])
  assert.deepEqual([asked.code, asked.stdout], [1, ''])
  assert.match(asked.stderr, /needs --yes. Whoever could sign in at hall-3 needs a new password/)
  assert.match((await person.run(['deployment', 'list'])).stdout, /hall +active +hall-3/)
  assert.equal((await person.run(['deployment', 'remove', 'hall'])).code, 0)
  const none = await person.run(['deployment', 'activate', 'no-such', '--edge', 'hall-3'])
  assert.deepEqual([none.code, none.stdout], [1, ''])

  const start = (...more: string[]) => person.run(['edge', '--system', key, '--name', 'hall-3', '--port', '0', ...more])
  const far = await start('--platform', 'http://192.0.2.1')
  assert.deepEqual([far.code, far.stdout], [1, ''])
  assert.match(far.stderr, /must begin with https:\/\/ beyond this machine/)
  const bare = await start('--platform', url, '--weak-sandbox')
  assert.deepEqual([bare.code, bare.stdout], [1, ''])
  assert.match(bare.stderr, /needs its token/)
  const file = join(person.home, 'token')
  const gateway = await start('--platform', url, '--weak-sandbox', '--message-gateway-file', join(person.home, 'none'))
  assert.deepEqual([gateway.code, gateway.stdout], [1, ''])
  assert.match(gateway.stderr, /--message-gateway-file .* cannot be used/)
  writeFileSync(file, made.token.replace(/_.{4}/, '_AAAA'))
  const wrong = await start('--platform', url, '--weak-sandbox', '--token-file', file)
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /token is not known, or was used already/)
  assert.ok(!`${wrong.stdout}${wrong.stderr}`.includes(made.token.slice(10, 40)))

  const renewed = await person.json(['edge', 'renew', 'hall-3'])
  assert.notEqual(renewed.token, made.token)
  assert.equal((await person.run(['edge', 'renew', 'no-such'])).code, 1)
  assert.equal((await person.run(['edge', 'remove', 'hall-3'])).code, 0)
  await person.run(['edge', 'add', 'hall-4'])
  const gone = await person.run(['edge', 'lost', 'hall-4', '--yes', '--new-secret'])
  assert.match(gone.stdout, /No user was ever sent there\.\n\nsystem_secret +[0-9A-F]+\n/)
  assert.match(gone.stderr, /hall-4 is given up: its link is cut and refused/)
  assert.match((await person.run(['edge', 'list'])).stderr, /no edge yet/)
})

test('a deployment that a package brought says when it is activated what its sign-in lets people do', async (t) => {
  const { person } = await signedIn(t)
  const folder = join(person.home, 'hall')
  const users = { roles: ['Authenticated'], emails: [] }
  const deployment = (name: string, more: object) => ({
    [`deployments/${name}.json`]: {
      name,
      edges: [],
      assets: [],
      sign_in: { collections: [], roles: [], users, ...more },
    },
  })
  const files = {
    ...{ 'package.json': { name: 'hall' }, ...deployment('wide', { phones: true, requests: true }) },
    ...deployment('narrow', { sessions: 'apart' }),
  }
  for (const [path, bytes] of filesOf(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
  const { system_key: key } = await person.json(['package', 'install', folder, '--yes', '--name', 'plant'])
  const activate = async (name: string): Promise<string> =>
    (await person.run(['deployment', 'activate', name, '--all-edges', '--system', key])).stderr
  const wide = await activate('wide')
  assert.match(wide, /Sessions that are made there are good at the platform too/)
  assert.match(wide, /Numbers of phones of its users go to edges/)
  assert.match(wide, /ask you for changes of their own columns/)
  const narrow = await activate('narrow')
  assert.match(narrow, /Sessions are good only where they were made/)
  assert.doesNotMatch(narrow, /Numbers of phones|changes of their own/)
})
