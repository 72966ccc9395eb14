/** What tells whether two packages are the same, wherever they come from and however they were packed. */
import { createHash } from 'node:crypto'

/** SHA-256 in hex. Each path and each content stands with its length in front, so that no two packages read alike. */
export function contentHash(files: ReadonlyMap<string, Buffer>): string {
  const hash = createHash('sha256')
  const paths = [...files.keys()].map((path) => Buffer.from(path)).sort(Buffer.compare)
  for (const path of paths) {
    const content = files.get(path.toString())!
    hash.update(`${path.length} `).update(path).update(`${content.length} `).update(content)
  }
  return hash.digest('hex')
}
