/**
 * Joins the library code that runs inside the isolate in every run into one script. The parts are plain JavaScript files
 * beside this one, each a single exported function; nothing of them ever runs in the node itself. What they ask of the
 * node is listed in HOST-CALLS.md.
 */
import { readFileSync } from 'node:fs'

type Part = {
  file: string
  /** The exported function's name. */
  install: string
  /** Native libraries of which one must be required for its globals to be there; absent: they are in every run. */
  when?: string[]
}

/** Order matters: later parts use what earlier ones put into `library`. */
const parts: Part[] = [
  { file: 'built-ins.js', install: 'installBuiltIns' },
  { file: 'stage.js', install: 'installStage' },
  { file: 'bytes.js', install: 'installBytes' },
  { file: 'calls.js', install: 'installCalls' },
  { file: 'answer.js', install: 'installAnswer' },
  { file: 'log.js', install: 'installLog' },
  { file: 'small-globals.js', install: 'installSmallGlobals' },
  { file: 'timers.js', install: 'installTimers' },
  { file: 'http.js', install: 'installHttp' },
  { file: 'fetch.js', install: 'installFetch' },
  { file: 'query.js', install: 'installQuery', when: ['clearblade', 'clearblade_async'] },
  { file: 'session.js', install: 'installSession', when: ['clearblade'] },
  { file: 'clearblade.js', install: 'installClearBlade', when: ['clearblade'] },
  { file: 'roles.js', install: 'installRoles', when: ['clearblade'] },
  { file: 'not-yet.js', install: 'installNotYet', when: ['clearblade'] },
  { file: 'clearblade-async.js', install: 'installClearBladeAsync', when: ['clearblade_async'] },
  { file: 'crypto.js', install: 'installCrypto', when: ['crypto'] },
  { file: 'jsutil.js', install: 'installJsutil', when: ['jsutil'] },
  { file: 'messages.js', install: 'installMessages', when: ['messages'] },
  { file: 'signin.js', install: 'installSignin', when: ['signin'] },
  { file: 'cb-node.js', install: 'installCbNode' },
  { file: 'other-natives.js', install: 'installOtherNatives' },
]

/** Names of native libraries: a service or library may require them without anyone having stored code under the name. */
export const nativeLibraries: readonly string[] = [
  'clearblade',
  'clearblade_ai',
  'clearblade_async',
  'crypto',
  'file_writer',
  'geo',
  'grpc',
  'http',
  'jsutil',
  'log',
  'mailer',
  'messages',
  'mqtt',
  'net_cb',
  'oauth2_lib',
  'signin',
  'websockets',
]

/**
 * The script whose completion value is `function prelude(native)`. It is called before there is any run, and what it leaves
 * becomes part of the image that every context starts from; so it may ask nothing of the node. It answers `begin(facts)`,
 * which is called in the context of a run before the developer's code.
 * Reads its parts from disk: call once per process and keep the text.
 */
export function preludeSource(): string {
  const bodies = parts.map(({ file, install, when }) => {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8').replace(
      `export function ${install}(`,
      `function ${install}(`,
    )
    const call = `${install}(library, native)`
    return when === undefined ? `${text}\n${call}` : `${text}\nlibrary.onlyWhen(${JSON.stringify(when)}, () => ${call})`
  })
  return `(function prelude(given) {
'use strict'
const native = { __proto__: null, ...given }
const library = { __proto__: null, facts: { __proto__: null } }
${bodies.join('\n')}
return library.begin
})`
}
