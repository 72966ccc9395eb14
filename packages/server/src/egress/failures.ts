/** Turns what Node and undici report about a failed request into a sentence for the person whose code sent it. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'

/** `origin` is all that is ever shown of a URL: paths and queries carry keys. */
export function requestFailure(error: unknown, origin: string): GatehouseError {
  if (error instanceof GatehouseError) return error
  const code = codeOf(error)
  const failed = (detail: string, hint?: string) =>
    new GatehouseError('egressFailed', detail, { cause: error, ...(hint === undefined ? {} : { hint }) })
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
    case 'EAI_FAIL':
      return failed(`The host of ${origin} was not found.`, 'Check the spelling of the host name.')
    case 'EAI_AGAIN':
      return failed(`The host of ${origin} could not be looked up: name resolution does not answer. Try again later.`)
    case 'ECONNREFUSED':
      return failed(`${origin} refused the connection: nothing listens on that port.`)
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return failed(`${origin} closed the connection before the answer was complete.`)
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return failed(`${origin} cannot be reached from this machine's network.`)
    case 'ETIMEDOUT':
      return failed(`${origin} did not answer the attempt to connect.`)
    case 'UND_ERR_HEADERS_OVERFLOW':
      return failed(`${origin} answered with more headers than are accepted (16 KiB).`)
  }
  if (isCertificateError(code)) {
    return failed(
      `The certificate of ${origin} could not be verified (${code}).`,
      'Correct the certificate, or set strictSSL to false to go on without knowing who answers.',
    )
  }
  if (error instanceof Error && error.name === 'HTTPParserError') {
    // The original carries what the server sent, which has no place in a log.
    return new GatehouseError('egressFailed', `${origin} did not answer in valid HTTP.`, {
      cause: new Error(error.message),
    })
  }
  if (code.startsWith('UND_ERR_RES_')) return failed(`${origin} did not answer in valid HTTP.`)
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    return failed(`No secure connection to ${origin} could be made.`, 'Check that the port speaks TLS.')
  }
  return failed(`The request to ${origin} failed${code === '' ? '' : ` (${code})`}.`)
}

/** Whether a failed request surely reached nobody: it was refused here, or no connection came about. */
export function neverSent(error: unknown): boolean {
  if (error instanceof GatehouseError && error.kind === 'egressRefused') return true
  const code = codeOf(error)
  return (
    ['ENOTFOUND', 'EAI_NODATA', 'EAI_NONAME', 'EAI_FAIL', 'EAI_AGAIN', 'ECONNREFUSED'].includes(code) ||
    isCertificateError(code)
  )
}

function codeOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return ''
}

/** OpenSSL's X509_V_ERR names as Node reports them. */
function isCertificateError(code: string): boolean {
  return (
    code === 'ERR_TLS_CERT_ALTNAME_INVALID' ||
    /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_CERT)/.test(
      code,
    )
  )
}
