/**
 * Brings what SQLite has written to its write-ahead log onto the disk, beside the node's other work. SQLite's own sync at a
 * commit holds the whole process up for as long as the disk takes; this one waits in a thread of Node's pool.
 */
import { type FileHandle, open, realpath } from 'node:fs/promises'

export class WriteAheadSync {
  readonly #database: string
  #log: Promise<FileHandle> | undefined

  /** `database` is the path of the database; SQLite's log lies beside the file that it leads to. */
  constructor(database: string) {
    this.#database = database
  }

  /**
   * Resolves when all that was committed before the call is on the disk. A sync is about the file and not the handle, so it
   * does not matter that SQLite writes through another one; and with no handle on the database itself, closing this one
   * cannot drop a lock of SQLite's.
   */
  async sync(): Promise<void> {
    this.#log ??= this.#open()
    await (await this.#log).datasync()
  }

  async close(): Promise<void> {
    const log = await this.#log?.catch(() => undefined)
    this.#log = undefined
    await log?.close()
  }

  /** There once something was written, and as long as the writing connection is open. Windows syncs only what may be written. */
  async #open(): Promise<FileHandle> {
    return open(`${await realpath(this.#database)}-wal`, 'r+')
  }
}
