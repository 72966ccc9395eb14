import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Run } from '../run.ts'
import { answerCall } from './table.ts'

/** What a service is told of a host call that failed with this. */
async function told(failure: Error): Promise<unknown> {
  const run = { scope: {} } as Run
  const table = { reads: () => Promise.reject(failure) }
  const more = { signal: new AbortController().signal, waiting: <T>(work: Promise<T>) => work }
  return answerCall(table, run, 'reads', {}, more).catch((error) => error)
}

test('a service is told that the database is away, and of other failures nothing', async () => {
  const ended = Object.assign(new Error('terminating connection, secret.example.com'), { code: '57P01' })
  const away = await told(ended)
  assert.ok(away instanceof GatehouseError)
  assert.deepEqual([away.kind, away.detail], ['unavailable', 'The database cannot answer.'])
  const other = new TypeError('a mistake of ours')
  assert.equal(await told(other), other)
})
