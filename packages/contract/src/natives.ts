/**
 * Names of libraries that the platform itself brings (code-engine.md §4): what a service may list under "requires" without
 * anybody having written it. A library of the system with the same name stands before it.
 */
export const nativeLibraries: ReadonlySet<string> = new Set([
  'clearblade',
  'log',
  'http',
  'clearblade_async',
  'mqtt',
  'crypto',
  'jsutil',
  'geo',
  'mailer',
  'file_writer',
  'clearblade_ai',
  'net_cb',
  'oauth2_lib',
  'grpc',
  'websockets',
  'signin',
])

/** Libraries that a native library brings along: `http` needs the ClearBlade object (code-engine.md §1.3). */
export const nativeDependencies: Readonly<Record<string, readonly string[]>> = { http: [] }
