/**
 * A portal that was edited and not saved, kept by this tab of the browser until it is: a lost session loses no work. Whoever
 * signs in next as somebody else does not see it.
 */
import { session } from '../../api.ts'
import { isObject } from './model/config.ts'
import type { Work } from './model/portal.ts'

export type Draft = { hash: string; work: Work; at: number }

const keyOf = (key: string, name: string): string => `gatehouse.draft.${session()?.email ?? ''}.${key}.portal.${name}`

export function readDraft(key: string, name: string): Draft | undefined {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(keyOf(key, name)) ?? 'null')
    if (!isObject(value) || typeof value.hash !== 'string' || !isObject(value.work)) return undefined
    return isObject(value.work.config) ? (value as Draft) : undefined
  } catch {
    return undefined
  }
}

export function keepDraft(key: string, name: string, draft: Draft): void {
  try {
    sessionStorage.setItem(keyOf(key, name), JSON.stringify(draft))
  } catch {
    // Full, or forbidden: the work is still in the editor.
  }
}

export const dropDraft = (key: string, name: string): void => sessionStorage.removeItem(keyOf(key, name))
