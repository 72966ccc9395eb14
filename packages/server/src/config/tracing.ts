/**
 * Where traces go, by the environment names of OpenTelemetry (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-
 * variables and …/protocol/exporter). Nothing is sent unless an endpoint is named.
 */

export type TracingConfig = {
  /** Whole, as `http://127.0.0.1:4318/v1/traces`. */
  endpoint: string
  headers: Record<string, string>
  timeoutMs: number
  serviceName: string
  resource: Record<string, string>
  /** Of all requests; 1 is every one. */
  share: number
  /** How long spans wait for others before they are sent, how many at most wait, and how many go at once. */
  batch: { delayMs: number; mostWaiting: number; mostAtOnce: number }
}

type Environment = Record<string, string | undefined>

/** Undefined where nothing is to be sent. `refuse` makes the error of what cannot be. */
export function readTracing(environment: Environment, refuse: (message: string) => Error): TracingConfig | undefined {
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined
  const whole = text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const base = text('OTEL_EXPORTER_OTLP_ENDPOINT')
  const exporter = text('OTEL_TRACES_EXPORTER') ?? 'otlp'
  if (text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || exporter === 'none') return undefined
  if (whole === undefined && base === undefined) return undefined
  const protocol = text('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? text('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/json'
  if (exporter !== 'otlp' || protocol !== 'http/json') {
    throw refuse(
      `OTEL_EXPORTER_OTLP_PROTOCOL asks for ${exporter === 'otlp' ? protocol : exporter}; traces are sent as http/json alone. Set it to http/json and name a collector's HTTP port, usually 4318.`,
    )
  }
  const number = (name: string, usual: number, least: number): number => {
    const value = text(name)
    if (value === undefined) return usual
    if (!/^\d{1,9}$/.test(value) || Number(value) < least)
      throw refuse(`${name} is "${value}", but must be a whole number from ${least}.`)
    return Number(value)
  }
  const url = URL.parse(whole ?? `${base!.replace(/\/+$/, '')}/v1/traces`)
  // The value may hold a password, so the message does not repeat it.
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw refuse('OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://127.0.0.1:4318.')
  }
  const resource = pairs(text('OTEL_RESOURCE_ATTRIBUTES'))
  return {
    endpoint: url.href,
    headers: { ...pairs(text('OTEL_EXPORTER_OTLP_HEADERS')), ...pairs(text('OTEL_EXPORTER_OTLP_TRACES_HEADERS')) },
    timeoutMs: number('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', number('OTEL_EXPORTER_OTLP_TIMEOUT', 10_000, 1), 1),
    serviceName: text('OTEL_SERVICE_NAME') ?? resource['service.name'] ?? 'gatehouse',
    resource,
    share: readShare(text('OTEL_TRACES_SAMPLER'), text('OTEL_TRACES_SAMPLER_ARG'), refuse),
    batch: {
      delayMs: number('OTEL_BSP_SCHEDULE_DELAY', 5_000, 1),
      mostWaiting: number('OTEL_BSP_MAX_QUEUE_SIZE', 2_048, 1),
      mostAtOnce: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, 1),
    },
  }
}

/** `parentbased_…` is the same here: no trace is taken over from a request. */
function readShare(
  sampler: string | undefined,
  argument: string | undefined,
  refuse: (message: string) => Error,
): number {
  switch (sampler?.replace(/^parentbased_/, '') ?? 'always_on') {
    case 'always_on':
      return 1
    case 'always_off':
      return 0
    case 'traceidratio': {
      const share = Number(argument ?? '1')
      if (argument === '' || !(share >= 0 && share <= 1))
        throw refuse('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1.')
      return share
    }
    default:
      throw refuse(`OTEL_TRACES_SAMPLER is "${sampler}", but must be always_on, always_off or traceidratio.`)
  }
}

/** `a=1,b=%20`: as baggage is written (W3C Baggage §3.2). What is no pair is left out. */
function pairs(text: string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  for (const part of (text ?? '').split(',')) {
    const at = part.indexOf('=')
    if (at <= 0) continue
    const [name, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()]
    try {
      found[name] = decodeURIComponent(value)
    } catch {
      found[name] = value
    }
  }
  return found
}
