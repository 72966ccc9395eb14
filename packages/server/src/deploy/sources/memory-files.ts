/**
 * A file system in memory, as far as isomorphic-git uses one to keep a fetched pack. Nothing of a foreign repository
 * touches the disk, and nothing is left behind whatever happens.
 */
import type { PromiseFsClient } from 'isomorphic-git'

/** @param onWrite - sees each file before it is kept; what it throws, the writer gets */
export function createMemoryFiles(onWrite: (path: string, bytes: Buffer) => Promise<void>): PromiseFsClient {
  const files = new Map<string, Buffer>()
  const folders = new Set(['/'])
  const inFolder = (path: string) => {
    if (!folders.has(above(path))) throw fault('ENOENT', path)
  }
  const stat = async (path: string) => {
    const file = files.get(path)
    if (file === undefined && !folders.has(path)) throw fault('ENOENT', path)
    return {
      type: file === undefined ? 'dir' : 'file',
      mode: 0o644,
      size: file?.length ?? 0,
      ino: 0,
      mtimeMs: 0,
      ctimeMs: 0,
      uid: 0,
      gid: 0,
      dev: 0,
      isFile: () => file !== undefined,
      isDirectory: () => file === undefined,
      isSymbolicLink: () => false,
    }
  }
  return {
    promises: {
      stat,
      lstat: stat,
      async readFile(path: string, options?: string | { encoding?: string }) {
        const file = files.get(path)
        if (file === undefined) throw fault(folders.has(path) ? 'EISDIR' : 'ENOENT', path)
        const encoding = typeof options === 'string' ? options : options?.encoding
        return encoding === undefined ? file : file.toString('utf8')
      },
      async writeFile(path: string, data: string | Uint8Array) {
        inFolder(path)
        const bytes =
          typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.length)
        await onWrite(path, bytes)
        files.set(path, bytes)
      },
      async unlink(path: string) {
        if (!files.delete(path)) throw fault('ENOENT', path)
      },
      async readdir(path: string) {
        if (!folders.has(path)) throw fault(files.has(path) ? 'ENOTDIR' : 'ENOENT', path)
        const start = path === '/' ? '/' : `${path}/`
        return [...files.keys(), ...folders]
          .filter((each) => each !== '/' && each.startsWith(start) && !each.slice(start.length).includes('/'))
          .map((each) => each.slice(start.length))
      },
      async mkdir(path: string) {
        if (folders.has(path) || files.has(path)) throw fault('EEXIST', path)
        inFolder(path)
        folders.add(path)
      },
      async rmdir(path: string) {
        if (!folders.delete(path)) throw fault('ENOENT', path)
      },
      async readlink(path: string) {
        throw fault('EINVAL', path)
      },
      async symlink(_target: string, path: string) {
        throw fault('EPERM', path)
      },
    },
  }
}

function above(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}

function fault(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
