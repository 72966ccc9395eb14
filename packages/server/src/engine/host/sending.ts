/** Messages to phones, for a run. How one ends is a value; the text and the number stay out of every record. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { messagesTo } from '../../domain/sending/inbox.ts'
import type { SendMessage } from '../../domain/sending/send.ts'
import { currentSystem } from '../run.ts'
import { countOutbound } from './http.ts'
import { type HostTable, textArg } from './table.ts'

export const sendingCalls = (send: SendMessage): HostTable => ({
  'sending.where': async ({ run }) => {
    const system = await currentSystem(run.scope)
    const providers = system.settings.message_providers.map(({ kind }) => kind)
    return { where: messagesTo({ ...run.scope, system }), providers }
  },
  'sending.send': async ({ run, args, waiting }) => {
    // Whoever may call an open service could otherwise write to any phone, and the system would pay.
    if (run.scope.caller.kind !== 'developer' && !run.runAs) {
      throw new GatehouseError(
        'permissionDenied',
        'Messages are sent by services with a run-as user, and by those that a developer runs.',
        { hint: 'Give the service a run-as user.' },
      )
    }
    countOutbound(run)
    const scope = { ...run.scope, system: await currentSystem(run.scope) }
    const sent = await waiting(send(scope, { to: textArg(args, 'to'), body: textArg(args, 'body') }))
    run.tree.messages.push({ to: sent.where, state: sent.state })
    return sent
  },
})
