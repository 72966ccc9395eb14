/** Whose audit the rows of this process go to: by the name of the node that stands in its data folder. */
import { join } from 'node:path'
import { nodeName } from '../base/kept-once.ts'
import type { NodeKey } from '../base/node-key.ts'
import { ConfigError } from '../config/config.ts'
import type { AuditChain } from '../store/audit.ts'

/** Throws ConfigError. */
export function auditChain(dataFolder: string, key: NodeKey): AuditChain {
  try {
    return { node: nodeName(join(dataFolder, 'node.id')), seal: (text) => key.keyedHash('audit', text) }
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}
