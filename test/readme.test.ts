/** The README's first sign-in, exactly as written, in a shell, against a node started for it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createTestApp } from './support/app.ts'

const root = resolve(import.meta.dirname, '..')

/** The blocks marked as steps of the walk, in order. */
const steps = [
  ...readFileSync(resolve(root, 'README.md'), 'utf8').matchAll(/<!-- walk -->\n\n```sh\n([\s\S]*?)```/g),
].map((match) => match[1]!)

test('the README leads to a first sign-in by curl and by SDK, step by step', async (t) => {
  const app = await createTestApp(t)
  assert.ok(steps.length >= 6)
  const url = app.app.means.publicUrl()
  const script = steps.map((step) => `${step.replace('http://localhost:9000', url)}\necho; echo ---`).join('\n')
  const bash = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: root,
    env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH}` },
    timeout: 60_000,
  })
  const answers = bash.stdout.split('---\n').map((part) => part.trim())
  assert.match(answers[1]!, /"user_token":"ghu_/)
  const [granted, refused] = answers[3]!
    .split('}{')
    .map((part, index) => JSON.parse(index === 0 ? `${part}}` : `{${part}`))
  assert.match(granted.user_token, /^ghu_/)
  assert.deepEqual(granted.options, { site: 'south' })
  assert.equal(refused.user_token, '')
  assert.deepEqual(refused.options, { reason: 'You do not work at elsewhere.' })
  assert.equal(answers[4], 'Signed in as op@example.com.')
  const traces = JSON.parse(answers[5]!)
  assert.deepEqual(
    traces.map((trace: { decision: string }) => trace.decision),
    ['granted', 'refused', 'granted', 'granted'],
  )
})
