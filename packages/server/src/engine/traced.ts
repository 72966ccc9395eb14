/** A span for each run of a service: which one, how it ended, how long. What it was called with is in none. */
import { noTracing, type Tracing } from '../base/tracing.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** The same sandbox where nothing is recorded. */
export function traced(sandbox: Sandbox, tracing: Tracing): Sandbox {
  if (tracing === noTracing) return sandbox
  return {
    ...sandbox,
    async run(job, host) {
      const facts = { 'gatehouse.system': job.tenant, 'gatehouse.service': job.entry }
      const span = tracing.start('service run', 'internal', facts)
      // What a run asks of the node comes back over its pipe, which belongs to no request.
      const within: typeof host = (name, args, more) => tracing.within(span, () => host(name, args, more))
      const outcome = await tracing.within(span, () => sandbox.run(job, within))
      const { kind } = outcome.ending
      span.set({ 'gatehouse.ending': kind })
      span.end(kind === 'answered' || kind === 'silent' ? 'ok' : 'error')
      return outcome
    },
  }
}
