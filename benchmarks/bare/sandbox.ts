/** The sandbox with the product's library in it, and a host that answers from memory: no HTTP, no rights, no database. */
import { readFileSync } from 'node:fs'
import { preludeSource } from '../../packages/server/src/engine/prelude/prelude.ts'
import { compileScript } from '../../packages/server/src/sandbox/compile.ts'
import { createSandbox, type Host, type Job, type Sandbox } from '../../packages/server/src/sandbox/sandbox.ts'
import { readings } from '../rows.ts'

const processes = 2

export const openSandbox = (): Promise<Sandbox> =>
  createSandbox({
    prelude: preludeSource(),
    maxProcesses: processes,
    placesPerTenant: processes,
    waitingPlaces: { all: 512, perTenant: 256 },
    waitMs: 10_000,
    allowWeakWalls: true,
  })

const answers: Record<string, unknown> = {
  'data.fetch': {
    DATA: [{ item_id: '0197-1', ...readings[0] }],
    TOTAL: 1,
    CURRENTPAGE: 1,
    NEXTPAGEURL: null,
    PREVPAGEURL: null,
  },
  'data.create': [{ item_id: '0197-2' }],
}

const host: Host = async (name) => {
  if (!(name in answers)) throw new Error(`The service asked for ${name}, which the bare side does not answer.`)
  return answers[name]
}

/** Runs a service once; the job is made anew, as a call makes it, its script is the same. Throws unless it succeeded. */
export function runnerOf(sandbox: Sandbox, service: string): () => Promise<void> {
  const file = new URL(`../services/${service}.service.js`, import.meta.url)
  const compiled = compileScript(readFileSync(file, 'utf8'), { name: service, dialect: 'classic' })
  if (!('code' in compiled)) throw new Error(`${service} does not compile`)
  const scripts = [{ name: service, code: compiled.code }]
  const limits = {
    wallMs: 60_000,
    cpuMs: 30_000,
    memoryMb: 128,
    resultBytes: 8 * 1024 * 1024,
    logBytes: 256 * 1024,
    hostCalls: 10_000,
  }
  return async () => {
    const job: Job = { tenant: 'bench', scripts, entry: service, facts: factsOf(service), limits, depth: 0 }
    const { ending } = await sandbox.run(job, host)
    const succeeded = ending.kind === 'answered' && 'success' in ending.answer && ending.answer.success
    if (!succeeded) throw new Error(`The bare run of ${service} ended: ${JSON.stringify(ending)}`)
  }
}

/** Of the size and shape that the engine hands to a run. */
const factsOf = (service: string) => ({
  req: {
    params: { id: '0197-1' },
    systemKey: 'e4b8d6b40ccafb8ed1f4e0b6b2ab01',
    systemSecret: 'E4B8D6B40CCAFB8ED1F4E0B6B2AB01',
    userid: '0197-3',
    userEmail: 'user-0@example.com',
    isLogging: false,
    service_instance_id: crypto.randomUUID(),
    caller: { userid: '0197-3', userEmail: 'user-0@example.com' },
  },
  natives: ['clearblade'],
  cbmeta: {
    system_key: 'e4b8d6b40ccafb8ed1f4e0b6b2ab01',
    system_secret: 'E4B8D6B40CCAFB8ED1F4E0B6B2AB01',
    service_name: service,
    service_id: '0197-4',
    platform_url: 'localhost:9000',
    node_id: '0197-5',
    is_edge: false,
    code_versions: { [service]: 1 },
  },
  platformUrl: 'http://localhost:9000',
  isEdge: false,
  edgeId: '',
  logging: false,
  version: '0.1.0',
})
