/**
 * Every way Gatehouse says no over the wire: one table, one class, one envelope.
 * The application codes are those of the ClearBlade platform (its public `go-utils` constants), so that existing
 * clients and scripts that look at `error.code` keep working. Nothing about HTTP handling lives here.
 */

type Entry = { code: number; status: number; category: string; message: string }

/** Category names are the ones in the public OpenAPI description of the ClearBlade platform. */
export const errorTable = {
  methodNotAllowed: { code: 101, status: 405, category: 'Router', message: 'Invalid method' },
  internal: { code: 102, status: 500, category: 'Router', message: 'Internal Server Error' },
  noRoute: { code: 103, status: 404, category: 'Router', message: 'Route not found' },
  badJson: { code: 106, status: 400, category: 'Router', message: 'Bad request' },
  bodyMissing: { code: 110, status: 400, category: 'Router', message: 'Body Required' },
  badRequest: { code: 100, status: 400, category: 'Router', message: 'Bad request' },
  tooLarge: { code: 111, status: 413, category: 'Router', message: 'Request too large' },
  tooManyRequests: { code: 112, status: 429, category: 'Router', message: 'Too many requests' },
  unavailable: { code: 113, status: 503, category: 'Router', message: 'Service unavailable' },
  notAvailableYet: { code: 120, status: 501, category: 'Router', message: 'Not available yet' },
  notOffered: { code: 121, status: 400, category: 'Router', message: 'Not offered' },

  permissionDenied: { code: 200, status: 403, category: 'User Permissions', message: 'Invalid Permissions' },
  wrongSystem: { code: 201, status: 401, category: 'User', message: 'Not authorized for system' },
  registrationRefused: { code: 202, status: 400, category: 'User', message: 'Registration failed' },
  emailTaken: { code: 202, status: 400, category: 'User', message: 'Registration failed' },
  invalidToken: { code: 204, status: 400, category: 'User', message: 'Bad request' },
  notSignedIn: { code: 204, status: 401, category: 'User', message: 'Not signed in' },
  userMissing: { code: 216, status: 400, category: 'User', message: 'Bad request' },
  changesMissing: { code: 217, status: 400, category: 'User', message: 'Bad request' },
  userColumns: { code: 219, status: 400, category: 'User', message: 'Bad request' },
  badPhoneNumber: { code: 230, status: 400, category: 'User', message: 'Bad phone number' },
  noSuchUser: { code: 222, status: 400, category: 'User', message: 'No such user' },

  badQuery: { code: 310, status: 400, category: 'Data', message: 'Bad request' },
  noChanges: { code: 311, status: 400, category: 'Data', message: 'Bad request' },
  badValue: { code: 308, status: 400, category: 'Data', message: 'Bad request' },
  noSuchCollection: { code: 304, status: 400, category: 'Data', message: 'No such collection' },
  conflict: { code: 314, status: 400, category: 'Data', message: 'Conflict' },

  noSuchLibrary: { code: 400, status: 400, category: 'Code', message: 'No such library' },
  libraryExists: { code: 401, status: 400, category: 'Code', message: 'Library exists' },
  serviceFailed: { code: 405, status: 400, category: 'Code', message: 'Service execution failed' },
  badServiceName: { code: 408, status: 400, category: 'Code', message: 'Bad name' },
  serviceExists: { code: 409, status: 400, category: 'Code', message: 'Service exists' },
  codeInvalid: { code: 420, status: 400, category: 'Code', message: 'Code does not compile' },
  noSuchService: { code: 419, status: 400, category: 'Code', message: 'No such service' },
  egressRefused: { code: 430, status: 400, category: 'Code', message: 'Outgoing request refused' },
  egressFailed: { code: 431, status: 400, category: 'Code', message: 'Outgoing request failed' },

  wrongCredentials: { code: 915, status: 401, category: 'User', message: 'Sign-in refused' },
  anonymousClosed: { code: 916, status: 401, category: 'User', message: 'Anonymous sign-in is closed' },
  overrideFailed: { code: 918, status: 401, category: 'User', message: 'Sign-in refused' },
  notAuthenticated: { code: 919, status: 400, category: 'User', message: 'Not authenticated' },
  challengeRefused: { code: 930, status: 401, category: 'User', message: 'Second factor refused' },
  edgeTooOld: { code: 931, status: 401, category: 'User', message: 'Not decided at this edge' },
  newPasswordNeeded: { code: 932, status: 401, category: 'User', message: 'New password needed' },
  badPassword: { code: 924, status: 400, category: 'User', message: 'Bad request' },

  badSetting: { code: 1402, status: 400, category: 'Admin', message: 'Bad request' },
  badTtl: { code: 1403, status: 400, category: 'Admin', message: 'Bad request' },
  noSuchSystem: { code: 1404, status: 400, category: 'Admin', message: 'No such system' },
  badCollection: { code: 1410, status: 400, category: 'Data', message: 'Bad request' },
  developerRegistration: { code: 1417, status: 400, category: 'Admin', message: 'Developer registration failed' },
  developerCredentials: { code: 1420, status: 401, category: 'Admin', message: 'Sign-in refused' },
  noSuchRole: { code: 1425, status: 400, category: 'User Permissions', message: 'No such role' },
  badRole: { code: 1427, status: 400, category: 'User Permissions', message: 'Bad request' },
  badSecret: { code: 1450, status: 400, category: 'Admin', message: 'Bad secret' },
  secretExists: { code: 1451, status: 400, category: 'Admin', message: 'Secret exists' },
  noSuchSecret: { code: 1452, status: 400, category: 'Admin', message: 'No such secret' },
  badSystemName: { code: 1434, status: 400, category: 'Admin', message: 'Bad request' },

  badPackage: { code: 5001, status: 400, category: 'Ipm', message: 'Bad package' },
  packageFetch: { code: 5002, status: 400, category: 'Ipm', message: 'Package could not be fetched' },
  noSuchAsset: { code: 5003, status: 400, category: 'Ipm', message: 'No such asset' },
} as const satisfies Record<string, Entry>

