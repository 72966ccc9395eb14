/** What a person should know about a package that could be read: collected while reading, never holding a secret. */
import type { KeptKind } from './model.ts'

export type AssetKind = 'system' | 'service' | 'library' | 'collection' | 'role' | 'user' | 'user-columns' | KeptKind

/**
 * | kind | says |
 * |---|---|
 * | unknown | a file or folder that belongs to no known kind; it is ignored |
 * | dangling | a reference to something that is not in the package |
 * | skipped | a part of a file that cannot be used and is left out |
 * | duplicate | the same thing twice; how it was settled |
 * | mismatch | a file is named otherwise than what it holds |
 * | default | a file is missing and defaults stand in for it |
 * | secret | a key or password of the exporter that was dropped |
 * | kept | kept whole, not active |
 * | code | code that does not compile; it is taken as it is |
 */
export type NoteKind =
  | 'unknown'
  | 'dangling'
  | 'skipped'
  | 'duplicate'
  | 'mismatch'
  | 'default'
  | 'secret'
  | 'kept'
  | 'code'

export type Note = {
  level: 'warning' | 'info'
  kind: NoteKind
  path?: string
  asset?: { kind: AssetKind; name: string }
  message: string
}

const warned: ReadonlySet<NoteKind> = new Set(['dangling', 'skipped', 'duplicate', 'default'])

/** More would fill screens and memory with the same sentence. */
export const mostNotes = 5_000

/** Notes in the order they are taken; past `mostNotes` they are only counted. */
export class NoteList {
  readonly #notes: Note[] = []
  #more = 0

  add(
    kind: NoteKind,
    message: string,
    about: { path?: string; asset?: Note['asset']; level?: Note['level'] } = {},
  ): void {
    if (this.#notes.length >= mostNotes) {
      this.#more += 1
      return
    }
    const level = about.level ?? (warned.has(kind) ? 'warning' : 'info')
    const { path, asset } = about
    this.#notes.push({ level, kind, ...(path && { path }), ...(asset && { asset }), message })
  }

  all(): Note[] {
    if (this.#more === 0) return [...this.#notes]
    const message = `There are ${this.#more} more notes of the same kinds.`
    return [...this.#notes, { level: 'warning', kind: 'skipped', message }]
  }
}

/** A name as a note quotes it: on one line, cut to a readable length. */
export const shown = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
