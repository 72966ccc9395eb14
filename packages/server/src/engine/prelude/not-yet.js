/**
 * The parts of the library `clearblade` that are not built: they exist, so that code which only makes such objects loads,
 * and every use fails through its callback with a text that names the area.
 */
export function installNotYet(library) {
  const { own, calls, ClearBlade } = library
  const objects = ['Messaging', 'Device', 'Cache', 'Lock', 'Timer', 'Trigger', 'Deployment', 'Database']
  own.lazily(ClearBlade, objects, () => makeNotYet(library))

  const devices = calls.refusing(() => calls.notYet('devices'))
  ClearBlade.getAllDevicesForSystem = devices
  ClearBlade.getDeviceByName = devices
  ClearBlade.createDevice = devices
  ClearBlade.updateDevice = devices
  ClearBlade.deleteDevice = devices
  ClearBlade.connectedDevices = devices
  ClearBlade.deviceConnections = devices
  ClearBlade.connectedDeviceCount = devices
}

function makeNotYet(library) {
  const { own, calls, factory, base } = library
  const { notYet, notOffered, objectOf, refuse, refusing } = calls

  const area = (name) => refusing(() => notYet(name))

  let waits = 0
  const messaging = area('messaging')
  const Messaging = factory({
    __proto__: base,
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

  const Device = factory(objectOf(['fetch', 'create', 'update', 'delete'], area('devices')))

  const Cache = factory(objectOf(['get', 'set', 'setnx', 'setMultiple', 'getAll', 'delete', 'flush'], area('cache')))

  // Going on without the lock would be worse than stopping: no callback, no silence.
  const lock = (callback) => {
    if (typeof callback !== 'function') throw notYet('lock')
    refuse(callback, notYet('lock'))
  }
  const Lock = factory(objectOf(['lock', 'unlock', 'rlock', 'runlock'], lock))

  const Timer = objectOf(['Create', 'Fetch'], area('timers'))
  const Trigger = objectOf(['Create', 'Fetch'], area('triggers'))
  const Deployment = factory(objectOf(['create', 'read', 'readAll', 'update', 'delete'], area('deployments')))

  const sql = refusing(() => notOffered('raw SQL'))
  const external = area('external databases')
  const database = ['query', 'exec', 'transaction', 'performOperation', 'performOperationAsync']
  function Database(options) {
    const object = objectOf(database, own.isObject(options) && options.externalDBName ? external : sql)
    object.statement = (statement, ...args) => ({ statement, args })
    return object
  }

  return { Messaging, Device, Cache, Lock, Timer, Trigger, Deployment, Database }
}
