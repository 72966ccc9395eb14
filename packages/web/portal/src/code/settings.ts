/**
 * Settings of widgets (packages-portals-edge.md §3.3): static ones are their value, dynamic ones what a parser makes of a
 * datasource, calculated ones what code returns. Values come again whenever what they are made of changes.
 */
import type { Source, Sources } from '../data/source.ts'
import { type Fields, fields, isObject, text } from '../model/fields.ts'
import { codeOf, mentioned, type RunCode } from './run.ts'

export type Listener = { value: (value: unknown) => void; failed: (error: unknown) => void }

type Means = { run: RunCode; sources: Sources }

/** Follows a setting; answers what ends that. A setting that is no setting is its own value. */
export function follow({ run, sources }: Means, setting: unknown, listener: Listener): () => void {
  if (!isObject(setting) || typeof setting.dataType !== 'string') {
    listener.value(setting)
    return () => {}
  }
  let turn = 0
  const evaluate = (make: () => unknown): void => {
    turn += 1
    const own = turn
    // A slow promise does not overtake the value that came after it.
    const current = (act: () => void): void => {
      if (own === turn) act()
    }
    try {
      const made = make()
      if (made instanceof Promise) {
        made.then(
          (value) => current(() => listener.value(value)),
          (error) => current(() => listener.failed(error)),
        )
      } else listener.value(made)
    } catch (error) {
      listener.failed(error)
    }
  }
  const end = followKind(setting, { run, sources }, evaluate)
  return () => {
    turn = -1
    end()
  }
}

function followKind(setting: Fields, { run, sources }: Means, evaluate: (make: () => unknown) => void): () => void {
  switch (setting.dataType) {
    case 'STATIC_DATA_TYPE':
      evaluate(() => setting.value)
      return () => {}
    case 'CALCULATED_DATA_TYPE': {
      const code = calculatedCode(setting)
      const again = () => evaluate(() => (code === '' ? undefined : run(code)))
      const ends = mentioned(code).flatMap((name) => sources.named(name)?.follow(again, { later: true }) ?? [])
      again()
      return () => {
        for (const end of ends) end()
      }
    }
    default: {
      const source = sources.withId(text(setting.id))
      if (source === undefined) return () => {}
      return source.follow(() => evaluate(() => parsed(run, source, setting)))
    }
  }
}

const calculatedCode = (setting: Fields): string => text(setting.value) || codeOf(setting.incoming_parser)

function parsed(run: RunCode, source: Source, setting: Fields): unknown {
  const code = codeOf(setting.incoming_parser)
  const datasource = source.latestData()
  return code === '' ? datasource : run(code, { datasource })
}

/** The datasource of a dynamic setting. */
export const sourceOf = (sources: Sources, setting: unknown): Source | undefined =>
  fields(setting).dataType === 'DYNAMIC_DATA_TYPE' ? sources.withId(text(fields(setting).id)) : undefined

/** Sends what a widget gives out where the setting says; answers with what came of it. Throws what code throws. */
export async function giveOut({ run, sources }: Means, setting: unknown, widget: unknown): Promise<unknown> {
  const held = fields(setting)
  const source = sourceOf(sources, setting)
  const own = codeOf(held.outgoing_parser)
  const code = own !== '' || source !== undefined ? own : text(held.value)
  const made = code === '' ? widget : await run(code, { widget, datasource: source?.latestData() })
  return source === undefined ? made : source.sendData(made)
}

export const isWired = (setting: unknown): boolean => isObject(setting) && typeof setting.dataType === 'string'
