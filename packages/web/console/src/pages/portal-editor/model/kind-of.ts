/** What the editor knows of a widget by its type: its kind, its name for people, its settings, a word on what it shows. */
import { type Fields, fields } from './config.ts'
import { type Kind, kinds, type Setting } from './kinds.ts'
import { sourceOf } from './widgets.ts'

const bare = (type: string): string => type.replace(/(?:_WIDGET_COMPONENT|_WIDGET|_COMPONENT|Widget)$/, '')

/** Names of types differ in their endings, as packages of all ages have them. */
export const kindOf = (type: string): Kind | undefined =>
  kinds.find((kind) => kind.type === type || bare(kind.type) === bare(type))

export const labelOf = (type: string): string => (type === '' ? 'Empty place' : (kindOf(type)?.label ?? type))

/** Those of its kind, and of the others those that are wired to something. */
export function settingsOf(type: string, props: Fields): Setting[] {
  const known = kindOf(type)?.settings ?? []
  const more = Object.keys(props)
    .filter((name) => sourceOf(props[name]) !== undefined && !known.some((one) => one.name === name))
    .map((name): Setting => ({ name, label: name, kind: 'outgoing_parser' in fields(props[name]) ? 'out' : 'data' }))
  return [...known, ...more]
}

/** A word or two on what a widget shows, where it is a fixed text. */
export function hintOf(props: Fields): string {
  const shown = ['textContent', 'label', 'listTitle', 'title'].map((name) => props[name])
  for (const value of shown) {
    const held = sourceOf(value) === 'static' ? fields(value).value : value
    if (typeof held === 'string' && held.trim() !== '') return held.trim().slice(0, 80)
  }
  return ''
}
