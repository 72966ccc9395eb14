/** What a node says at its start, seen from outside. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startNode } from '../../../test/support/node-process.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-start-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('in development a node says at its start where messages go', async (t) => {
  const plain = await startNode(t, ['--data', folder(t)])
  assert.match(await plain.line(/^Messages: /), /https:\/\/api\.twilio\.com goes to the inbox/)
  const route = 'https://api.twilio.com=http://127.0.0.1:9555'
  const routed = await startNode(t, ['--data', folder(t), '--route', route])
  assert.match(await routed.line(/^Messages: /), /goes to http:\/\/127\.0\.0\.1:9555, by --route/)
})
