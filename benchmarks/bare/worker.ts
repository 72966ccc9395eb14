/** The process that does the same work as the node without the product: behind Fastify, or in a loop of its own. */
import { argon2, randomBytes } from 'node:crypto'
import type { Sandbox, SandboxStatus } from '../../packages/server/src/sandbox/sandbox.ts'
import { answerQuestions } from '../children.ts'
import { closedLoop, type Measured, type Pace } from '../closed-loop.ts'
import { newReading } from '../rows.ts'
import { type BareDatabase, openPostgres, openSqlite } from './database.ts'
import { serve } from './http.ts'
import { openSandbox, runnerOf } from './sandbox.ts'

export type BareWork = 'argon2id' | 'constant' | 'readAndCreate' | 'insert'

export type BareOptions = { folder: string; databaseUrl: string | undefined }

export type BareFacts = { port: number; keys: string[]; database: string; walls: SandboxStatus['walls'] }

type Opened = { database: BareDatabase; sandbox: Sandbox }

/** The OWASP figure that the product uses: 19 MiB, 2 passes, one lane. */
const argon2id = (): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const message = Buffer.from('a password of usual length')
    const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }
    argon2('argon2id', { message, nonce: randomBytes(16), ...cost }, (error, tag) =>
      error ? reject(error) : resolve(tag),
    )
  })

function doing(work: BareWork, { database, sandbox }: Opened): () => Promise<unknown> {
  if (work === 'argon2id') return argon2id
  if (work === 'insert') return async () => database.insert(newReading)
  return runnerOf(sandbox, work)
}

let opened: Opened | undefined

answerQuestions({
  async open({ folder, databaseUrl }: BareOptions): Promise<BareFacts> {
    const database = databaseUrl === undefined ? openSqlite(folder) : await openPostgres(databaseUrl)
    opened = { database, sandbox: await openSandbox() }
    const { keys, name } = database
    return { port: await serve(database), keys, database: name, walls: opened.sandbox.status().walls }
  },
  async work({ work, pace }: { work: BareWork; pace: Pace }): Promise<Measured> {
    const most = work === 'insert' ? opened!.database.insertsAtOnce : pace.inFlight
    return closedLoop({ ...pace, inFlight: Math.min(most, pace.inFlight) }, doing(work, opened!))
  },
})
