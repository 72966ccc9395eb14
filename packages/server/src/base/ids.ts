/** Names that the node gives to things. All come from the operating system's cryptographic generator. */
import { randomBytes, randomUUID } from 'node:crypto'

export const uuid = (): string => randomUUID()

/** Lower-case hex, as ids of systems, users and collections are on the wire (rest-api.md §1.2). */
export const hexId = (bytes = 12): string => randomBytes(bytes).toString('hex')

/** Upper-case hex, as system secrets are on the wire. */
export const hexSecret = (bytes = 24): string => randomBytes(bytes).toString('hex').toUpperCase()

/** An opaque bearer token of 256 random bits. The prefix lets a reader of a leaked text see what leaked. */
export const bearerToken = (prefix: string): string => `${prefix}_${randomBytes(32).toString('base64url')}`
