/** `gatehouse doctor`: tells whether a node could start here, and what stands in the way. Brings an older schema up to date, as a start would. */
import { createServer } from 'node:net'
import { openNode } from '@gatehouse/server/app.ts'
import { createLog } from '@gatehouse/server/base/log.ts'
import { type Config, readConfig } from '@gatehouse/server/config/config.ts'
import { strongestWalls } from '@gatehouse/server/sandbox/walls.ts'

type Finding = { what: string; ok: boolean; says: string }

export async function doctor(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(
      'gatehouse doctor: check what "gatehouse start" with the same options would need; exits 0 when all is well',
    )
    return 0
  }
  const config = readConfig(args)
  const findings = [await port(config), await data(config), await walls(), clock()]
  for (const { what, ok, says } of findings) console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}: ${says}`)
  return findings.every(({ ok }) => ok) ? 0 : 1
}

function port(config: Config): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      const says = error.code === 'EADDRINUSE' ? `${config.port} is taken (perhaps by a running node)` : error.message
      resolve({ what: 'port', ok: false, says })
    })
    server.listen(config.port, config.host, () => {
      server.close(() => resolve({ what: 'port', ok: true, says: `${config.host}:${config.port} is free` }))
    })
  })
}

async function data(config: Config): Promise<Finding> {
  try {
    const { store } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
    await store.close()
    const database = config.databaseUrl === undefined ? 'SQLite' : 'PostgreSQL'
    return {
      what: 'folder, key and database',
      ok: true,
      says: `${config.dataFolder}, ${database}, the key belongs to it`,
    }
  } catch (error) {
    return { what: 'folder, key and database', ok: false, says: (error as Error).message }
  }
}

async function walls(): Promise<Finding> {
  const { inForce } = await strongestWalls()
  const ok = inForce.namespaces && inForce.emptyRoot
  return {
    what: 'walls round code',
    ok,
    says: ok
      ? `kernel namespaces and an empty root${inForce.systemCalls ? ', a filter of system calls' : ', no filter of system calls'}`
      : 'the kernel gives no namespaces; production then wants --weak-sandbox',
  }
}

function clock(): Finding {
  const year = new Date().getUTCFullYear()
  const ok = year >= 2026 && year < 2100
  return { what: 'clock', ok, says: `${new Date().toISOString()}${ok ? '' : ', which cannot be right'}` }
}
