/**
 * Which hosts a text of code names: a search of its characters for addresses, nothing is run or understood. Code can put an
 * address together from pieces or read it from a row, so what is not found here may still be called.
 */

export type NamedHost = {
  /** With the port where the text gives one; lower case. */
  host: string
  /** `address`: in a URL; `name`: a text that looks like the name of a host. */
  as: 'address' | 'name'
}

const mostText = 4_000_000

/** Endings of file names and of what code writes with dots; a text that ends so is no host. */
const noDomains: ReadonlySet<string> = new Set(
  `js json map css html htm txt md csv xml png jpg jpeg gif svg ico pdf zip gz log yaml yml ts py sh prototype length name
  email id key value data error message params body headers code status type item items push call apply`.split(/\s+/),
)

/** Sorted, each host once; an address counts more than a name. */
export function hostsIn(code: string): NamedHost[] {
  const text = code.slice(0, mostText)
  const found = new Map<string, NamedHost>()
  for (const [, host] of text.matchAll(
    /(?:https?|wss?|mqtts?|tcp|ssl|ftp):\\?\/\\?\/(?:[^\s"'`/@]{1,200}@)?([^\s"'`<>(){},;\\/?#]{1,260})/gi,
  )) {
    const name = hostOf(host!)
    if (name !== undefined) found.set(name, { host: name, as: 'address' })
  }
  for (const [, , literal] of text.matchAll(/(["'`])([^"'`\s\\]{4,260})\1/g)) {
    const name = nameOf(literal!)
    if (name !== undefined && !found.has(name)) found.set(name, { host: name, as: 'name' })
  }
  return [...found.values()].sort((one, other) => (one.host < other.host ? -1 : 1))
}

/** What stands behind `//`, where it is a host; a piece such as `$` of a template is none. */
function hostOf(text: string): string | undefined {
  const host = text.toLowerCase().replace(/[.:]+$/, '')
  if (host === 'localhost' || /^localhost:\d{1,5}$/.test(host) || /^\[[0-9a-f:.]+\](:\d{1,5})?$/.test(host)) return host
  return /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+(?::\d{1,5})?$/u.test(host) ? host : undefined
}

/** A text between quotes that is nothing but the name or the address of a host. */
function nameOf(literal: string): string | undefined {
  const [host, ...rest] = literal.replace(/^\/\//, '').split('/')
  if (rest.length > 0 && !literal.startsWith('//') && !/^[a-z0-9-]+(\.[a-z0-9-]+){2,}$/i.test(host!)) return undefined
  const name = hostOf(host!)
  if (name === undefined) return undefined
  const bare = name.replace(/:\d+$/, '')
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(bare)) return name
  const last = bare.split('.').at(-1)!
  return /^(?:\p{L}{2,24}|xn--[a-z0-9-]{1,59})$/u.test(last) && !noDomains.has(last) && !bare.includes('_')
    ? name
    : undefined
}
