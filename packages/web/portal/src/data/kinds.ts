/**
 * The kinds of datasources: a code service, a collection, a variable of the page, several others as one, the list of users.
 * Those that need a part of the platform that this node does not have say what they wait for.
 */
import { fields, flag, isObject, list, text } from '../model/fields.ts'
import type { Datasource } from '../model/model.ts'
import type { MakeKind, SourceKind, Sources } from './source.ts'

/** A call of the user API as the person who has the portal open. Throws an Error with what the node said. */
export type CallNode = (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<unknown>

const waiting: Readonly<Record<string, string>> = {
  CB_MESSAGE_TOPIC: 'messaging, which this node does not have yet',
  CB_DEVICE_LIST: 'devices, which this node does not have yet',
  CB_EDGE_LIST: 'edges, which this node does not have yet',
  CB_EDGE_METRICS: 'edges, which this node does not have yet',
}

export const kindsOf =
  (call: CallNode, systemKey: string): MakeKind =>
  (source) => {
    switch (source.type) {
      case 'CB_CODE_SERVICE':
        return codeService(source, call, systemKey)
      case 'CB_COLLECTION':
        return collection(source, call, systemKey)
      case 'CB_USER_LIST':
        return { load: () => call('GET', '/api/v/1/user'), loadsAtStart: true }
      case 'LOCAL_DATASOURCE_PLUGIN':
        return local(source)
      case 'DATASOURCE_AGGREGATOR':
        return { join: (sources, changed) => aggregate(source, sources, changed) }
      default:
        return {
          waitsFor: waiting[source.type] ?? `something that is called ${source.type || 'nothing'} and not known here`,
        }
    }
  }

/** The newest data are the whole answer, with `success` and `results`. */
function codeService({ settings }: Datasource, call: CallNode, systemKey: string): SourceKind {
  const path = `/api/v/1/code/${systemKey}/${encodeURIComponent(text(settings.code_name))}`
  const run = (payload: unknown) => call('POST', path, payload ?? {})
  return {
    load: run,
    send: run,
    payload: () => jsonIn(settings.payload) ?? {},
    loadsAtStart: flag(settings.CALL_ON_LOAD, false),
  }
}

function collection({ settings }: Datasource, call: CallNode, systemKey: string): SourceKind {
  const path = `/api/v/1/collection/${systemKey}/${encodeURIComponent(text(settings.collection_name))}`
  const load = (query: unknown) =>
    call('GET', isObject(query) ? `${path}?query=${encodeURIComponent(JSON.stringify(query))}` : path)
  return { load, send: load, loadsAtStart: flag(settings.CALL_ON_LOAD, true) }
}

function local({ settings }: Datasource): SourceKind {
  const value = settings.defaultValue
  const initial = typeof value === 'string' ? (jsonIn(value) ?? value) : value
  return { send: (payload) => payload, ...(initial !== undefined && initial !== '' && { initial }) }
}

/** One object with the data of each under its name. */
function aggregate({ settings }: Datasource, sources: Sources, changed: (data: unknown) => void): () => void {
  const parts = list(settings.datasources).flatMap((id) => sources.withId(text(id)) ?? sources.named(text(id)) ?? [])
  const tell = () => changed(Object.fromEntries(parts.map((part) => [part.name, part.latestData()])))
  const ends = parts.map((part) => part.follow(tell, { later: true }))
  if (parts.some((part) => part.latestData() !== undefined)) tell()
  return () => {
    for (const end of ends) end()
  }
}

function jsonIn(value: unknown): unknown {
  if (typeof value !== 'string') return isObject(value) && !('nativeEvent' in fields(value)) ? value : undefined
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}
