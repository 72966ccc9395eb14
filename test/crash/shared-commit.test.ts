/** Transactions of SQLite share a commit: what holds when the process dies between the end of one and the commit of all. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import BetterSqlite from 'better-sqlite3'

const child = join(import.meta.dirname, 'shared-commit.child.ts')

/** What the child said until it was killed, `after` so many lines. */
async function saidUntilKilled(file: string, after: number): Promise<[string, number][]> {
  const writer = spawn(process.execPath, [child, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  let lines = 0
  writer.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text
    lines += text.split('\n').length - 1
    // A moment later: woken by what it says, one would meet it in the same place each time.
    if (lines >= after) setTimeout(() => writer.kill('SIGKILL'), Math.random() * 20)
  })
  const signal = await new Promise((resolve) => writer.once('close', (_code, by) => resolve(by)))
  assert.equal(signal, 'SIGKILL', 'it ended by itself')
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
    .map(([what, whole]) => [what!, Number(whole)])
}

test('kill -9 among transactions that share a commit: what was kept or seen is whole, what was undone is not there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-commit-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'test.db')
  for (let kill = 0; kill < 6; kill++) {
    const after = randomInt(50, 800)
    const said = await saidUntilKilled(file, after)
    const db = new BetterSqlite(file)
    const parts = new Map(
      db
        .prepare('select whole, count(*) as parts from parts where whole > 0 group by whole')
        .raw()
        .all()
        .map((row) => row as [number, number]),
    )
    db.close()
    for (const [whole, count] of parts) assert.equal(count, 3, `half of ${whole} is there, killed after ${after}`)
    for (const [what, whole] of said) {
      const there = whole === 0 || parts.has(whole)
      assert.equal(there, what !== 'undone', `${what} ${whole}, killed after ${after} lines`)
    }
    assert.ok(said.some(([what]) => what === 'kept') && said.some(([what]) => what === 'seen'))
  }
})
