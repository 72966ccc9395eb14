/**
 * Private references to the built-ins the library uses, taken before any of the developer's code runs. Bundles replace and
 * patch built-ins (`Reflect.construct = null`, polyfills of Array methods), so no other file calls a method of a built-in
 * prototype by name, spreads an array, uses for-of or a regular expression.
 */
export function installBuiltIns(library) {
  const { bind, call } = Function.prototype
  /** Turns a method into a function that takes `this` first; independent of Function.prototype afterwards. */
  const uncurry = (method) => bind.call(call, method)

  const own = {
    global: globalThis,
    ArrayBuffer,
    Error,
    Map,
    Number,
    Promise,
    String,
    TypeError,
    Uint8Array,
    WeakMap,
    apply: Reflect.apply,
    assign: Object.assign,
    create: Object.create,
    defineProperty: Object.defineProperty,
    encodeURIComponent,
    fromCharCode: String.fromCharCode,
    getOwnPropertyDescriptor: Object.getOwnPropertyDescriptor,
    isArray: Array.isArray,
    isFinite: Number.isFinite,
    isView: ArrayBuffer.isView,
    keys: Object.keys,
    max: Math.max,
    min: Math.min,
    now: Date.now,
    parse: JSON.parse,
    reject: (reason) => new own.Promise((_, reject) => reject(reason)),
    stringify: JSON.stringify,

    charCodeAt: uncurry(String.prototype.charCodeAt),
    includes: uncurry(String.prototype.includes),
    indexOf: uncurry(String.prototype.indexOf),
    lastIndexOf: uncurry(String.prototype.lastIndexOf),
    slice: uncurry(String.prototype.slice),
    startsWith: uncurry(String.prototype.startsWith),
    toLowerCase: uncurry(String.prototype.toLowerCase),
    toUpperCase: uncurry(String.prototype.toUpperCase),
    trim: uncurry(String.prototype.trim),
    split: uncurry(String.prototype.split),

    concat: uncurry(Array.prototype.concat),
    join: uncurry(Array.prototype.join),
    pop: uncurry(Array.prototype.pop),
    push: uncurry(Array.prototype.push),
    splice: uncurry(Array.prototype.splice),
    sliceArray: uncurry(Array.prototype.slice),

    setBytes: uncurry(Uint8Array.prototype.set),
    sliceBytes: uncurry(Uint8Array.prototype.slice),

    mapDelete: uncurry(Map.prototype.delete),
    mapGet: uncurry(Map.prototype.get),
    mapHas: uncurry(Map.prototype.has),
    mapSet: uncurry(Map.prototype.set),
    weakGet: uncurry(WeakMap.prototype.get),
    weakSet: uncurry(WeakMap.prototype.set),

    hasOwn: Object.hasOwn,
    settled: uncurry(Promise.prototype.then),
    functionText: uncurry(Function.prototype.toString),
  }

  /** `list.map(fn)` by index. */
  own.each = (list, fn) => {
    const result = []
    for (let i = 0; i < list.length; i++) own.push(result, fn(list[i], i))
    return result
  }

  own.isObject = (value) => typeof value === 'object' && value !== null

  const property = (object, name, value) =>
    own.defineProperty(object, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true })

  /** A property that `JSON.stringify` and `for … in` pass by. */
  own.hidden = (object, name, value) =>
    own.defineProperty(object, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true })

  /**
   * Properties that are made together when one of them is first touched, and are ordinary ones from then on: most runs
   * use few of the areas, and every run pays for what is made at its start. `make()` answers name → value.
   */
  own.lazily = (object, names, make) => {
    let made
    own.each(names, (name) =>
      own.defineProperty(object, name, {
        get: () => {
          made ??= make()
          property(object, name, made[name])
          return made[name]
        },
        set: (value) => property(object, name, value),
        enumerable: true,
        configurable: true,
      }),
    )
  }

  /** What each run does at its start, in order. */
  const steps = []
  /** What the globals of the part that is being installed depend on. */
  let condition = () => true

  /**
   * `step(facts)` runs at the start of each run, before the developer's code. All else is done once, long before: what is
   * done here every run pays for.
   */
  library.atBegin = (step) => {
    const wanted = condition
    own.push(steps, (facts) => {
      if (wanted()) step(facts)
    })
  }

  /** Installs a part whose globals are there only in runs that require one of these native libraries. */
  library.onlyWhen = (names, install) => {
    condition = () => {
      for (let i = 0; i < names.length; i++) if (library.required(names[i])) return true
      return false
    }
    always = false
    install()
    condition = () => true
    always = true
  }
  let always = true

  library.required = (name) => {
    const { natives } = library.facts
    if (!own.isArray(natives)) return false
    for (let i = 0; i < natives.length; i++) if (natives[i] === name) return true
    return false
  }

  library.begin = (facts) => {
    library.facts = facts
    for (let i = 0; i < steps.length; i++) steps[i](facts)
  }

  /** Does now what must be done only where the part's condition holds, or at the start of each run that it holds in. */
  const globally = (work) => {
    if (always) work()
    else library.atBegin(work)
  }

  /** Defines a global as bundles expect it: overwritable, removable. Only before developers' code runs. */
  own.defineGlobal = (name, value) => {
    globally(() => {
      own.global[name] = value
    })
  }

  /** Globals that are made when one of them is first touched; see `lazily`. */
  own.lazyGlobals = (names, make) => {
    globally(() => own.lazily(own.global, names, make))
  }

  library.own = own
}
