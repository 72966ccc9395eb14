/**
 * `cb_node`: the objects behind Node's module names that bundles of the platform's build kit refer to when they load. Events
 * work; streams and sockets can be inherited from and constructed, and are refused when used.
 */
export function installCbNode(library) {
  library.own.lazyGlobals(['cb_node'], () => ({ cb_node: makeCbNode(library) }))
}

function makeCbNode(library) {
  const { own, calls } = library

  // A plain function: bundles inherit with EventEmitter.call(this).
  function EventEmitter() {}
  EventEmitter.EventEmitter = EventEmitter

  /** Listeners by event, made on first use since inheriting objects may never call the constructor. */
  function listenersOf(emitter, event) {
    if (!own.hasOwn(emitter, '_listeners')) own.hidden(emitter, '_listeners', new own.Map())
    const found = own.mapGet(emitter._listeners, event)
    if (found !== undefined) return found
    const fresh = []
    own.mapSet(emitter._listeners, event, fresh)
    return fresh
  }

  EventEmitter.prototype = {
    constructor: EventEmitter,
    on(event, listener) {
      if (typeof listener !== 'function') throw new own.TypeError('A listener must be a function.')
      own.push(listenersOf(this, event), listener)
      return this
    },
    once(event, listener) {
      const self = this
      function first(...args) {
        self.removeListener(event, first)
        return own.apply(listener, this, args)
      }
      first.listener = listener
      return this.on(event, first)
    },
    removeListener(event, listener) {
      const all = listenersOf(this, event)
      for (let i = all.length - 1; i >= 0; i--) {
        if (all[i] === listener || all[i].listener === listener) {
          own.splice(all, i, 1)
          break
        }
      }
      return this
    },
    removeAllListeners(event) {
      if (event === undefined) own.hidden(this, '_listeners', new own.Map())
      else own.mapDelete(this._listeners ?? new own.Map(), event)
      return this
    },
    listeners(event) {
      return own.sliceArray(listenersOf(this, event))
    },
    listenerCount(event) {
      return listenersOf(this, event).length
    },
    setMaxListeners() {
      return this
    },
    emit(event, ...args) {
      const all = own.sliceArray(listenersOf(this, event))
      if (all.length === 0 && event === 'error') {
        throw args[0] instanceof own.Error ? args[0] : new own.Error(`Unhandled error event: ${own.String(args[0])}`)
      }
      for (let i = 0; i < all.length; i++) own.apply(all[i], this, args)
      return all.length > 0
    },
  }
  EventEmitter.prototype.addListener = EventEmitter.prototype.on
  EventEmitter.prototype.off = EventEmitter.prototype.removeListener

  /** A constructor that inherits from EventEmitter and whose own methods are refused. */
  function emitter(area, methods) {
    function Emitter() {
      if (!(this instanceof Emitter)) return new Emitter()
    }
    Emitter.prototype = own.assign(
      own.create(EventEmitter.prototype),
      calls.objectOf(
        methods,
        calls.throwing(() => calls.notYet(area)),
      ),
    )
    Emitter.prototype.constructor = Emitter
    return Emitter
  }

  const stream = emitter('streams', ['pipe'])
  stream.Stream = stream
  stream.Readable = emitter('streams', ['push', 'pipe', 'read', 'destroy'])
  stream.Writable = emitter('streams', ['write', 'end', 'destroy'])
  stream.Duplex = emitter('streams', ['push', 'pipe', 'read', 'write', 'end', 'destroy'])
  stream.Transform = stream.Duplex
  stream.PassThrough = stream.Duplex

  const socket = ['connect', 'end', 'write', 'setKeepAlive', 'address', 'bind', 'close', 'send', 'destroy']
  const refused = calls.throwing(() => calls.notYet('sockets'))
  const net = {
    Socket: emitter('sockets', socket),
    Server: emitter('sockets', ['listen', 'close']),
    connect: refused,
    createConnection: refused,
    createServer: refused,
  }
  return {
    events: EventEmitter,
    stream,
    net,
    tls: { connect: refused },
    dgram: { Socket: emitter('sockets', socket), createSocket: refused },
  }
}
