/**
 * E-mail, for notices and links for new passwords: it is no factor (NIST SP 800-63B-4 §3.1.3.1). By the SMTP server that
 * the settings of the system name, or into the inbox of development.
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { second } from '../../base/clock.ts'
import type { Dial } from '../../egress/dial.ts'
import { insertInboxMessage } from '../../store/tables/inbox.ts'
import type { MailServer, SystemScope } from '../access/scope.ts'
import { secretOf } from './carrier.ts'
import { messagesTo, noInbox } from './inbox.ts'

export type Mail = {
  /** Of the notice: the inbox takes each once. */
  id: string
  to: string
  subject: string
  body: string
}

/**
 * - `skipped`: the system has no mail server.
 * - `later`: it was surely not taken, and may be another time.
 */
export type MailSent = { state: 'accepted' | 'skipped' } | { state: 'later' | 'failed'; reason: string }

/** Made in `app.ts`. Every way that it can end is a value; `signal` cuts it off. */
export type SendMail = (scope: SystemScope, mail: Mail, signal: AbortSignal) => Promise<MailSent>

/** For one message, from the look-up of the name to the last answer. */
const mailTimeoutMs = 20 * second

/** What any server takes as it stands; an address with anything else in it is not written to. */
const plainAddress = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

export async function sendMail(scope: SystemScope, dial: Dial, mail: Mail, signal: AbortSignal): Promise<MailSent> {
  if (!plainAddress.test(mail.to)) return { state: 'failed', reason: 'The e-mail of the account is no plain address.' }
  const { mail: server } = scope.system.settings
  if (messagesTo(scope) === 'inbox') {
    if (scope.mode === 'production') return { state: 'failed', reason: noInbox }
    const [id, at] = [`EM${mail.id.replaceAll('-', '')}`, scope.clock.now()]
    const { to, body } = mail
    await insertInboxMessage(scope.data, { id, to, from: server?.from ?? '', serviceSid: null, body, at })
    return { state: 'accepted' }
  }
  if (server === null) return { state: 'skipped' }
  const password = server.password === undefined ? undefined : await secretOf(scope, server.password)
  if (server.password !== undefined && password === undefined) {
    return { state: 'failed', reason: `The system has no ${server.password} that can be used.` }
  }
  return deliver(server, password, dial, mail, AbortSignal.any([AbortSignal.timeout(mailTimeoutMs), signal]))
}

async function deliver(
  server: MailServer,
  password: string | undefined,
  dial: Dial,
  mail: Mail,
  deadline: AbortSignal,
): Promise<MailSent> {
  let end = (): void => {}
  try {
    const socket = await dial(server.host, server.port, deadline)
    end = () => socket.destroy()
    deadline.addEventListener('abort', end, { once: true })
    // Loaded with the first mail; a start has no need of it.
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({
      // The connection stands already, to the address that was judged: nothing is looked up or dialled here.
      connection: socket,
      host: server.host,
      port: server.port,
      secure: server.port === implicitTls && server.tls === 'required',
      ...(server.tls === 'required' ? { requireTLS: true } : { ignoreTLS: true }),
      ...(server.user !== undefined && password !== undefined && { auth: { user: server.user, pass: password } }),
      connectionTimeout: mailTimeoutMs,
      greetingTimeout: mailTimeoutMs,
      socketTimeout: mailTimeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
      logger: false,
    })
    await transport.sendMail({
      from: { name: '', address: server.from },
      to: { name: '', address: mail.to },
      envelope: { from: server.from, to: [mail.to] },
      subject: mail.subject,
      text: mail.body,
      // RFC 3834 §5: nobody's absence note answers it.
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
    return { state: 'accepted' }
  } catch (error) {
    return failureOf(error)
  } finally {
    deadline.removeEventListener('abort', end)
    end()
  }
}

/** RFC 8314 §3.3. */
const implicitTls = 465

/** What a server answers may hold addresses, so of it the number alone is told. */
function failureOf(error: unknown): MailSent {
  if (error instanceof GatehouseError) {
    return { state: error.kind === 'egressRefused' ? 'failed' : 'later', reason: error.detail }
  }
  const { code, command, responseCode } = error as { code?: unknown; command?: unknown; responseCode?: unknown }
  const status = Number.isInteger(responseCode) ? ` with status ${responseCode}` : ''
  const reason = `The mail server did not take it${status} (${typeof code === 'string' ? code : 'no code'}).`
  if (typeof responseCode === 'number' && status !== '') {
    return { state: responseCode >= 400 && responseCode < 500 ? 'later' : 'failed', reason }
  }
  // Before the text was given, it was surely not taken.
  const early = typeof command === 'string' && /^(CONN|EHLO|HELO|STARTTLS|AUTH|MAIL|RCPT)/.test(command)
  return { state: early ? 'later' : 'failed', reason }
}
