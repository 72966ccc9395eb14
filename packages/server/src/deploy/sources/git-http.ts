/** The HTTP client that isomorphic-git is given: every request through the egress, and the list of refs asked for once. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git'
import { type Asking, ask, NotThere } from './download.ts'

/** Some servers speak git only to a name that begins like git's own. */
const userAgent = 'git/2 (gatehouse)'

const listingSuffix = '/info/refs?service=git-upload-pack'

/**
 * One repository's client, which rejects with `NotThere` where the server does not speak git. A server that has moved the
 * repository is asked for the pack at the new place, as git does: a redirected POST would arrive without its body.
 */
export function gitHttp(asking: Asking): HttpClient {
  let listing: { asked: string; found: string; response: Omit<GitHttpResponse, 'body'>; body: Buffer } | undefined
  return {
    async request({ url, method = 'GET', headers = {}, body }) {
      if (method === 'GET' && listing?.asked === url) return { ...listing.response, body: once(listing.body) }
      const answer = await ask(asking, {
        method: method === 'POST' ? 'POST' : 'GET',
        url: listing === undefined ? url : moved(url, listing.asked, listing.found),
        headers: { ...headers, 'user-agent': userAgent },
        ...(body === undefined ? {} : { body: await collected(body) }),
      })
      const response = {
        url: answer.url,
        method,
        statusCode: answer.status,
        statusMessage: answer.statusText,
        headers: Object.fromEntries(Object.entries(answer.headers).map(([name, values]) => [name, values.join(', ')])),
      }
      if (method === 'GET') {
        refuseOtherThanListing(answer.status, answer.body)
        listing = { asked: url, found: answer.url, response, body: withHead(answer.body) }
      }
      return { ...response, body: once(answer.body) }
    },
  }
}

function refuseOtherThanListing(status: number, body: Buffer): void {
  const isListing = /^[0-9a-f]{4}# service=git-upload-pack\n/.test(body.subarray(0, 64).toString('latin1'))
  if (status !== 200 || !isListing) throw new NotThere(status, status === 200)
  // Cut off, it would look like a repository with fewer branches.
  if (body.subarray(-4).toString('latin1') !== '0000') {
    throw new GatehouseError('packageFetch', 'The list of branches that the server sent is incomplete.', {
      hint: 'Try again.',
    })
  }
}

/**
 * A repository whose HEAD names a branch that was never pushed lists none, and isomorphic-git then fails although it was
 * asked for another ref. Any commit serves: it is not what is fetched.
 */
function withHead(listing: Buffer): Buffer {
  const text = listing.toString('latin1')
  const commit = /([0-9a-f]{40}) refs\//.exec(text)?.[1]
  if (commit === undefined || /[0-9a-f]{40} HEAD[\0\n]/.test(text)) return listing
  return Buffer.concat([listing.subarray(0, -4), Buffer.from(`0032${commit} HEAD\n0000`)])
}

/** The same file of the repository at the place where the listing was found. */
function moved(url: string, asked: string, found: string): string {
  if (!asked.endsWith(listingSuffix) || !found.endsWith(listingSuffix)) return url
  const base = asked.slice(0, -listingSuffix.length)
  return url.startsWith(`${base}/`) ? found.slice(0, -listingSuffix.length) + url.slice(base.length) : url
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The library hands over an array where it says it is an async iterator. */
async function collected(body: NonNullable<GitHttpRequest['body']>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
