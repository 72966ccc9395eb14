/**
 * What an engine process says, read as coming from a stranger, and what the node says to it: endings, faults, answers,
 * replies. Each value is taken apart and put together again; nothing is passed on as it came.
 */
import { errorTable, type GatehouseError } from '@gatehouse/contract/errors.ts'
import { isRecord, parseJson } from './frames.ts'
import type { Answer, Ending, Fault, Job } from './job.ts'

/** A reply that says no, as JSON. */
export function failure(error: GatehouseError): string {
  const detail = error.hint === undefined ? error.detail : `${error.detail} ${error.hint}`
  return JSON.stringify({ ok: false, error: { code: error.code, message: errorTable[error.kind].message, detail } })
}

/** A fault as the engine told it. */
export function faultFrom(value: unknown): Fault | 'nonsense' {
  if (!isRecord(value) || typeof value.name !== 'string' || typeof value.message !== 'string') return 'nonsense'
  const { name, message, script, line, stack } = value
  return {
    name: name.slice(0, 200),
    message: message.slice(0, 4000),
    ...(typeof script === 'string' ? { script: script.slice(0, 500) } : {}),
    ...(typeof line === 'number' ? { line } : {}),
    ...(typeof stack === 'string' ? { stack: stack.slice(0, 16000) } : {}),
  }
}

/** An ending as the engine told it, taken apart and put together again; undefined when it is none. */
export function endingFrom(value: unknown, body: Buffer, job: Job): Ending | undefined {
  if (!isRecord(value)) return undefined
  switch (value.kind) {
    case 'answered': {
      if (body.length > job.limits.resultBytes) return undefined
      const answer = parseJson(body)
      if (!isRecord(answer)) return undefined
      return { kind: 'answered', answer: answerFrom(answer) }
    }
    case 'threw': {
      const error = faultFrom(value.error)
      return error === 'nonsense' ? undefined : { kind: 'threw', error }
    }
    case 'would-not-load': {
      const error = faultFrom(value.error)
      if (error === 'nonsense' || typeof value.script !== 'string') return undefined
      return { kind: 'would-not-load', script: value.script.slice(0, 500), error }
    }
    case 'timed-out':
      return { kind: 'timed-out', limit: 'cpu' }
    case 'too-much':
      return { kind: 'too-much', limit: value.limit === 'result' ? 'result' : 'host-calls' }
    case 'silent':
    case 'no-entry':
    case 'out-of-memory':
      return { kind: value.kind }
    default:
      return undefined
  }
}

function answerFrom(answer: Record<string, unknown>): Answer {
  if (!('send' in answer)) return { success: answer.success === true, value: answer.value }
  const headers = isRecord(answer.headers)
    ? Object.fromEntries(
        Object.entries(answer.headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : undefined
  return {
    send: answer.send,
    ...(typeof answer.status === 'number' ? { status: answer.status } : {}),
    ...(headers ? { headers } : {}),
  }
}
