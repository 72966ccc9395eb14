/** What a run is told about itself, its caller and its node. */
import type { Assembly } from './assemble.ts'
import { personOf } from './identity.ts'
import type { RunRequest } from './result.ts'
import type { Run } from './run.ts'

export type NodeFacts = {
  publicUrl: () => string
  nodeId: string
  version: string
  /** Milliseconds by which the clock of a run goes before that of the machine. */
  timeShift?: () => number
}

/** The facts of a run for the library inside it; the shape stands in `prelude/HOST-CALLS.md`. */
export async function factsOf(
  node: NodeFacts,
  current: Run,
  assembly: Assembly,
  request: RunRequest,
  logging: boolean,
) {
  const { system } = current.scope
  const identity = await personOf(current.scope, current.scope.caller)
  const caller = current.caller === current.scope.caller ? identity : await personOf(current.scope, current.caller)
  const platformUrl = node.publicUrl()
  return {
    req: {
      params: request.params,
      systemKey: system.key,
      systemSecret: system.secret,
      ...identity,
      isLogging: logging,
      service_instance_id: current.id,
      caller,
      ...(request.context !== undefined && { context: request.context }),
    },
    natives: assembly.natives,
    cbmeta: {
      system_key: system.key,
      system_secret: system.secret,
      service_name: assembly.service,
      service_id: current.id,
      platform_url: platformUrl.replace(/^https?:\/\//, ''),
      node_id: node.nodeId,
      is_edge: false,
      code_versions: assembly.versions,
    },
    platformUrl,
    isEdge: false,
    edgeId: '',
    logging,
    version: node.version,
    ...(node.timeShift !== undefined && { timeShift: node.timeShift() }),
  }
}
