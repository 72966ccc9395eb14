/**
 * The packages that Gatehouse ships: ordinary packages in the folder `catalogue/`, each with an address of its own on the
 * node (`<url>/packages/<name>`), where a browser sees a page and a fetch gets the archive. Nothing in them is special.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { PackageFiles } from './format/model.ts'
import { contentHash } from './sources/content-hash.ts'

export type CatalogueEntry = {
  name: string
  version: string
  description: string
  keywords: string[]
  /** Markdown, as it stands in the package. */
  readme: string
  files: PackageFiles
  contentHash: string
}

export type Catalogue = {
  list(): CatalogueEntry[]
  find(name: string): CatalogueEntry | undefined
}

/** Reads every package of a folder once. A folder that is not there is an empty catalogue. */
export function openCatalogue(folder: string): Catalogue {
  const entries = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => readEntry(join(folder, entry.name), entry.name))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    : []
  return { list: () => entries, find: (name) => entries.find((entry) => entry.name === name) }
}

function readEntry(folder: string, name: string): CatalogueEntry {
  const files = new Map<string, Buffer>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path))
  }
  const about = JSON.parse(files.get('package.json')?.toString('utf8') ?? '{}') as Record<string, unknown>
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return {
    name,
    version: text(about.version),
    description: text(about.description),
    keywords: Array.isArray(about.keywords) ? about.keywords.map(String) : [],
    readme: files.get('README.md')?.toString('utf8') ?? '',
    files,
    contentHash: contentHash(files),
  }
}

/** A zip of the files under one folder, the same bytes each time. */
export async function archiveOf(files: PackageFiles, prefix: string): Promise<Buffer> {
  const { default: yazl } = await import('yazl')
  const zip = new yazl.ZipFile()
  const mtime = new Date(Date.UTC(2026, 0, 1))
  for (const path of [...files.keys()].sort()) {
    zip.addBuffer(files.get(path)!, `${prefix}${path}`, { mtime, mode: 0o100644 })
  }
  zip.end()
  return buffer(zip.outputStream)
}

export const noSuchPackage = (name: string): GatehouseError =>
  new GatehouseError('noRoute', `There is no package "${name}" in the catalogue of this node.`, {
    hint: 'GET /packages lists what there is.',
  })
