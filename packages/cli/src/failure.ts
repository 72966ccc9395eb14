/** What a command says when it cannot do what was asked: one sentence for the person at the terminal, never a stack. */

export class CommandError extends Error {
  override readonly name = 'CommandError'
  /** What `--json` tells beside the message. */
  readonly fields: Record<string, unknown>

  constructor(message: string, fields: Record<string, unknown> = {}) {
    super(message)
    this.fields = fields
  }
}
