/**
 * The files of a node key that is being turned. The new one stands beside the old one as `node.key.next` until the database
 * says that it is the one; whoever was cut off in between, or starts then, puts it into its place.
 */
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { keepOnce } from '../base/kept-once.ts'
import { type NodeKey, newKeyText, nodeKey, readKeyFile } from '../base/node-key.ts'
import { syncFolder } from './own-files.ts'

const nextFile = (keyFile: string): string => `${keyFile}.next`

/** Where the key before goes: backups made with it need it. */
export const formerFile = (keyFile: string, { fingerprint }: NodeKey): string =>
  `${keyFile}.${fingerprint.replace(/[^A-Za-z0-9]/g, '').slice(0, 8)}`

export function makeNextKey(keyFile: string): NodeKey {
  const file = nextFile(keyFile)
  // Of a rotation that was cut off before the database knew of it.
  rmSync(file, { force: true })
  keepOnce(file, newKeyText())
  syncFolder(dirname(file))
  return nodeKey(readKeyFile(file))
}

/**
 * The key with this fingerprint, where it is the next one: then it has taken the place of the one before, which is kept
 * beside it. Undefined where there is none. Throws a plain sentence for a file that is spoiled.
 */
export function adoptNextKey(keyFile: string, fingerprint: string): NodeKey | undefined {
  const file = nextFile(keyFile)
  if (!existsSync(file)) return undefined
  const next = nodeKey(readKeyFile(file))
  if (next.fingerprint !== fingerprint) return undefined
  if (existsSync(keyFile)) {
    const former = formerFile(keyFile, nodeKey(readKeyFile(keyFile)))
    if (!existsSync(former)) linkSync(keyFile, former)
  }
  renameSync(file, keyFile)
  syncFolder(dirname(keyFile))
  return next
}
