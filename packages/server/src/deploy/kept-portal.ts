/**
 * The config of a kept portal as one object. Newer packages explode it into a folder (packages-portals-edge.md §3.6); what of
 * it cannot be read is left out, for the files themselves are kept whole.
 */
import { type Fields, isObject } from './format/fields.ts'
import { fieldsIn, type KeptOne, valueIn } from './kept-assets.ts'

/** Files below `config/`, by their path there. */
type Parts = ReadonlyMap<string, Buffer>

export function portalConfig(portal: KeptOne): Fields {
  const parts: Parts = new Map(
    portal.files.flatMap(({ path, bytes }) => {
      const [, within] = /^[^/]+\/[^/]+\/config\/(.+)$/.exec(path) ?? []
      return within === undefined ? [] : [[within, bytes] as const]
    }),
  )
  const config = configOf(fieldsIn(portal).config)
  const read = { widgets: readWidget, datasources: readDatasource, internalResources: readResource }
  for (const [section, readPart] of Object.entries(read)) {
    const held = config[section]
    const names = namesIn(parts, section)
    // In the main file a path stands for what was exploded.
    if (typeof held !== 'string' && names.length === 0) continue
    const found = names.map((name) => readPart(parts, `${section}/${name}`)).filter((part) => part !== undefined)
    config[section] = { ...(isObject(held) && held), ...Object.fromEntries(found.map((part) => [part.id, part])) }
  }
  return config
}

/** Some exports hold it as it travels: as a text. */
function configOf(value: unknown): Fields {
  const config = typeof value === 'string' ? valueIn({ bytes: Buffer.from(value) }) : value
  return isObject(config) ? { ...config } : {}
}

const namesIn = (parts: Parts, section: string): string[] => [
  ...new Set([...parts.keys()].filter((path) => path.startsWith(`${section}/`)).map((path) => path.split('/')[1]!)),
]

type Part = Fields & { id: string }

const json = (parts: Parts, path: string): Fields => {
  const bytes = parts.get(path)
  return fieldsIn({ value: bytes && valueIn({ bytes }) })
}

const text = (parts: Parts, path: string): string | undefined => parts.get(path)?.toString('utf8')

function identified(part: Fields): Part | undefined {
  const { id } = part
  return typeof id === 'string' && id !== '' ? { ...part, id } : undefined
}

function readWidget(parts: Parts, folder: string): Part | undefined {
  const props = json(parts, `${folder}/settings.json`)
  for (const [name, setting] of Object.entries(props)) {
    if (isObject(setting) && typeof setting.dataType === 'string') {
      putCode(parts, `${folder}/parsers/${name}`, setting)
    }
  }
  return identified({ ...json(parts, `${folder}/meta.json`), props })
}

/** Puts the code of a setting back where a path to it stands: into its parsers, or into its own `value`. */
function putCode(parts: Parts, folder: string, setting: Fields): void {
  const dynamic = setting.dataType === 'DYNAMIC_DATA_TYPE'
  for (const parser of ['outgoing_parser', 'incoming_parser']) {
    const own = setting[parser]
    const holder = dynamic && isObject(own) ? own : setting
    const code = codeIn(parts, `${folder}/${parser}/index`, holder.value)
    if (code !== undefined) holder.value = code
  }
}

/** A text, or for an HTML widget its three parts. */
function codeIn(parts: Parts, path: string, held: unknown): unknown {
  const [HTML, CSS, JavaScript] = ['html', 'css', 'js'].map((extension) => text(parts, `${path}.${extension}`))
  if (HTML === undefined && CSS === undefined && !isObject(held)) return JavaScript
  const found = Object.entries({ HTML, CSS, JavaScript }).filter(([, code]) => code !== undefined)
  return { ...(isObject(held) && held), ...Object.fromEntries(found) }
}

function readDatasource(parts: Parts, path: string): Part | undefined {
  const source = json(parts, path.endsWith('.json') ? path : `${path}/meta.json`)
  const parser = text(parts, `${path}/parser.js`)
  if (parser !== undefined) {
    const settings = isObject(source.settings) ? source.settings : {}
    const held = settings.DATASOURCE_PARSER
    const DATASOURCE_PARSER = isObject(held) ? { ...held, value: parser } : parser
    source.settings = { ...settings, DATASOURCE_PARSER }
  }
  return identified(source)
}

function readResource(parts: Parts, path: string): Part | undefined {
  const meta = json(parts, `${path}/meta.json`)
  const file = text(parts, `${path}/${path.split('/').at(-1)}`)
  return identified({ ...meta, ...(file !== undefined && { file }) })
}
