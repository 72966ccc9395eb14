/** Requests to where packages come from. All of them leave through the egress; what went wrong becomes a sentence here. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { Egress, EgressResponse } from '../../egress/egress.ts'
import { isWebPage } from './archive.ts'
import type { SourceLimits } from './limits.ts'

export type Asking = {
  egress: Egress
  limits: SourceLimits
  signal: AbortSignal
  /** Handed to the egress for requests to the node itself. */
  context: unknown
}

/** Nothing is at this address in this form: another form may be tried. `status` is what the server said. */
export class NotThere extends Error {
  readonly status: number
  readonly webPage: boolean
  constructor(status: number, webPage: boolean) {
    super(`HTTP ${status}`)
    this.status = status
    this.webPage = webPage
  }
}

/** @throws GatehouseError `packageFetch` when there is no answer, or none that can be trusted */
export async function ask(
  asking: Asking,
  request: { method: 'GET' | 'POST'; url: string; headers: Record<string, string>; body?: Buffer },
): Promise<EgressResponse> {
  const origin = new URL(request.url).origin
  const answer = await asking.egress
    .request({ ...request, timeoutMs: asking.limits.timeMs, signal: asking.signal, context: asking.context })
    .catch((error: unknown) => {
      throw unreachable(error)
    })
  const secure = request.url.startsWith('https:')
  if (secure && !answer.url.startsWith('https:')) {
    throw new GatehouseError('packageFetch', `${origin} leads on to an address without https, which is not followed.`, {
      hint: 'On the way, anybody could exchange what comes over http.',
    })
  }
  return answer
}

function unreachable(error: unknown): unknown {
  if (!(error instanceof GatehouseError)) return error
  const hint = error.kind === 'egressRefused' ? error.hint : 'Check the address, or try again later.'
  return new GatehouseError('packageFetch', `The package could not be fetched: ${error.detail}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  })
}

/**
 * The bytes of an archive.
 * @throws NotThere when something else is there; GatehouseError `packageFetch`
 */
export async function download(asking: Asking, url: string): Promise<Buffer> {
  const answer = await ask(asking, {
    method: 'GET',
    url,
    // A package's own address gives its page to a browser and the archive to this.
    headers: { accept: 'application/zip, application/gzip, application/octet-stream;q=0.9, */*;q=0.1' },
  })
  if (answer.status !== 200 || isWebPage(answer.body)) throw new NotThere(answer.status, answer.status === 200)
  return answer.body
}
