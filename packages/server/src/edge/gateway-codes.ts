/**
 * Codes to phones through a gateway that was configured at the edge: with a link or without, to the numbers that deployments
 * bring there. Everything about it stands in one file of the edge's machine; the platform hears no more than that there is one.
 */
import { readFileSync, statSync } from 'node:fs'
import type { CodeSent, EdgeCodes, MessageProvider, SystemScope } from '../domain/access/scope.ts'
import { noteEntered, type SendMessage } from '../domain/sending/send.ts'
import { readOwnProvider } from '../domain/systems/message-settings.ts'

/** The one provider in the file, with its credentials. Throws a plain sentence, which repeats nothing of the file. */
export function readGatewayFile(file: string): MessageProvider {
  let text: string
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
      throw new Error(`it can be read by others than its owner. Run: chmod 600 ${file}`)
    }
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`--message-gateway-file ${file} cannot be used: ${(error as Error).message}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`--message-gateway-file ${file} is no JSON: it holds one provider, as {"kind": "twilio", …}.`)
  }
  try {
    return readOwnProvider(value)
  } catch (error) {
    throw new Error(`--message-gateway-file ${file}: ${(error as Error).message}`)
  }
}

export class GatewayCodes implements EdgeCodes {
  readonly ownWords = true
  readonly #edge: string
  readonly #provider: MessageProvider
  readonly #send: SendMessage

  /** `send` is that of any node; the limits are counted at this edge. */
  constructor(edge: string, provider: MessageProvider, send: SendMessage) {
    this.#edge = edge
    this.#provider = provider
    this.#send = send
  }

  problem({ sealed }: { sealed: string }): string | undefined {
    return sealed === ''
      ? `This edge, ${this.#edge}, sends text messages by itself, and its deployments bring it no numbers ("phones": true).`
      : undefined
  }

  async send(scope: SystemScope, asked: Parameters<EdgeCodes['send']>[1]): Promise<CodeSent> {
    const settings = { ...scope.system.settings, messages_to: 'provider' as const, message_providers: [this.#provider] }
    const own = { ...scope, system: { ...scope.system, settings } }
    const { id: challenge, user: account, code, number: to, body } = asked
    const sent = await this.#send(own, { to, body, challenge, code, account })
    const { state, where, provider, reason = '', retryAfter } = sent
    return { state, where, provider, reason, ...(retryAfter !== undefined && { retryAfter }) }
  }

  entered(scope: SystemScope, id: string): Promise<void> {
    return noteEntered(scope, id)
  }
}
