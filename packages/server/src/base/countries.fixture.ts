/** For tests: a country database in MaxMind's format (MMDB 2.0), of a few IPv4 networks. */

type Node = [Node | string | undefined, Node | string | undefined]

/** `networks` as `{'203.0.113.0/24': 'DE'}`. */
export function countryDatabase(networks: Record<string, string>): Buffer {
  const root: Node = [undefined, undefined]
  for (const [network, country] of Object.entries(networks)) {
    const [address, length] = network.split('/')
    const bits = address!
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
      .slice(0, Number(length))
    let at = root
    for (const bit of bits.slice(0, -1)) {
      const next = at[Number(bit) as 0 | 1]
      const made: Node = Array.isArray(next) ? next : [undefined, undefined]
      at[Number(bit) as 0 | 1] = made
      at = made
    }
    at[Number(bits.at(-1)) as 0 | 1] = country
  }
  const nodes: Node[] = []
  const number = (node: Node): void => {
    nodes.push(node)
    for (const next of node) if (Array.isArray(next)) number(next)
  }
  number(root)
  const data: Buffer[] = []
  const places = new Map<string, number>()
  for (const country of new Set(Object.values(networks))) {
    places.set(country, Buffer.concat(data).length)
    data.push(map([['country', map([['iso_code', text(country)]])]]))
  }
  const tree = Buffer.alloc(nodes.length * 6)
  nodes.forEach((node, index) => {
    node.forEach((next, side) => {
      // A record is a node, nothing (the number of nodes), or a place in the data behind 16 zero bytes.
      const value =
        next === undefined
          ? nodes.length
          : typeof next === 'string'
            ? nodes.length + 16 + places.get(next)!
            : nodes.indexOf(next)
      tree.writeUIntBE(value, index * 6 + side * 3, 3)
    })
  })
  const about = map([
    ['binary_format_major_version', unsigned(2, 5)],
    ['binary_format_minor_version', unsigned(0, 5)],
    ['build_epoch', unsigned(1_700_000_000, 9)],
    ['database_type', text('Test-Country')],
    ['description', map([['en', text('Test')]])],
    ['ip_version', unsigned(4, 5)],
    ['languages', Buffer.concat([Buffer.from([0x01, 0x04]), text('en')])],
    ['node_count', unsigned(nodes.length, 6)],
    ['record_size', unsigned(24, 5)],
  ])
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')])
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, about])
}

/** Type 2; shorter than 29 bytes. */
const text = (value: string): Buffer => Buffer.concat([Buffer.from([(2 << 5) | value.length]), Buffer.from(value)])

/** Type 7; fewer than 29 entries. */
const map = (entries: [string, Buffer][]): Buffer =>
  Buffer.concat([Buffer.from([(7 << 5) | entries.length]), ...entries.flatMap(([name, value]) => [text(name), value])])

/** Types 5 and 6 stand in the first byte, 9 (64 bits) in the one after it. */
function unsigned(value: number, type: 5 | 6 | 9): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  const plain = bytes.subarray(bytes.findIndex((byte) => byte !== 0) === -1 ? 8 : bytes.findIndex((byte) => byte !== 0))
  const head = type === 9 ? [plain.length, 9 - 7] : [(type << 5) | plain.length]
  return Buffer.concat([Buffer.from(head), plain])
}
