/** The walk of packages from the command line, as the docs show it: `examples/packages`. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { noGit } from '../../examples/packages/git-server.ts'

const root = resolve(import.meta.dirname, '../..')
const why = noGit()
const skip = why === undefined ? false : `${why}, so the walk leaves a step out`

test('packages go in, round and back from the command line as the transcript shows', { skip }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['examples/packages/walk.ts'], {
    cwd: root,
    timeout: 120_000,
  })
  const recorded = readFileSync(resolve(root, 'examples/packages/transcript.txt'), 'utf8')
  // What a change prints otherwise on purpose is recorded so: node examples/packages/walk.ts > examples/packages/transcript.txt
  assert.deepEqual(stdout.split('\n'), recorded.split(/\r?\n/))
})
