/** Finding a secret wherever it was left: byte by byte, as it is and as programs spell it on the way. */

/** As it is, in JSON, in a URL, in hex, and in base64 at each of the three places within a group where it can begin. */
export function spellings(secret: string): Map<string, Buffer> {
  const bytes = Buffer.from(secret)
  const found = new Map<string, Buffer>([
    ['plain', bytes],
    ['JSON', Buffer.from(JSON.stringify(secret).slice(1, -1))],
    ['a URL', Buffer.from(encodeURIComponent(secret))],
    ['a form', Buffer.from(new URLSearchParams({ x: secret }).toString().slice(2))],
    ['hex', Buffer.from(bytes.toString('hex'))],
    ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['UTF-16', Buffer.from(secret, 'utf16le')],
  ])
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes])
    // Only signs that hold bits of the secret and of nothing beside it.
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((shifted.length * 8) / 6)]
    for (const encoding of ['base64', 'base64url'] as const)
      found.set(`${encoding}+${before}`, Buffer.from(shifted.toString(encoding).slice(from, to)))
  }
  return found
}

/** Where the secret stands in these bytes, with its surroundings; undefined where it does not. */
export function findSecret(place: Buffer, secret: string): string | undefined {
  for (const [spelling, bytes] of spellings(secret)) {
    const at = place.indexOf(bytes)
    if (at === -1) continue
    const around = place.subarray(Math.max(0, at - 80), at + bytes.length + 40).toString('latin1')
    return `in ${spelling}: ${JSON.stringify(around)}`
  }
  return undefined
}