export type ErrorName = keyof typeof errorTable

/**
 * The one error that crosses layers. `detail` is for the person who made the request: what happened, why, and (in
 * `hint`) what to do. Never put a secret, code or token into either; private detail goes into `cause`, which is logged
 * and never sent.
 */
export class GatehouseError extends Error {
  override readonly name = 'GatehouseError'
  readonly kind: ErrorName
  readonly code: number
  readonly status: number
  readonly category: string
  readonly detail: string
  readonly hint: string | undefined
  /** Seconds after which a refused caller may try again; sent as `Retry-After`. */
  readonly retryAfter: number | undefined

  constructor(kind: ErrorName, detail: string, more: { hint?: string; cause?: unknown; retryAfter?: number } = {}) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause })
    const entry = errorTable[kind]
    this.kind = kind
    this.code = entry.code
    this.status = entry.status
    this.category = entry.category
    this.detail = detail
    this.hint = more.hint
    this.retryAfter = more.retryAfter
  }
}

/** The error body of the wire contract. The Go SDK panics without `error.id`, the Python SDK reads `error.detail`. */
export type ErrorEnvelope = {
  error: {
    id: string
    code: number
    level: number
    category: string
    message: string
    detail: string
    line: string
    hint?: string
  }
  statusCode: number
}

/** Shapes an error for the wire. `id` is a UUID that also stands in the log beside the private cause. */
export function errorEnvelope(error: GatehouseError, id: string): ErrorEnvelope {
  return {
    error: {
      id,
      code: error.code,
      level: 1,
      category: error.category,
      message: errorTable[error.kind].message,
      detail: error.hint === undefined ? error.detail : `${error.detail} ${error.hint}`,
      line: '',
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    },
    statusCode: error.status,
  }
}
