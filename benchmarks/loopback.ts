/** A node of its own for what needs systems that the scene does not have, a web server on loopback, and asking over HTTP. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Children } from './children.ts'
import { developer, type NodeOptions, type ServerProcess, startNode } from './node-process.ts'

export type Ground = {
  node: ServerProcess
  /** Throws where the answer is no 200. */
  develop<T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T>
  newSystem(name: string): Promise<{ key: string; secret: string }>
  newService(system: { key: string }, name: string, code: string, fields?: object): Promise<void>
  /** Headers of the developer. */
  headers: Record<string, string>
}

/** A node whose services may call this machine. */
export async function openGround(children: Children, options: NodeOptions): Promise<Ground> {
  const node = await startNode(children, { ...options, args: ['--egress-allow', '127.0.0.1'] })
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  const develop = async <T>(method: 'POST' | 'PUT', path: string, body: object): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${node.port}${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 300)}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  const { dev_token: token } = await develop<{ dev_token: string }>('POST', '/admin/auth', developer)
  headers['ClearBlade-DevToken'] = token
  return {
    node,
    develop,
    headers,
    async newSystem(name) {
      type Made = { appID: string; appSecret: string }
      const { appID: key, appSecret: secret } = await develop<Made>('POST', '/admin/systemmanagement', { name })
      return { key, secret }
    },
    async newService({ key }, name, code, fields = {}) {
      const body = { code, parameters: [], dependencies: 'clearblade,http', ...fields }
      await develop('POST', `/admin/code/v/1/${key}/${name}`, body)
    },
  }
}

/** Answers every request after so many milliseconds. */
export async function openSlowServer(afterMs: number): Promise<{ url: string; close(): void }> {
  const server = createServer(async (_request, response) => {
    await wait(afterMs)
    response.end('done')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1024, resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
