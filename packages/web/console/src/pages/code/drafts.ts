/**
 * Text that was not saved yet, kept by this tab of the browser until it is: a lost session loses no work. Whoever signs in
 * next as somebody else does not see it.
 */
import { session } from '../../api.ts'
import type { UnitPlace } from './code-api.ts'

export type Draft = { version: number; text: string; at: number }

const keyOf = ({ key, kind, name }: UnitPlace): string =>
  `gatehouse.draft.${session()?.email ?? ''}.${key}.${kind}.${name}`

export function readDraft(place: UnitPlace): Draft | undefined {
  try {
    const value = JSON.parse(sessionStorage.getItem(keyOf(place)) ?? 'null') as Partial<Draft> | null
    return typeof value?.text === 'string' && typeof value.version === 'number' ? (value as Draft) : undefined
  } catch {
    return undefined
  }
}

export function keepDraft(place: UnitPlace, draft: Draft): void {
  try {
    sessionStorage.setItem(keyOf(place), JSON.stringify(draft))
  } catch {
    // Full, or forbidden: the text is still in the editor.
  }
}

export const dropDraft = (place: UnitPlace): void => sessionStorage.removeItem(keyOf(place))
