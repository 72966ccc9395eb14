/**
 * argon2id by two hands that give the same tags: a library that uses the processor's vector instructions, two to three times
 * as fast here as Node's own, and Node's own, where the library has no binary for the machine or gives another tag than it.
 * The library is loaded when the first password is hashed.
 */
import { argon2 } from 'node:crypto'

/** `memory` in KiB, `tagLength` in bytes. */
export type Argon2Cost = { memory: number; passes: number; parallelism: number; tagLength: number }

export type Argon2id = (password: string, salt: Buffer, cost: Argon2Cost) => Promise<Buffer>

export const argon2idOfNode: Argon2id = (password, nonce, parameters) =>
  new Promise((resolve, reject) => {
    argon2('argon2id', { message: Buffer.from(password), nonce, ...parameters }, (error, tag) => {
      if (error) reject(error)
      else resolve(tag)
    })
  })

let found: Promise<Argon2id> | undefined

export const argon2id: Argon2id = async (password, salt, cost) => {
  found ??= fastest()
  return (await found)(password, salt, cost)
}

/** Undefined where the library cannot be loaded on this machine. */
export async function argon2idOfLibrary(): Promise<Argon2id | undefined> {
  try {
    const { hashRaw } = await import('@node-rs/argon2')
    return (password, salt, { memory, passes, parallelism, tagLength }) =>
      hashRaw(Buffer.from(password), {
        ...{ algorithm: argon2idNumber, version: version13, salt },
        ...{ memoryCost: memory, timeCost: passes, parallelism, outputLen: tagLength },
      })
  } catch {
    return undefined
  }
}

/** As RFC 9106 numbers them, for the library; its names for them exist in its types alone. */
const argon2idNumber = 2
const version13 = 1

async function fastest(): Promise<Argon2id> {
  const library = await argon2idOfLibrary()
  if (library === undefined) return argon2idOfNode
  const salt = Buffer.from('one salt for all')
  const cost = { memory: 256, passes: 2, parallelism: 1, tagLength: 32 }
  const of = (hash: Argon2id) => hash('a password', salt, cost).catch(() => undefined)
  const [one, other] = await Promise.all([of(library), of(argon2idOfNode)])
  return one !== undefined && other?.equals(one) === true ? library : argon2idOfNode
}
