/**
 * Spans of what the node does, for a collector of the operator's. This is the side that is always there: where nothing is
 * asked for, `noTracing`, which does nothing. Recording and sending is `base/tracing-otlp.ts`, loaded only when it is wanted.
 *
 * What may stand in attributes: names of routes and services, keys of systems, kinds, numbers. Never a path or query as it
 * was sent, a body, a header, a token, a name or an address of a person.
 */

export type Attributes = Readonly<Record<string, string | number | boolean>>

export type Span = {
  set(attributes: Attributes): void
  /** `error` for what is the node's own fault or ended badly. */
  end(status?: 'ok' | 'error'): void
}

export type Tracing = {
  /** A child of the span that is current. */
  start(name: string, kind: 'server' | 'internal', attributes?: Attributes): Span
  /** Does `work` with this span as the current one, also in what it begins and does not wait for. */
  within<T>(span: Span, work: () => T): T
  /** Something that is over already and began at `startMs` (milliseconds of the machine's clock). */
  note(name: string, startMs: number, status: 'ok' | 'error', attributes?: Attributes): void
  /** Sends what is left, within seconds. */
  close(): Promise<void>
}

const noSpan: Span = { set: () => {}, end: () => {} }

export const noTracing: Tracing = {
  start: () => noSpan,
  within: (_span, work) => work(),
  note: () => {},
  close: async () => {},
}
