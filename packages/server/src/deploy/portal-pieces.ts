/**
 * A portal as a folder, with its code in files of their own (packages-portals-edge.md §3.6): the other way round of
 * `kept-portal.ts`. A portal that a package brought in pieces is kept in pieces when it is changed, so that a change of one
 * widget is one of one file.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Fields, isObject } from './format/fields.ts'
import { writeJson } from './format/json.ts'
import { fileNameOf } from './format/names.ts'
import type { KeptOne } from './kept-assets.ts'
import { portalConfig } from './kept-portal.ts'

type Files = KeptOne['files']

/** Files below `portals/<stem>/`; undefined where they would not be read back as the same config. */
export function portalPieces(stem: string, portal: Fields & { config: Fields }): Files | undefined {
  const root = `portals/${stem}`
  const files = new Map<string, Buffer>()
  const put = (path: string, value: unknown): void => {
    files.set(`${root}/config/${path}`, typeof value === 'string' ? Buffer.from(value, 'utf8') : writeJson(value))
  }
  const config = { ...portal.config }
  const sections = { widgets: putWidget, datasources: putDatasource, internalResources: putResource }
  for (const [section, putPart] of Object.entries(sections)) {
    const parts = config[section]
    if (!isObject(parts)) continue
    for (const part of Object.values(parts)) if (isObject(part)) putPart(put, section, part)
    config[section] = `./config/${section}`
  }
  const main = writeJson({ ...portal, config })
  const made = [
    { path: `${root}/${stem}.json`, bytes: main },
    ...Array.from(files, ([path, bytes]) => ({ path, bytes })),
  ]
  const one: KeptOne = { name: stem, value: JSON.parse(main.toString('utf8')), files: made }
  return isDeepStrictEqual(plain(portalConfig(one)), plain(portal.config)) ? made : undefined
}

/** Without prototypes and undefined values, in which equal configs may differ. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

type Put = (path: string, value: unknown) => void

const nameOf = (part: Fields, key: string): string => {
  const name = part[key]
  return fileNameOf(typeof name === 'string' ? name : '')
}

function putWidget(put: Put, section: string, { props, ...meta }: Fields): void {
  const folder = `${section}/${fileNameOf(`${meta.type ?? ''}_${meta.id ?? ''}`)}`
  put(`${folder}/meta.json`, meta)
  if (!isObject(props)) return
  const settings = Object.entries(props).map(([name, setting]): [string, unknown] => {
    const safe = fileNameOf(name) === name
    const isSetting = safe && isObject(setting) && typeof setting.dataType === 'string'
    return [name, isSetting ? withoutCode(put, folder, name, setting) : setting]
  })
  put(`${folder}/settings.json`, Object.fromEntries(settings))
}

/** Of a dynamic setting each parser is a file, of another its value. */
function withoutCode(put: Put, folder: string, name: string, setting: Fields): Fields {
  const move = (parser: string, value: unknown): unknown => {
    const path = `./parsers/${name}/${parser}/index`
    const moved = (extension: string, code: string): string => {
      put(`${folder}/${path.slice(2)}.${extension}`, code)
      return `${path}.${extension}`
    }
    if (typeof value === 'string') return moved('js', value)
    if (!isObject(value)) return value
    const parts = Object.entries({ HTML: 'html', CSS: 'css', JavaScript: 'js' })
    const found = parts.filter(([part]) => typeof value[part] === 'string')
    return {
      ...value,
      ...Object.fromEntries(found.map(([part, extension]) => [part, moved(extension, String(value[part]))])),
    }
  }
  if (setting.dataType !== 'DYNAMIC_DATA_TYPE') {
    return 'value' in setting ? { ...setting, value: move('incoming_parser', setting.value) } : setting
  }
  const made = { ...setting }
  for (const parser of ['incoming_parser', 'outgoing_parser']) {
    const held = setting[parser]
    if (isObject(held) && 'value' in held) made[parser] = { ...held, value: move(parser, held.value) }
  }
  return made
}

function putDatasource(put: Put, section: string, source: Fields): void {
  const folder = `${section}/${nameOf(source, 'name')}`
  const { settings } = source
  const parser = isObject(settings) && settings.USE_PARSER === true ? settings.DATASOURCE_PARSER : undefined
  const code = isObject(parser) ? parser.value : parser
  if (!isObject(settings) || typeof code !== 'string') {
    put(`${folder}/meta.json`, source)
    return
  }
  put(`${folder}/parser.js`, code)
  const moved = isObject(parser) ? { ...parser, value: './parser.js' } : './parser.js'
  put(`${folder}/meta.json`, { ...source, settings: { ...settings, DATASOURCE_PARSER: moved } })
}

function putResource(put: Put, section: string, { file, ...meta }: Fields): void {
  const name = nameOf(meta, 'name')
  put(`${section}/${name}/meta.json`, meta)
  if (typeof file === 'string') put(`${section}/${name}/${name}`, file)
}
