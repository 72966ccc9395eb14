/** Files of a node as its operator's commands handle them: whole or not at all, and known to the disk before they count. */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../config/config.ts'

export const databaseFile = (dataFolder: string): string => join(dataFolder, 'gatehouse.db')

/** Puts `draft` under the name of `file`, where nothing may stand. Throws ConfigError. */
export function placeNew(draft: string, file: string): void {
  sync(draft)
  try {
    linkSync(draft, file)
    rmSync(draft)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new ConfigError(`${file} is there already; nothing was changed.`)
    // A file system without links.
    renameSync(draft, file)
  }
  syncFolder(dirname(file))
}

export function sync(file: string): void {
  const handle = openSync(file, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** So that a name lasts through a power cut. Windows has no such thing. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
