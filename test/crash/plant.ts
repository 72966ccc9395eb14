/** A started node with a developer, a system and what the crash tests need in it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { developerEmail, developerPassword } from '../support/app.ts'
import { type NodeProcess, startNode } from '../support/node-process.ts'

type Cleanup = { after(fn: () => unknown): void }

export type Place = { args: string[]; env: Record<string, string>; dataFolder: string; databaseUrl: string | undefined }

/** An empty data folder; the database is in it, or the empty PostgreSQL at the URL. */
export async function makePlace(t: Cleanup, databaseUrl?: string): Promise<Place> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'gatehouse-crash-'))
  t.after(() => rmSync(dataFolder, { recursive: true, force: true }))
  const env = {
    GATEHOUSE_DEVELOPER_EMAIL: developerEmail,
    GATEHOUSE_DEVELOPER_PASSWORD: developerPassword,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
  }
  return { args: ['--data', dataFolder], env, dataFolder, databaseUrl }
}

export type Plant = { node: NodeProcess; developer: string; system: { key: string; secret: string } }

export async function startPlant(t: Cleanup, place: Place, args: string[] = []): Promise<Plant> {
  const node = await startNode(t, [...place.args, ...args], place.env)
  const developer = await signInDeveloper(node)
  return { node, developer, system: await createSystem(node, developer) }
}

export async function signInDeveloper(node: NodeProcess): Promise<string> {
  const { body } = await node.call('POST', '/admin/auth', {
    body: { email: developerEmail, password: developerPassword },
  })
  return body.dev_token
}

export async function createSystem(node: NodeProcess, developer: string): Promise<{ key: string; secret: string }> {
  const { body } = await node.call('POST', '/admin/systemmanagement', { developer, body: { name: 'plant' } })
  return { key: body.appID, secret: body.appSecret }
}

export async function createService(
  { node, developer, system }: Plant,
  name: string,
  code: string,
  fields: Record<string, unknown> = {},
): Promise<void> {
  const body = { code, parameters: [], dependencies: 'clearblade,http', ...fields }
  const { status, text } = await node.call('POST', `/admin/code/v/1/${system.key}/${name}`, { developer, body })
  if (status !== 200) throw new Error(text)
}

export type Bay = {
  /** Where a service can say that it is there, and is then held. */
  url: string
  /** The next request that arrives. */
  arrival(): Promise<{ path: string; release(): void }>
}

/** A web server that holds what arrives until it is released: how a test knows that a service runs, and keeps it there. */
export async function openBay(t: Cleanup): Promise<Bay> {
  const arrived: [IncomingMessage, ServerResponse][] = []
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => {
    arrived.push([request, response])
    waiting.shift()?.()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async arrival() {
      if (arrived.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
      const [request, response] = arrived.shift()!
      return { path: request.url ?? '', release: () => response.end('go on') }
    },
  }
}

/** A service that waits at the bay, then answers. */
export const heldService = (name: string, bay: Bay, path = '/'): string =>
  `function ${name}(req, resp) {
    Requests().get({uri: ${JSON.stringify(bay.url + path)}}, function (err, body) { resp.success(err ? "refused: " + body : body) })
  }`
