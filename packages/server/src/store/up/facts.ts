/**
 * What an edge tells its platform of its own accord: facts that only tighten, and records of sign-ins. Each is written in the
 * transaction that makes it one, in order, and stays until the platform has taken it. What the platform makes of them is
 * `edge/taking.ts`.
 */
import type { Transaction } from 'kysely'
import { hexId } from '../../base/ids.ts'
import type { Tables } from '../schema.ts'

export type Fact =
  /** A row of the edge's own records of sign-ins, whose user is known. */
  | { kind: 'sign-in'; user: string; decision: string; record: Record<string, unknown> }
  | { kind: 'failure'; user: string; what: 'password' | 'factor' }
  /** A code of an authenticator app was taken. */
  | { kind: 'step'; user: string; authenticator: string; step: number }
  | { kind: 'disabled'; user: string; authenticator: string }
  /** The counter of a passkey was taken. */
  | { kind: 'counter'; user: string; authenticator: string; count: number }
  /** So many recovery codes of a set for this edge are used by now. */
  | { kind: 'spent'; user: string; authenticator: string; count: number }
  | {
      kind: 'session'
      user: string
      id: string
      /** Never the token itself. */
      token_hash: string
      granted_by: string
      factors: string
      /** Of the password that the user had there. */
      password_stamp: string
      created_at: number
      expires_at: number
      data_age: number | null
    }
  /** Of a session that was made there, or at the other end. */
  | { kind: 'ended'; user: string; id: string; reason: string }
  /** A user asks for a change of own columns: nothing but a developer's word makes it one. */
  | { kind: 'request'; user: string; changes: Record<string, unknown> }
  /** A row on its way up lost a unique value to one that came down; `row` is JSON, '' for a large one. */
  | { kind: 'displaced'; collection: string; key: string; row: string }

/** Where in an order of its own the platform stands with one edge. Another incarnation is another order. */
export type UpCursor = { incarnation: string; position: number }

export type ToldFact = { position: number; at: number; fact: Fact }

/** An edge has one writer, so nobody comes between. */
export async function appendFacts(
  tx: Transaction<Tables>,
  systemKey: string,
  facts: readonly Fact[],
  now: number,
): Promise<void> {
  const head = await tx
    .insertInto('outbox_heads')
    .values({ system_key: systemKey, incarnation: hexId(8), position: facts.length })
    .onConflict((conflict) =>
      conflict.column('system_key').doUpdateSet((eb) => ({
        position: eb('outbox_heads.position', '+', eb.ref('excluded.position')),
      })),
    )
    .returning('position')
    .executeTakeFirstOrThrow()
  const first = head.position - facts.length + 1
  for (let start = 0; start < facts.length; start += rowsAtOnce) {
    const rows = facts.slice(start, start + rowsAtOnce).map((fact, index) => ({
      ...{ system_key: systemKey, position: first + start + index, at: now, fact: JSON.stringify(fact) },
    }))
    await tx.insertInto('outbox').values(rows).execute()
  }
}

const rowsAtOnce = 500
