/** Basic credentials of a request, where a protocol that is answered here wants them. */

export type Credentials = { user: string; password: string }

export function readBasic(header: string | string[] | undefined): Credentials | undefined {
  const text = Array.isArray(header) ? header[0] : header
  const packed = /^\s*Basic\s+([A-Za-z0-9+/]+={0,2})\s*$/i.exec(text ?? '')?.[1]
  if (packed === undefined) return undefined
  const plain = Buffer.from(packed, 'base64').toString('utf8')
  const colon = plain.indexOf(':')
  return colon === -1 ? undefined : { user: plain.slice(0, colon), password: plain.slice(colon + 1) }
}
