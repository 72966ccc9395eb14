/** docs/operate.md: its commands, typed as they stand there against a node of their own; its options and its metrics. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type OptionDeclaration, optionDeclarations } from '../packages/server/src/config/options.ts'
import { stepsOf, typed } from './support/document.ts'
import { startNode } from './support/node-process.ts'

const guide = 'docs/operate.md'
const text = readFileSync(new URL(`../${guide}`, import.meta.url), 'utf8')

test('the commands of the guide do what it says: backup and audit beside a node, restore and another key without one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-operate-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [data, backups] = [join(folder, 'data'), folder]
  const here = (script: string) => script.replaceAll('/var/lib/gatehouse', data).replaceAll('/backups', backups)
  const person = { email: 'dev@example.com', password: 'correct horse battery' }
  const env = { GATEHOUSE_DEVELOPER_EMAIL: person.email, GATEHOUSE_DEVELOPER_PASSWORD: person.password }
  const running = stepsOf(guide, ['running']).map(({ script }) => here(script))
  const stopped = stepsOf(guide, ['stopped']).map(({ script }) => here(script))
  assert.deepEqual([running.length, stopped.length], [2, 2])

  const node = await startNode(t, ['--data', data], env)
  const { body } = await node.call('POST', '/admin/auth', { body: person })
  const [backup, verify] = await typed(running)
  assert.match(backup!, /gatehouse-2026-11-25, \d+ bytes, as of /)
  assert.match(verify!, /^ok {4}node [0-9a-f]{12}: 2 rows/)
  const metrics = (await node.call('GET', '/metrics')).text
  const names = [...text.matchAll(/`((?:gatehouse|process|nodejs)_\w+)`/g)].map(([, name]) => name!)
  assert.ok(names.length >= 6)
  for (const name of names) assert.ok(metrics.includes(name), `the node knows no figure ${name}`)
  node.signal('SIGTERM')
  await node.ended

  const [restore, key] = await typed(stopped)
  assert.match(restore!, /Ended: 1 sessions/)
  assert.match(key!, /The node has a new key/)
  const again = await startNode(t, ['--data', data], env)
  assert.equal((await again.call('GET', '/admin/allsystems', { developer: body.dev_token })).status, 401)
  assert.equal((await again.call('POST', '/admin/auth', { body: person })).status, 200)
})

test('the table of options names every option and its environment, and nothing else', () => {
  const rows = [...text.matchAll(/^\| (`--[^|]+) \| (`[A-Z][^|]+) \|/gm)]
  const told = rows.flatMap(([, flags, environment]) => {
    const names = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
    return names(flags!).map((flag, index) => `${flag} ${names(environment!)[index]}`)
  })
  const declared = optionDeclarations.map(({ flag, env }: OptionDeclaration) => `--${flag} ${env}`)
  assert.deepEqual(told.sort(), declared.sort())
})

test('every link inside the guide leads to a heading of it', () => {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const [, place] of text.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(headings.includes(place!), `#${place}`)
})
