/**
 * Who is signed in at a portal, in the storage of its origin, where portals of ClearBlade have it (packages-portals-edge.md
 * §3.5): `cb_portals`, by system and portal. An anonymous session lives as long as the tab.
 */
import { fields, text } from './model/fields.ts'

export type Person = { email: string; authToken: string }

const place = 'cb_portals'

export type Sessions = {
  person(): Person | undefined
  keep(person: Person): void
  forget(): void
  anonymous(): string | undefined
  keepAnonymous(token: string): void
}

export function sessionsOf(systemKey: string, portal: string): Sessions {
  const read = () => fields(jsonIn(localStorage.getItem(place)))
  const write = (person: Person | undefined) => {
    const all = read()
    const own = { ...fields(all[systemKey]) }
    if (person === undefined) delete own[portal]
    else own[portal] = person
    localStorage.setItem(place, JSON.stringify({ ...all, [systemKey]: own }))
  }
  const tab = `gatehouse_anonymous ${systemKey}`
  return {
    person() {
      const held = fields(fields(read()[systemKey])[portal])
      const authToken = text(held.authToken)
      return authToken === '' ? undefined : { email: text(held.email), authToken }
    },
    keep: write,
    forget: () => write(undefined),
    anonymous: () => sessionStorage.getItem(tab) ?? undefined,
    keepAnonymous: (token) => sessionStorage.setItem(tab, token),
  }
}

function jsonIn(value: string | null): unknown {
  try {
    return JSON.parse(value ?? '{}')
  } catch {
    return {}
  }
}
