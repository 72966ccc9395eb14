/**
 * Records spans and sends them to a collector as OTLP over HTTP with JSON (opentelemetry.io/docs/specs/otlp §"OTLP/HTTP",
 * JSON mapping of trace/v1). No request of the node waits for any of it: what cannot be sent in time is dropped and counted.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { Log } from './log.ts'
import type { Attributes, Span, Tracing } from './tracing.ts'

export type OtlpOptions = {
  endpoint: string
  headers: Record<string, string>
  timeoutMs: number
  serviceName: string
  resource: Record<string, string>
  share: number
  batch: { delayMs: number; mostWaiting: number; mostAtOnce: number }
  version: string
  instance: string
}

type Ended = {
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  name: string
  /** SPAN_KIND_INTERNAL and SPAN_KIND_SERVER of the protocol. */
  kind: 1 | 2
  startMs: number
  endMs: number
  attributes: Record<string, string | number | boolean>
  isError: boolean
}

type Recorded = Span & { traceId: string; spanId: string; sampled: boolean }

const longestText = 200
/** Statuses after which the protocol says to try again. */
const retryable = new Set([429, 502, 503, 504])
const tries = 3

export function createTracing(options: OtlpOptions, log: Log): Tracing {
  const current = new AsyncLocalStorage<Recorded>()
  const waiting: Ended[] = []
  const { delayMs, mostWaiting, mostAtOnce } = options.batch
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined
  const closing = new AbortController()

  const keep = (ended: Ended): void => {
    if (waiting.length >= mostWaiting) {
      dropped += 1
      return
    }
    waiting.push(ended)
    if (waiting.length >= mostAtOnce) void flush()
    else if (timer === undefined) {
      timer = setTimeout(() => void flush(), delayMs)
      timer.unref()
    }
  }

  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    sending ??= sendAll().finally(() => {
      sending = undefined
    })
    return sending
  }

  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, mostAtOnce)
      const problem = await send(JSON.stringify(bodyOf(options, batch)))
      if (problem !== undefined) dropped += batch.length
      if (dropped > 0) log.warn({ dropped, problem }, 'Spans could not be sent to the collector and are lost')
      dropped = 0
    }
  }

  /** Why it was not taken; never what the collector or its address says. */
  const send = async (body: string): Promise<string | undefined> => {
    for (let attempt = 1; ; attempt++) {
      let problem: string
      try {
        const signal = AbortSignal.any([AbortSignal.timeout(options.timeoutMs), closing.signal])
        const headers = { ...options.headers, 'content-type': 'application/json' }
        const answer = await fetch(options.endpoint, { method: 'POST', headers, body, signal, redirect: 'error' })
        await answer.body?.cancel()
        if (answer.ok) return undefined
        problem = `status ${answer.status}`
        if (!retryable.has(answer.status)) return problem
      } catch (error) {
        problem = (error as Error).name
      }
      if (attempt >= tries || closing.signal.aborted) return problem
      const { promise, resolve } = Promise.withResolvers<void>()
      setTimeout(resolve, attempt * 1_000).unref()
      closing.signal.addEventListener('abort', () => resolve(), { once: true })
      await promise
    }
  }

  const begin = (name: string, kind: 1 | 2, startMs: number, attributes: Attributes): Recorded => {
    const parent = current.getStore()
    const traceId = parent?.traceId ?? randomBytes(16).toString('hex')
    const spanId = randomBytes(8).toString('hex')
    const sampled = parent?.sampled ?? isSampled(traceId, options.share)
    const all: Record<string, string | number | boolean> = { ...attributes }
    let isOver = false
    return {
      traceId,
      spanId,
      sampled,
      set: (more) => {
        Object.assign(all, more)
      },
      end(status = 'ok') {
        if (isOver || !sampled) return
        isOver = true
        const { spanId: parentSpanId } = parent ?? { spanId: undefined }
        const endMs = performance.timeOrigin + performance.now()
        keep({
          traceId,
          spanId,
          parentSpanId,
          name,
          kind,
          startMs,
          endMs,
          attributes: all,
          isError: status === 'error',
        })
      },
    }
  }

  return {
    start: (name, kind, attributes = {}) =>
      begin(name, kind === 'server' ? 2 : 1, performance.timeOrigin + performance.now(), attributes),
    within: (span, work) => current.run(span as Recorded, work),
    note: (name, startMs, status, attributes = {}) => begin(name, 1, startMs, attributes).end(status),
    async close() {
      const late = setTimeout(() => closing.abort(), Math.min(options.timeoutMs, 5_000))
      while (waiting.length > 0 || sending !== undefined) await flush()
      clearTimeout(late)
    },
  }
}

/** By the last 56 bits of the trace's id, so that all of a trace is kept or none. */
const isSampled = (traceId: string, share: number): boolean =>
  share >= 1 || Number.parseInt(traceId.slice(-14), 16) < share * 2 ** 56

function bodyOf({ serviceName, resource, version, instance }: OtlpOptions, spans: readonly Ended[]) {
  const ours = { 'service.name': serviceName, 'service.version': version, 'service.instance.id': instance }
  return {
    resourceSpans: [
      {
        resource: { attributes: listOf({ ...resource, ...ours }) },
        scopeSpans: [{ scope: { name: 'gatehouse', version }, spans: spans.map(spanOf) }],
      },
    ],
  }
}

const spanOf = ({ parentSpanId, startMs, endMs, attributes, isError, ...span }: Ended) => ({
  ...span,
  ...(parentSpanId !== undefined && { parentSpanId }),
  startTimeUnixNano: nanos(startMs),
  endTimeUnixNano: nanos(Math.max(startMs, endMs)),
  attributes: listOf(attributes),
  status: { code: isError ? 2 : 0 },
})

/** 64-bit numbers are texts in JSON. */
const nanos = (ms: number): string => `${BigInt(Math.round(ms * 1_000)) * 1_000n}`

const listOf = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: typedValue(value) }))

function typedValue(value: string | number | boolean): Record<string, unknown> {
  if (typeof value === 'string') return { stringValue: value.slice(0, longestText).toWellFormed() }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}
