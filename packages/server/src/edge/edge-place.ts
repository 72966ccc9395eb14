/** Which edge a data folder is that of, and the keys by which it proves so: made at the first start, and kept. */
import { type KeyPairText, newKeyPair } from '../base/link-keys.ts'
import type { Means } from '../domain/access/scope.ts'
import { edgeKeysPlace } from '../domain/edges/platform-key.ts'
import { deletePlatformLink, findPlatformLink, insertPlatformLink } from '../store/tables/platform-links.ts'

export type EdgePlace = {
  platform: string
  system: string
  name: string
  token: string | undefined
  /** Whether the platform is reached without https beyond this machine. */
  insecure: boolean
}

export type EdgeKeys = { sign: KeyPairText; seal: KeyPairText }

/** Throws a plain sentence where this folder is that of another edge, or there is no token for a new one. */
export async function openPlace(
  { store, key }: Pick<Means, 'store' | 'key'>,
  { system, name, token }: EdgePlace,
): Promise<{ keys: EdgeKeys; enrolled: boolean }> {
  let link = await findPlatformLink(store)
  // What was tried with another name and never let in has left nothing worth keeping.
  if (link?.enrolled === false && (link.systemKey !== system || link.edgeName !== name)) {
    await deletePlatformLink(store)
    link = undefined
  }
  if (link === undefined) {
    const keys: EdgeKeys = { sign: newKeyPair('ed25519'), seal: newKeyPair('x25519') }
    const sealed = key.seal('links', edgeKeysPlace(system), JSON.stringify(keys))
    await insertPlatformLink(store, { systemKey: system, edgeName: name, sealed })
    link = (await findPlatformLink(store))!
  }
  if (link.systemKey !== system || link.edgeName !== name) {
    throw new Error(
      `This folder is that of edge ${link.edgeName} of system ${link.systemKey}. Choose another with --data.`,
    )
  }
  if (!link.enrolled && fingerprintIn(token) === undefined) {
    throw new Error('This edge is new and needs its token: --token-file, GATEHOUSE_EDGE_TOKEN, or the prompt.')
  }
  const keys: EdgeKeys = JSON.parse(key.unseal('links', edgeKeysPlace(system), link.sealed))
  return { keys, enrolled: link.enrolled }
}

/** A token holds the fingerprint of its platform's key behind the dot. */
export function fingerprintIn(token: string | undefined): string | undefined {
  return /^ghl_[\w-]{43}\.([\w-]{32})$/.exec(token ?? '')?.[1]
}
