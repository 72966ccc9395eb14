/** Files of the data folder that are made once and then stay: the node key and the node's own name. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { hexId } from './ids.ts'

/**
 * Written under another name and then linked to its own, so that of two nodes that start at once the second finds a whole
 * file and reads it, and a start that is cut off leaves no half of one. What is there already stays. For its owner alone.
 */
export function keepOnce(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    linkSync(draft, file)
  } catch (error) {
    // A file system without links: there the second of two at once would win.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') renameSync(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** By which this node is known in the audit, from its first start on. Throws a plain sentence where the file is spoiled. */
export function nodeName(file: string): string {
  if (!existsSync(file)) keepOnce(file, `${hexId(6)}\n`)
  const text = readFileSync(file, 'utf8').trim()
  if (!/^[0-9a-f]{12}$/.test(text)) {
    throw new Error(`The file ${file} does not hold the name of a node. Remove it; the node then takes a new name.`)
  }
  return text
}
