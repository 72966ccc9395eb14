/**
 * The key by which edges know their platform again: made once, the same for all nodes on one database, sealed under the node
 * key. It outlives certificates, addresses and the node key itself.
 */
import { type KeyPairText, newKeyPair } from '../../base/link-keys.ts'
import type { NodeKey } from '../../base/node-key.ts'
import type { Store } from '../../store/store.ts'
import { readMeta, writeMetaOnce } from '../../store/tables/meta.ts'

export const platformKeyName = 'platform_link_key'
export const platformKeyPlace = ['platform link key']

/** Where an edge keeps the private halves of its own keys. */
export const edgeKeysPlace = (systemKey: string): string[] => ['edge link keys', systemKey]

export async function platformKey({ store, key }: { store: Store; key: NodeKey }): Promise<KeyPairText> {
  const made = (): string => key.seal('links', platformKeyPlace, JSON.stringify(newKeyPair('ed25519')))
  const sealed = (await readMeta(store, platformKeyName)) ?? (await writeMetaOnce(store, platformKeyName, made()))
  return JSON.parse(key.unseal('links', platformKeyPlace, sealed))
}
