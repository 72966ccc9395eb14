/**
 * What code of portals expects to find (packages-portals-edge.md §3.4, §3.5): `$` with the look and the plugins of Bootstrap,
 * and `window.ClearBlade`, which is the SDK for browsers as npm has it.
 */

import { ClearBlade } from 'clearblade-js-client'
import $ from 'jquery'
import { text } from './model/fields.ts'
import type { Person } from './session.ts'

/** The class inside the SDK: the global of the browser build, with `request` of its own beside what instances have. */
// biome-ignore lint/suspicious/noExplicitAny: the SDK has types for its npm form alone
type Sdk = any

type Globals = {
  $: unknown
  jQuery: unknown
  ClearBlade: Sdk
  CB_PORTAL: unknown
  datasources: unknown
  portalTitle: string
}

export const globals = window as unknown as Globals

export async function installGlobals(): Promise<void> {
  Object.assign(globals, { $, jQuery: $ })
  // Looks for jQuery when it is loaded.
  await import('bootstrap')
  await import('./compatible.ts')
  globals.ClearBlade = Object.getPrototypeOf(ClearBlade({})).constructor
}

export type Connection = {
  systemKey: string
  systemSecret: string
  user: { email: string | null; authToken: string } | undefined
  /** Called when code of the portal says who is signed in, or that nobody is. */
  changed: (person: Person | undefined) => void
}

const callTimeout = 30_000

/** `CB_PORTAL.ClearBlade`: an instance that is set up, with whoever is signed in; `setUser` needs nobody to be. */
export function connect({ systemKey, systemSecret, user, changed }: Connection): Sdk {
  const Class = globals.ClearBlade
  const instance = new Class()
  instance.init({
    systemKey,
    systemSecret,
    URI: location.origin,
    messagingURI: location.hostname,
    callTimeout,
    // Without anybody it would sign in by itself; who it is follows.
    useUser: { email: 'nobody', authToken: 'none' },
  })
  const become = (person: { email?: unknown; authToken?: unknown }): void => {
    instance.user = person
    Class.prototype.user = person
  }
  become(user ?? {})
  instance.setUser = (email: unknown, authToken: unknown) => {
    become({ email, authToken })
    const person = { email: text(email), authToken: text(authToken) }
    if (person.email !== '' && person.authToken !== '') changed(person)
  }
  const logout = instance.logoutUser
  instance.logoutUser = (callback: unknown) => {
    changed(undefined)
    return logout.call(instance, callback)
  }
  return instance
}
