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
  /** Native libraries of which one must be required; absent: installed in every run. */
  when?: string[]
  /** What it answers is what the later parts use as `native`. */
  wraps?: true
}

/** Order matters: later parts use what earlier ones put into `library`. */
const parts: Part[] = [
  { file: 'stage.js', install: 'installStage', wraps: true },
  { file: 'built-ins.js', install: 'installBuiltIns' },
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
 * The script whose completion value is `function prelude(native, facts)`; see the sandbox for when it is called.
 * Reads its parts from disk: call once per process and keep the text.
 */
export function preludeSource(): string {
  const bodies = parts.map(({ file, install, when, wraps }) => {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8').replace(
      `export function ${install}(`,
      `function ${install}(`,
    )
    const call = `${wraps === true ? 'native = ' : ''}${install}(library, native, facts)`
    return when === undefined
      ? `${text}\n${call}`
      : `if (${when.map((name) => `library.required(${JSON.stringify(name)})`).join(' || ')}) {\n${text}\n${call}\n}`
  })
  return `(function prelude(native, facts) {\n'use strict'\nconst library = { __proto__: null }\n${bodies.join('\n')}\n})`
}
