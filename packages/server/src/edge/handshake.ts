/**
 * How the two ends find out who the other is. Both make a share of a key agreement for this one link; the platform signs both
 * shares with its long-lived key, the edge signs them with its own, so whoever sits between, with a certificate however good,
 * can neither be one of the two nor read what they say. The token of an edge that is new goes out only when the platform has
 * proved the key whose fingerprint the token holds.
 */
import { hkdfSync } from 'node:crypto'
import { agreedSecret, fingerprintOf, type KeyPairText, newKeyPair, partsSigned, signParts } from '../base/link-keys.ts'
import type { Channel } from './channel.ts'
import { type Challenge, type Hello, linkProtocol, type Proof, type Refusal, readChallenge } from './messages.ts'

const platformSays = 'the platform'
const edgeSays = 'the edge'

/** What each end seals with: the other's way has another key. */
function linkKeys(secret: Buffer, transcript: readonly unknown[]) {
  const of = (way: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, JSON.stringify(transcript), `gatehouse link 1: ${way}`, 32))
  return { fromEdge: of('from the edge'), fromPlatform: of('from the platform') }
}

/** Of a handshake that ends without a link: which end refuses, and why. */
export class LinkRefused extends Error {
  override readonly name = 'LinkRefused'
  readonly why: Refusal | 'platform'
  /** In milliseconds, where the other end said when to come again. */
  readonly after: number | undefined

  constructor(why: Refusal | 'platform', words: string, after?: number) {
    super(words)
    this.why = why
    this.after = after
  }
}

export type Agreed = { transcript: readonly unknown[] }

/** The platform's half, up to where messages are sealed. */
export function answerHello(channel: Channel, hello: Hello, own: KeyPairText, version: string): Agreed {
  const share = newKeyPair('x25519')
  const transcript = [linkProtocol, hello.share, share.publicKey, own.publicKey]
  const signature = signParts(own.privateKey, platformSays, transcript)
  const challenge: Challenge = {
    ...{ type: 'challenge', protocol: linkProtocol, version, share: share.publicKey },
    ...{ key: own.publicKey, signature },
  }
  channel.send(challenge)
  const keys = linkKeys(agreedSecret(share.privateKey, hello.share, 'gatehouse link 1'), transcript)
  channel.sealWith({ sendKey: keys.fromPlatform, receiveKey: keys.fromEdge })
  return { transcript }
}

const provedParts = ({ transcript }: Agreed, proof: Pick<Proof, 'key' | 'sealKey' | 'number' | 'token'>) => [
  ...transcript,
  proof.key,
  proof.sealKey,
  proof.number,
  proof.token,
]

export const isProved = (agreed: Agreed, proof: Proof): boolean =>
  partsSigned(proof.key, edgeSays, provedParts(agreed, proof), proof.signature)

/**
 * The edge's half, up to where messages are sealed. `known` is the platform's key as it was pinned, or its fingerprint out of
 * the token. Throws LinkRefused for another platform, LinkBroken.
 */
export async function greetPlatform(
  channel: Channel,
  known: { key: string } | { fingerprint: string },
  version: string,
): Promise<Agreed & { platformKey: string }> {
  const share = newKeyPair('x25519')
  const hello: Hello = { type: 'hello', protocol: linkProtocol, version, share: share.publicKey }
  channel.send(hello)
  const { message } = await channel.next()
  const refusal = message as { type?: unknown; words?: unknown; why?: unknown }
  if (refusal?.type === 'refused') {
    // Said by whoever answers there, who has proved nothing yet.
    throw new LinkRefused(refusal.why === 'protocol' ? 'protocol' : 'busy', String(refusal.words).slice(0, 300))
  }
  const challenge = readChallenge(message)
  if (challenge === undefined) throw new LinkRefused('message', 'What answers at this address is no platform.')
  const transcript = [linkProtocol, share.publicKey, challenge.share, challenge.key]
  const isKnown = 'key' in known ? challenge.key === known.key : fingerprintOf(challenge.key) === known.fingerprint
  if (!isKnown || !partsSigned(challenge.key, platformSays, transcript, challenge.signature)) {
    throw new LinkRefused('platform', 'What answers at this address is not the platform that made this edge.')
  }
  const keys = linkKeys(agreedSecret(share.privateKey, challenge.share, 'gatehouse link 1'), transcript)
  channel.sealWith({ sendKey: keys.fromEdge, receiveKey: keys.fromPlatform })
  return { transcript, platformKey: challenge.key }
}

export const signProof = (
  agreed: Agreed,
  privateKey: string,
  proof: Pick<Proof, 'key' | 'sealKey' | 'number' | 'token'>,
): string => signParts(privateKey, edgeSays, provedParts(agreed, proof))
