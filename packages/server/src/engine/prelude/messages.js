/**
 * The library `messages`: text messages through the providers of the system, or into the inbox in development.
 */
export function installMessages(library) {
  const { own, calls } = library

  own.defineGlobal('Messages', {
    /** Where messages of this system go: `{where: 'inbox' | 'provider', providers: [kind]}`. */
    where: () => calls.demand('sending.where', undefined, () => ({})),

    /**
     * `send({to, body}, callback)`: calls back `(false, {where, provider, state, id})` where it was accepted, else
     * `(true, …)` with the same and its reason, which is also what it prints as.
     */
    send(message, callback) {
      const reply = calls.perform('sending.send', undefined, () => {
        if (!own.isObject(message)) throw calls.badRequest('Messages.send needs {to, body}.')
        return { to: message.to, body: message.body }
      })
      if (!reply.ok) {
        calls.respond(callback, true, calls.failure(reply.error))
        return
      }
      const sent = reply.value
      if (sent.state !== 'accepted') own.hidden(sent, 'toString', () => sent.reason)
      calls.respond(callback, sent.state !== 'accepted', sent)
    },
  })
}
