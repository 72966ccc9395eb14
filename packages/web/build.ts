/**
 * Builds the web pages into `dist/`, one folder for each, with hashed names, and puts a compressed copy beside every file
 * that gains by it. Run by `npm ci`; a node only serves what it finds.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { build } from 'vite'

const here = import.meta.dirname

/** The pages, and where a node serves them. */
const pages = [
  { name: 'console', base: '/console/' },
  { name: 'portal', base: '/portal/' },
]

for (const { name, base } of pages) {
  const folder = join(here, 'dist', name)
  rmSync(folder, { recursive: true, force: true })
  await build({
    configFile: false,
    root: join(here, name),
    base,
    logLevel: 'warn',
    plugins: [react()],
    build: { outDir: folder, emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022', chunkSizeWarningLimit: 2000 },
  })
  compress(folder)
}

/** Images and fonts are compressed already; what is tiny does not gain. */
function compress(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const entry of files) {
    if (!/\.(?:js|css|html|svg|json)$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = readFileSync(path)
    if (bytes.length < 1024) continue
    writeFileSync(
      `${path}.br`,
      brotliCompressSync(bytes, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      }),
    )
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
  }
}
