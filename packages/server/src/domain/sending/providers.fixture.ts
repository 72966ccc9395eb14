/** For the tests of this folder: providers of messages on loopback that do as they are told, and the way to them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestApp } from '../../../../../test/support/app.ts'
import { createEgress, type Egress } from '../../egress/egress.ts'
import type { SystemScope } from '../access/scope.ts'
import { systemByKey } from '../systems/systems.ts'

type Ends = { after(end: () => unknown): void }

export type Taken = { headers: IncomingMessage['headers']; url: string; body: string }

/** `lose` takes the message and breaks the connection; `drop` breaks it without taking. A number is a status. */
export type Behaviour = 'take' | 'lose' | 'drop' | number

export const account = `AC${'1f'.repeat(16)}`
export const token = 'the auth token of the account'
export const from = '+15005550006'
export const to = '+14155550123'

/** Twilio as far as the channel uses it: `behaves` is what it does with the next messages, the last one for all after. */
export async function fakeTwilio(t: Ends, now: () => number = Date.now) {
  const kept: { sid: string; to: string; body: string; date_created: string; status: string }[] = []
  const made = { url: '', taken: [] as Taken[], kept, behaves: ['take'] as Behaviour[], lists: 'take' as Behaviour }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url!, 'http://x')
    const body = await text(request)
    if (request.method === 'GET') {
      if (made.lists !== 'take') {
        if (typeof made.lists === 'number') response.writeHead(made.lists).end('{}')
        else response.destroy()
        return
      }
      const messages = kept.filter((one) => one.to === url.searchParams.get('To')).reverse()
      response.end(JSON.stringify({ messages, next_page_uri: null }))
      return
    }
    const behaviour = made.behaves.length > 1 ? made.behaves.shift()! : made.behaves[0]!
    made.taken.push({ headers: request.headers, url: request.url!, body })
    if (behaviour === 'drop') response.destroy()
    else if (typeof behaviour === 'number') {
      response.writeHead(behaviour, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ code: 21211, message: `The 'To' number ${to} is not valid`, status: behaviour }))
    } else {
      const form = new URLSearchParams(body)
      const sid = `SM${String(kept.length + 1).padStart(32, '0')}`
      const date = new Date(now()).toUTCString().replace('GMT', '+0000')
      kept.push({ sid, to: form.get('To')!, body: form.get('Body')!, date_created: date, status: 'queued' })
      if (behaviour === 'lose') response.destroy()
      else
        response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ sid, status: 'queued' }))
    }
  }
  made.url = await serve(t, answer)
  return made
}

export async function fakeWebhook(t: Ends) {
  const made = { url: '', taken: [] as Taken[], behaves: ['take'] as Behaviour[] }
  made.url = await serve(t, async (request, response) => {
    const body = await text(request)
    const behaviour = made.behaves.length > 1 ? made.behaves.shift()! : made.behaves[0]!
    made.taken.push({ headers: request.headers, url: request.url!, body })
    if (behaviour === 'take') response.end(JSON.stringify({ id: 'hook-1' }))
    else if (typeof behaviour === 'number') response.writeHead(behaviour).end()
    else response.destroy()
  })
  return made
}

async function serve(
  t: Ends,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<string> {
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A port where nobody listens. */
export async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await new Promise((resolve) => server.close(resolve))
  return url
}

export const wayTo = (places: { twilio?: string; webhook?: string }): Egress =>
  createEgress({
    allow: [],
    routes: [
      ...(places.twilio === undefined ? [] : [{ from: 'https://api.twilio.com', to: places.twilio }]),
      ...(places.webhook === undefined ? [] : [{ from: 'https://hooks.example.com', to: places.webhook }]),
    ],
    limits: {
      maxResponseBytes: 1024 * 1024,
      maxRequestBytes: 64 * 1024,
      defaultTimeoutMs: 5_000,
      maxTimeoutMs: 5_000,
      maxRedirects: 0,
    },
  })

export const twilioProvider = { kind: 'twilio', account, token: 'secret:TWILIO', from }
export const webhookProvider = { kind: 'webhook', url: 'https://hooks.example.com/sms?key=k', secret: 'secret:HOOK' }

/** A system whose messages go to these providers, and the scope in which it sends; read anew for each use. */
export async function sender(app: TestApp, providers: unknown[]) {
  const system = await app.createSystem()
  const { developer } = app
  for (const [name, value] of [
    ['TWILIO', token],
    ['HOOK', 'the secret of the hook'],
  ]) {
    await app.call('POST', `/admin/v/4/system/${system.key}/secrets`, { developer, body: { name, value } })
  }
  await app.set(system, { messages_to: 'provider', message_providers: providers })
  const scope = async (): Promise<SystemScope> => {
    const { means } = app.app
    return {
      ...means,
      caller: { kind: 'nobody' },
      origin: { address: '', userAgent: '' },
      system: (await systemByKey(means, system.key))!,
      data: means.store.forSystem(system.key),
    }
  }
  return { system, scope }
}
