/**
 * Native libraries that are not built: their globals exist when required, constructing works, every use is refused.
 */
export function installOtherNatives(library) {
  const { own, calls } = library
  const { notYet, objectOf, refusing, rejecting, throwing } = calls

  /** Defines globals of one library; `make()` answers name → value. */
  function define(name, make) {
    library.onlyWhen([name], () =>
      library.atBegin(() => {
        const globals = make()
        own.each(own.keys(globals), (key) => own.defineGlobal(key, globals[key]))
      }),
    )
  }

  /** A constructor, with or without `new`, of objects with the given methods. */
  const maker = (names, method) => {
    function make() {
      return objectOf(names, method)
    }
    return make
  }

  define('mqtt', () => {
    const refused = rejecting(() => notYet('MQTT'))
    function Message(payload) {
      const given =
        own.isObject(payload) && typeof payload.payload === 'string' ? payload.payload : own.String(payload ?? '')
      return {
        payload: given,
        payload_bytes: library.bytes.utf8(given),
        qos: 0,
        retain: false,
        duplicate: false,
        topic: '',
        user_properties: {},
      }
    }
    const Client = function Client() {
      const client = objectOf(['subscribe', 'unsubscribe', 'publish', 'disconnect'], refused)
      client.createPublishStream = throwing(() => notYet('streams'))
      return client
    }
    return { MQTT: { Client, Message } }
  })

  define('mailer', () => ({
    mailer: () => ({
      createTransport: () => ({ sendMail: refusing(() => notYet('mailer')), close: () => {} }),
    }),
    Mailer: {
      Client: maker(
        ['send'],
        rejecting(() => notYet('mailer')),
      ),
    },
  }))

  define('file_writer', () => ({
    Writer: maker(
      ['writeToFile', 'removeFile'],
      refusing(() => notYet('file stores')),
    ),
  }))

  define('clearblade_ai', () => {
    const refused = rejecting(() => notYet('models'))
    return { ClearBladeAI: { Model: maker(['inputs', 'outputs', 'exec'], refused) } }
  })

  define('net_cb', () => {
    const methods = ['connect', 'read', 'readWithSize', 'write', 'lookup', 'bytesRead', 'destroy']
    return {
      net_cb: {
        Socket: maker(
          methods,
          throwing(() => notYet('sockets')),
        ),
      },
    }
  })

  define('oauth2_lib', () => ({
    OAuth2: maker(
      ['googleAuth'],
      refusing(() => notYet('OAuth2')),
    ),
  }))

  define('geo', () => {
    const methods = ['Point', 'Circle', 'Polygon', 'LineSegment', 'WithinCircle', 'Within', 'Nearest', 'Farthest']
    return {
      geo: maker(
        own.concat(methods, ['Distance', 'BearingTo']),
        throwing(() => notYet('geo')),
      ),
    }
  })

  define('websockets', () => {
    const refused = rejecting(() => notYet('sockets'))
    return {
      WebSocket: {
        Client: function Client() {
          const client = objectOf(['write', 'close'], refused)
          client.connect = throwing(() => notYet('sockets'))
          return client
        },
      },
    }
  })

  define('grpc', () => ({
    grpc: {
      loadDefinitionFromBucket: rejecting(() => notYet('gRPC')),
      Metadata: maker(['set', 'get'], () => undefined),
    },
  }))

  // Needs no library, and is offered on edges alone.
  own.defineGlobal('child_process', { execSync: throwing(() => notYet('child processes')) })
}
