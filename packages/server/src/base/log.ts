/** The node's log: JSON in production, readable lines in development. Nothing secret is ever handed to it. */
import { createRequire } from 'node:module'
import { type Logger, pino } from 'pino'

export type Log = Logger

/** Fields that would carry a secret if somebody logged a whole request or body by mistake. */
const redact = ['password', '*.password', 'token', '*.token', 'authToken', '*.authToken', 'req.headers', 'body']

export function createLog(options: { format: 'json' | 'readable' | 'silent'; level: string }): Log {
  if (options.format === 'silent') return pino({ level: 'silent' })
  const base = { level: options.level, redact: { paths: redact, censor: '[hidden]' } }
  if (options.format === 'json') return pino(base)
  const pretty: typeof import('pino-pretty') = createRequire(import.meta.url)('pino-pretty')
  return pino(base, pretty({ colorize: process.stdout.isTTY === true, ignore: 'pid,hostname', sync: true }))
}
