/** `clearblade-js-client` as npm has it, in a page of jsdom. */
import { createRequire } from 'node:module'
import { JSDOM } from 'jsdom'
import { good } from './answered.ts'
import { email, type Plant, password, reach } from './plant.ts'

const require = createRequire(import.meta.url)

/** The page is served from elsewhere, so that every call is cross-origin and asks before. */
const pageUrl = 'http://app.example.com/'

/**
 * Opens a page, whose globals the SDK finds as in a browser, with the MQTT script that the SDK brings beside it. Answers
 * a maker of SDK instances; `close` takes the page away again.
 */
export function openPage(): { createClient(): any; origin: string; close(): void } {
  const page = new JSDOM('<!doctype html><title>app</title>', { url: pageUrl, runScripts: 'outside-only' })
  const { window } = page
  window.eval(require('node:fs').readFileSync(require.resolve('clearblade-js-client/lib/mqttws31.js'), 'utf8'))
  const names = { window, XMLHttpRequest: window.XMLHttpRequest, Paho: (window as any).Paho }
  Object.assign(globalThis, names)
  const { ClearBlade } = require('clearblade-js-client')
  return {
    createClient: () => new ClearBlade(),
    origin: window.origin,
    close() {
      for (const name of Object.keys(names)) Reflect.deleteProperty(globalThis, name)
      window.close()
    },
  }
}

/** Signs in and answers the instance. */
export async function signedIn(page: { createClient(): any }, plant: Plant, as = { email, password }): Promise<any> {
  const cb = page.createClient()
  await good((callback) => cb.init({ ...reach(plant), ...as, callback }))
  return cb
}
