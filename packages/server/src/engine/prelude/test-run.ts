/**
 * For the tests of this folder: runs a service's text in the real sandbox with the library in front of it, against a table
 * of host calls that is recorded. Nothing here runs in the product.
 */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { compileScript } from '../../sandbox/compile.ts'
import type { Outcome } from '../../sandbox/sandbox.ts'
import { createSandbox } from '../../sandbox/sandbox.ts'
import { preludeSource } from './prelude.ts'

export type Call = { name: string; args: Record<string, unknown> }

/** Host call name → its value, or a function that answers it (and may throw a GatehouseError). */
export type Table = Record<string, unknown>

export type Setting = {
  table?: Table
  natives?: string[]
  req?: Record<string, unknown>
  facts?: Record<string, unknown>
  dialect?: 'classic' | 'modern'
  wallMs?: number
}

export type Ran = {
  outcome: Outcome
  calls: Call[]
  /** `['success', value]`, `['error', value]`, `['send', answer]`, or the ending that was no answer. */
  result: unknown[]
}

const facts = {
  req: {
    params: {},
    systemKey: 'c0ffee',
    systemSecret: 'SECRET',
    userEmail: 'ann@example.com',
    userid: 'ann-id',
    isLogging: false,
    service_instance_id: 'instance-1',
    caller: { userid: 'bob-id', userEmail: 'bob@example.com' },
  },
  cbmeta: { system_key: 'c0ffee', platform_url: 'http://gatehouse.example:9000', is_edge: false },
  platformUrl: 'http://gatehouse.example:9000',
  isEdge: false,
  edgeId: '',
  dialect: 'classic',
  isAuthService: false,
}

/** One sandbox per test file, closed after its tests. `service` runs the body of `svc(req, resp)`; `run` whole scripts. */
export async function openRuns() {
  const sandbox = await createSandbox({
    prelude: preludeSource(),
    maxProcesses: 1,
    placesPerTenant: 1,
    waitingPlaces: { all: 1, perTenant: 1 },
    waitMs: 20_000,
    allowWeakWalls: true,
  })
  after(() => sandbox.close())

  async function run(source: string, setting: Setting = {}): Promise<Ran> {
    const compiled = compileScript(source, { name: 'svc', dialect: setting.dialect ?? 'modern' })
    assert.ok('code' in compiled, JSON.stringify(compiled))
    const calls: Call[] = []
    const table: Table = { 'run.token': 'run-token', 'run.callerToken': 'caller-token', ...setting.table }
    const outcome = await sandbox.run(
      {
        tenant: 'test',
        scripts: [{ name: 'svc', code: compiled.code }],
        entry: 'svc',
        facts: {
          ...facts,
          natives: setting.natives ?? ['clearblade', 'http', 'log', 'clearblade_async', 'crypto', 'jsutil', 'signin'],
          logging: true,
          ...setting.facts,
          req: { ...facts.req, ...setting.req },
        },
        limits: {
          wallMs: setting.wallMs ?? 20_000,
          cpuMs: 10_000,
          memoryMb: 64,
          resultBytes: 1_000_000,
          logBytes: 100_000,
          hostCalls: 1000,
        },
        depth: 0,
      },
      async (name, args) => {
        calls.push({ name, args: args as Record<string, unknown> })
        assert.ok(name in table, `unexpected host call ${name}`)
        const answer = table[name]
        return typeof answer === 'function' ? answer(args) : answer
      },
    )
    const { ending } = outcome
    let result: unknown[] = [ending.kind]
    if (ending.kind === 'answered') {
      result =
        'send' in ending.answer
          ? ['send', ending.answer]
          : [ending.answer.success ? 'success' : 'error', ending.answer.value]
    } else if (ending.kind === 'threw' || ending.kind === 'would-not-load') {
      result = [ending.kind, ending.error.message]
    }
    return { outcome, calls, result }
  }

  const service = (body: string, setting?: Setting) => run(`function svc(req, resp) {\n${body}\n}`, setting)

  return { run, service }
}
