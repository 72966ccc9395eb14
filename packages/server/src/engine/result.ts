/** What a run is asked for, and what comes of it: every ending of the sandbox as an answer or a failure in words. */
import type { Ending } from '../sandbox/job.ts'
import type { Purpose, Run } from './run.ts'
import { struck } from './secrecy.ts'

export type RunRequest = {
  service: string
  params: Record<string, unknown>
  /** Asks that this one run be logged and its log be returned. */
  logging?: boolean
  purpose?: Purpose
  /** `req.context` of an auth or registration service. */
  context?: Record<string, unknown>
  signal?: AbortSignal
  /** Stands round every host call of this run, but not of runs that it leads to. */
  around?: Around
  /** Told of the run before it begins. */
  begun?: (run: Run) => void
}

/** A host call of a run, before it is answered. `depth` is 0 for the run that was asked for first. */
export type HostCall = { name: string; args: unknown; service: string; depth: number }

/** Answers a host call in the place of the node, or lets the node answer and looks on. */
export type Around = (call: HostCall, answer: () => Promise<unknown>) => Promise<unknown>

export type RunResult = {
  /** One text, entries separated by line ends; undefined where logging is off. */
  logs: string | undefined
  version: number | undefined
  runMs: number
  notes: Record<string, unknown>
} & (
  | {
      kind: 'answered'
      answer:
        | { kind: 'envelope'; success: boolean; value: unknown; silent: boolean }
        | { kind: 'sent'; body: unknown; status: number; headers: Record<string, string> }
    }
  /** Ended without an answer of its own; `message` is for whoever may run the service. */
  | { kind: 'failed'; ending: Ending['kind'] | 'would-not-compile' | 'run-as' | 'not-here'; message: string }
)

type Read =
  | Pick<Extract<RunResult, { kind: 'answered' }>, 'kind' | 'answer'>
  | Pick<Extract<RunResult, { kind: 'failed' }>, 'kind' | 'ending' | 'message'>

export function readEnding(run: Pick<Run, 'tree' | 'service'>, ending: Ending): Read {
  const failed = (message: string): Read => ({ kind: 'failed', ending: ending.kind, message })
  switch (ending.kind) {
    case 'answered': {
      const { answer } = ending
      if ('success' in answer) {
        return {
          kind: 'answered',
          answer: { kind: 'envelope', success: answer.success, value: answer.value, silent: false },
        }
      }
      return {
        kind: 'answered',
        answer: { kind: 'sent', body: answer.send, status: answer.status ?? 200, headers: answer.headers ?? {} },
      }
    }
    // Without an answer the platform answers as for resp.success() (code-engine.md §1.6).
    case 'silent':
      return { kind: 'answered', answer: { kind: 'envelope', success: true, value: undefined, silent: true } }
    case 'threw':
    case 'would-not-load':
      return failed(struck(run.tree, faultText(ending.error, run.service)))
    case 'no-entry':
      return failed(`There is no function "${run.service}" in the service, and no answer was given while it loaded.`)
    case 'timed-out':
      return failed(
        ending.limit === 'wall' ? 'execution timeout' : 'execution timeout: the limit of processor time was reached',
      )
    case 'out-of-memory':
      return failed('The run used more memory than it may.')
    case 'too-much':
      return failed(
        ending.limit === 'result'
          ? 'The answer is larger than it may be.'
          : 'The run made more calls to the platform than it may.',
      )
    case 'cancelled':
      return failed('The run was cancelled.')
    default:
      return failed('The run ended with its engine process.')
  }
}

/** `Type: message (line N)`, as the classic engine writes it (code-engine.md §1.7); with the script where it is another. */
export function faultText(
  fault: { name: string; message: string; script?: string; line?: number },
  service: string,
): string {
  const plain = fault.message === '' ? 'Something without a text was thrown.' : fault.message
  const text = fault.name === '' ? plain : fault.message === '' ? fault.name : `${fault.name}: ${fault.message}`
  if (fault.line === undefined) return text
  const script = fault.script === undefined || fault.script === service ? '' : `${fault.script}, `
  return `${text} (${script}line ${fault.line})`
}
