/**
 * The parts of the library `clearblade` that are not built: they exist, so that code which only makes such objects loads,
 * and every use fails through its callback with a text that names the area.
 */
export function installNotYet(library) {
  const { own, calls, factory, ClearBlade } = library
  const { notYet, notOffered, objectOf, refuse, refusing } = calls

  const area = (name) => refusing(() => notYet(name))

  let waits = 0
  const messaging = area('messaging')
  ClearBlade.Messaging = factory({
    ...objectOf(
      [
        'publish',
        'subscribe',
        'getMessageHistory',
        'getMessageHistoryWithTimeFrame',
        'getAndDeleteMessageHistory',
        'getCurrentTopics',
        'setTimeout',
        'setInterval',
        'cancelCBTimeout',
        'cancelCBInterval',
      ],
      messaging,
    ),
    // Services wait in an endless loop; one that ignores the failure would spin for as long as it may run.
    waitForMessage(_topics, callback) {
      waits++
      if (waits > 3) throw notYet('messaging')
      messaging(callback)
    },
  })

  const devices = area('devices')
  own.assign(
    ClearBlade,
    objectOf(
      [
        'getAllDevicesForSystem',
        'getDeviceByName',
        'createDevice',
        'updateDevice',
        'deleteDevice',
        'connectedDevices',
        'deviceConnections',
        'connectedDeviceCount',
      ],
      devices,
    ),
  )
  ClearBlade.Device = factory(objectOf(['fetch', 'create', 'update', 'delete'], devices))

  ClearBlade.Cache = factory(
    objectOf(['get', 'set', 'setnx', 'setMultiple', 'getAll', 'delete', 'flush'], area('cache')),
  )

  // Going on without the lock would be worse than stopping: no callback, no silence.
  const lock = (callback) => {
    if (typeof callback !== 'function') throw notYet('lock')
    refuse(callback, notYet('lock'))
  }
  ClearBlade.Lock = factory(objectOf(['lock', 'unlock', 'rlock', 'runlock'], lock))

  ClearBlade.Timer = objectOf(['Create', 'Fetch'], area('timers'))
  ClearBlade.Trigger = objectOf(['Create', 'Fetch'], area('triggers'))
  ClearBlade.Deployment = factory(objectOf(['create', 'read', 'readAll', 'update', 'delete'], area('deployments')))

  const sql = refusing(() => notOffered('raw SQL'))
  const external = area('external databases')
  const database = ['query', 'exec', 'transaction', 'performOperation', 'performOperationAsync']
  ClearBlade.Database = function Database(options) {
    const object = objectOf(database, own.isObject(options) && options.externalDBName ? external : sql)
    object.statement = (statement, ...args) => ({ statement, args })
    return object
  }
}
