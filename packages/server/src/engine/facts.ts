/** What a run is told about itself, its caller and its node. */
import type { Assembly } from './assemble.ts'
import { personOf } from './identity.ts'
import type { RunRequest } from './result.ts'
import type { Run } from './run.ts'

export type NodeFacts = {
  publicUrl: () => string
  nodeId: string
  version: string
  /** Name of the edge that the node is. */
  edge?: string
  /** Milliseconds by which the clock of a run goes before that of the machine. */
  timeShift?: () => number
}

export type Person = { userid: string; userEmail: string }

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
  const about = { systemKey: system.key, systemSecret: system.secret, runId: current.id, identity, caller }
  return factsFor(node, about, assembly, request, logging)
}

/** The same for whoever knows the people already. */
export function factsFor(
  node: NodeFacts,
  about: { systemKey: string; systemSecret: string; runId: string; identity: Person; caller: Person },
  assembly: Assembly,
  request: Pick<RunRequest, 'service' | 'params' | 'context'>,
  logging: boolean,
) {
  const { systemKey, systemSecret, runId, identity, caller } = about
  const platformUrl = node.publicUrl()
  return {
    req: {
      params: request.params,
      systemKey,
      systemSecret,
      ...identity,
      isLogging: logging,
      service_instance_id: runId,
      caller,
      ...(request.context !== undefined && { context: request.context }),
    },
    natives: assembly.natives,
    cbmeta: {
      system_key: systemKey,
      system_secret: systemSecret,
      service_name: assembly.service,
      service_id: runId,
      platform_url: platformUrl.replace(/^https?:\/\//, ''),
      node_id: node.nodeId,
      is_edge: node.edge !== undefined,
      edge_id: node.edge ?? '',
      edge_url: node.edge === undefined ? '' : platformUrl.replace(/^https?:\/\//, ''),
      code_versions: assembly.versions,
    },
    platformUrl,
    isEdge: node.edge !== undefined,
    edgeId: node.edge ?? '',
    logging,
    version: node.version,
    ...(node.timeShift !== undefined && { timeShift: node.timeShift() }),
  }
}
