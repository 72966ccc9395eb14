/** For the tests of this folder: `fetchSource` with an egress as the operator's options make it, on loopback only. */
import type { TestContext } from 'node:test'
import { createLog } from '../../base/log.ts'
import { createEgress, type EgressOptions } from '../../egress/egress.ts'
import { serve } from '../../egress/loopback.fixture.ts'
import { type SourceLimits, sourceLimits } from './limits.ts'
import { type GitServer, gitServer, type TestRepository } from './repository.fixture.ts'
import { fetchSource, type SourceInput, type SourceMeans, type SourceMore } from './source.ts'

const log = createLog({ format: 'silent', level: 'info' })

export function testMeans(options: Partial<EgressOptions> = {}): SourceMeans {
  const egress = createEgress({
    allow: ['127.0.0.1'],
    routes: [],
    limits: {
      maxResponseBytes: sourceLimits.transferBytes,
      maxRequestBytes: 1024 * 1024,
      defaultTimeoutMs: 10_000,
      maxTimeoutMs: 120_000,
      maxRedirects: 5,
    },
    resolve: async () => {
      throw Object.assign(new Error('no names here'), { code: 'ENOTFOUND' })
    },
    ...options,
  })
  return { egress, log }
}

export type Fetching = Omit<Partial<SourceMore>, 'limits'> & { limits?: Partial<SourceLimits> }

export function fetching(means: SourceMeans, input: SourceInput, more: Fetching = {}) {
  return fetchSource(means, input, { ...more, limits: { ...sourceLimits, ...more.limits } })
}

/** A server that stands for github.com: `--route https://github.com=http://127.0.0.1:PORT`. */
export async function github(
  t: TestContext,
  repositories: Record<string, TestRepository>,
  other?: Parameters<typeof gitServer>[1],
) {
  const server: GitServer = gitServer(repositories, other)
  const { port } = await serve(t, server)
  const means = testMeans({ routes: [{ from: 'https://github.com', to: `http://127.0.0.1:${port}` }] })
  return {
    server,
    port,
    means,
    fetch: (url: string, more: { ref?: string; folder?: string } & Fetching = {}) => {
      const { ref, folder, ...rest } = more
      return fetching(
        means,
        { url, ...(ref === undefined ? {} : { ref }), ...(folder === undefined ? {} : { folder }) },
        rest,
      )
    },
  }
}
