/** `clearblade-js-client` as npm has it, in a page of jsdom. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { runInThisContext } from 'node:vm'
import { type DOMWindow, JSDOM } from 'jsdom'
import { good } from './answered.ts'
import { email, type Plant, password, reach } from './plant.ts'

const require = createRequire(import.meta.url)

/** The page is served from elsewhere, so that every call is cross-origin and asks before. */
const pageUrl = 'http://app.example.com/'

/** Opens a page and answers a maker of SDK instances; `close` takes the page away again. */
export function openPage(): { createClient(): any; close(): void } {
  const { window } = new JSDOM('<!doctype html><title>app</title>', { url: pageUrl, runScripts: 'outside-only' })
  const Paho = mqttScriptIn(window)
  const globals = { window: Object.assign(window, { Paho }), XMLHttpRequest: window.XMLHttpRequest, Paho }
  Object.assign(globalThis, globals)
  const { ClearBlade } = require('clearblade-js-client')
  return {
    createClient: () => new ClearBlade(),
    close() {
      for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name)
      window.close()
    },
  }
}

/** What the MQTT script beside the SDK makes, run with the page's timers and sockets, which end with the page. */
function mqttScriptIn(window: DOMWindow): unknown {
  const script = readFileSync(require.resolve('clearblade-js-client/lib/mqttws31.js'), 'utf8')
  const names = ['window', 'WebSocket', 'localStorage', 'setTimeout', 'Paho']
  const Paho = {}
  const { WebSocket, localStorage, setTimeout } = window
  const run = runInThisContext(`(function (${names.join(', ')}) {${script}\n})`)
  run(window, WebSocket, localStorage, setTimeout, Paho)
  return Paho
}

/** Signs in and answers the instance. */
export async function signedIn(page: { createClient(): any }, plant: Plant, as = { email, password }): Promise<any> {
  const cb = page.createClient()
  await good((callback) => cb.init({ ...reach(plant), ...as, callback }))
  return cb
}
