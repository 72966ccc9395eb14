/** The process that does the same work as the node without the product: behind Fastify, or in a loop of its own. */
import { randomBytes } from 'node:crypto'
import { type Argon2id, argon2id, argon2idOfNode } from '../../packages/server/src/base/argon2.ts'
import { passwordCost } from '../../packages/server/src/base/secrets.ts'
import type { Sandbox, SandboxStatus } from '../../packages/server/src/sandbox/sandbox.ts'
import { answerQuestions } from '../children.ts'
import { closedLoop, type Measured, type Pace } from '../closed-loop.ts'
import { newReading } from '../rows.ts'
import { type BareDatabase, openPostgres, openSqlite } from './database.ts'
import { serve } from './http.ts'
import { openSandbox, runnerOf } from './sandbox.ts'

export type BareWork = 'argon2id' | 'argon2idOfNode' | 'constant' | 'readAndCreate' | 'insert'

export type BareOptions = { folder: string; databaseUrl: string | undefined }

export type BareFacts = { port: number; keys: string[]; database: string; walls: SandboxStatus['walls'] }

type Opened = { database: BareDatabase; sandbox: Sandbox }

const hashing = (hash: Argon2id) => () => hash('a password of usual length', randomBytes(16), passwordCost)

function doing(work: BareWork, { database, sandbox }: Opened): () => Promise<unknown> {
  if (work === 'argon2id') return hashing(argon2id)
  if (work === 'argon2idOfNode') return hashing(argon2idOfNode)
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
