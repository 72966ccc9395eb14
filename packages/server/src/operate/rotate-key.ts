/**
 * `gatehouse key rotate`: everything that hangs on the node key, under a new one, in one transaction. Until that is committed
 * the old key is the node's; from then on the new one is, and a node that starts puts it into its place (`key-files.ts`). What
 * was hashed under the key and is known nowhere cannot be turned: it ends, and the report says so.
 */
import type { Clock } from '../base/clock.ts'
import { type NodeKey, nodeKey, readKeyFile } from '../base/node-key.ts'
import { type Config, ConfigError } from '../config/config.ts'
import { filePlace, packagePlace } from '../deploy/sealed.ts'
import { audit } from '../domain/access/audit.ts'
import { placeOf as authenticatorPlace } from '../domain/accounts/authenticators.ts'
import { noticePlace } from '../domain/accounts/notices.ts'
import { credentialUnder, handleUnder, type PasskeySecret } from '../domain/accounts/passkeys.ts'
import { edgeKeysPlace, platformKeyName, platformKeyPlace } from '../domain/edges/platform-key.ts'
import { numberUnder } from '../domain/sending/send.ts'
import { secretPlace } from '../domain/systems/secrets.ts'
import { otherSessions } from '../store/backup/others.ts'
import {
  changeAuthenticators,
  changeFiles,
  changeLinkKeys,
  changeNotices,
  changePackages,
  changeSecrets,
  endUnturnable,
  lockForOperator,
  renameNumber,
  sealHeads,
  setFingerprint,
} from '../store/backup/sealed-rows.ts'
import { type Database, DatabaseInUse } from '../store/dialect/database.ts'
import { openPostgres } from '../store/dialect/postgres.ts'
import { openSqlite } from '../store/dialect/sqlite.ts'
import { migrate } from '../store/migrations.ts'
import { type Store, storeOn } from '../store/store.ts'
import { readMeta } from '../store/tables/meta.ts'
import { auditChain } from './audit-chain.ts'
import { adoptNextKey, formerFile, makeNextKey } from './key-files.ts'
import { databaseFile } from './own-files.ts'

export type RotateReport = {
  /** How many values were sealed anew, by what they are. */
  sealed: { secrets: number; authenticators: number; notices: number; files: number; packages: number; links: number }
  /** Values that did not open under the old key either, and are as they were. */
  unreadable: number
  /** Sign-ins and bindings that were under way and have ended. */
  ended: { challenges: number; begun: number }
  /** Chains of the audit that did not fit before, and are left so. */
  auditLeft: number
  /** Where the key before is. */
  formerKey: string
}

/**
 * Throws ConfigError. A next key that is left behind then hurts nothing: the database says which key it is under, also where
 * the answer to the commit was lost.
 */
export async function rotateKey(config: Config, { clock }: { clock: Clock }): Promise<RotateReport> {
  const { keyFile, dataFolder } = config
  let database: Database | undefined
  try {
    database = openAlone(config)
    await migrate(database.db, database.dialect)
    let key: { old: NodeKey; next: NodeKey } | undefined
    const { node } = auditChain(dataFolder, nodeKey(Buffer.alloc(32)))
    // The row of the audit is written last, when the heads are sealed under the next key already.
    const store = storeOn(database, clock, { node, seal: (text) => key!.next.keyedHash('audit', text) })
    const done = await store.transaction(async (tx) => {
      await lockForOperator(tx)
      if ((await otherSessions(tx)) > 0) throw new DatabaseInUse()
      // With the lock held: nobody else may take away a key that the database is under.
      const old = await presentKey(config, tx)
      const next = makeNextKey(keyFile)
      key = { old, next }
      const report = await turn(tx, old, next, clock.now())
      await setFingerprint(tx, next.fingerprint)
      const details = { ...report, from: old.fingerprint, to: next.fingerprint }
      audit(tx, { clock, by: 'operator' }, { kind: 'node', action: 'rotate key', subject: '', details })
      return report
    })
    const { old, next } = key!
    adoptNextKey(keyFile, next.fingerprint)
    return { ...done, formerKey: formerFile(keyFile, old) }
  } catch (error) {
    throw problem(error)
  } finally {
    await database?.close()
  }
}

function problem(error: unknown): unknown {
  if (error instanceof ConfigError) return error
  if (error instanceof DatabaseInUse) {
    return new ConfigError('A node works on this database. Stop every node that does; nothing was changed.')
  }
  return new ConfigError(`The key was not turned: ${(error as Error).message}.`)
}

function openAlone({ databaseUrl, dataFolder }: Config): Database {
  if (databaseUrl === undefined) return openSqlite({ file: databaseFile(dataFolder), alone: true, busyTimeoutMs: 500 })
  return openPostgres({ connectionString: databaseUrl, maxConnections: 1, statementTimeoutMs: 0 })
}

/** The key that the database is under; a rotation that was cut off before its end is brought to it first. */
async function presentKey({ keyFile }: Config, store: Store): Promise<NodeKey> {
  const fingerprint = await readMeta(store, 'key_fingerprint')
  if (fingerprint === undefined) throw new ConfigError('This database has no node key yet: start the node once.')
  const adopted = adoptNextKey(keyFile, fingerprint)
  const key = adopted ?? nodeKey(readKeyFile(keyFile))
  if (key.fingerprint === fingerprint) return key
  throw new ConfigError(`The node key ${keyFile} is not the one of this database. Point --key-file to that one.`)
}

async function turn(tx: Store, old: NodeKey, next: NodeKey, now: number): Promise<Omit<RotateReport, 'formerKey'>> {
  const sealed = { secrets: 0, authenticators: 0, notices: 0, files: 0, packages: 0, links: 0 }
  let unreadable = 0
  /** Undefined where it does not open: it stays as it is. */
  const counted = <T>(what: keyof typeof sealed, seal: () => T): T | undefined => {
    try {
      const value = seal()
      sealed[what] += 1
      return value
    } catch {
      unreadable += 1
      return undefined
    }
  }
  await changeSecrets(tx, ({ systemKey, name, hosts, sealed: text }) =>
    counted('secrets', () => {
      const place = secretPlace(systemKey, name, hosts)
      return next.seal('secrets', place, old.unseal('secrets', place, text))
    }),
  )
  const numbers: { systemKey: string; number: string }[] = []
  await changeAuthenticators(tx, ({ systemKey, id, userId, kind, sealed: text }) =>
    counted('authenticators', () => {
      const place = authenticatorPlace(systemKey, { id, userId })
      const value = old.unseal('authenticators', place, text)
      if (kind === 'phone') numbers.push({ systemKey, number: value })
      if (kind !== 'passkey') return { sealed: next.seal('authenticators', place, value) }
      const passkey: PasskeySecret = JSON.parse(value)
      // The passkey itself keeps the name of its user that it was given.
      const kept = { ...passkey, userHandle: passkey.userHandle ?? handleUnder(old, systemKey, userId) }
      return {
        sealed: next.seal('authenticators', place, JSON.stringify(kept)),
        credentialHash: credentialUnder(next, systemKey, passkey.credentialId),
      }
    }),
  )
  for (const { systemKey, number } of numbers) {
    await renameNumber(tx, systemKey, numberUnder(old, systemKey, number), numberUnder(next, systemKey, number))
  }
  await changeNotices(tx, ({ systemKey, id, sealed: text }) =>
    counted('notices', () => {
      const place = noticePlace(systemKey, id)
      return next.seal('authenticators', place, old.unseal('authenticators', place, text))
    }),
  )
  await changeFiles(tx, ({ systemKey, bytes, ...file }) =>
    counted('files', () => {
      const place = filePlace(systemKey, file)
      return next.sealBytes('secrets', place, old.unsealBytes('secrets', place, bytes))
    }),
  )
  await changePackages(tx, ({ systemKey, name, files, undo }) =>
    counted('packages', () => {
      const again = (part: string, bytes: Buffer): Buffer => {
        const place = packagePlace(systemKey, name, part)
        return next.sealBytes('secrets', place, old.unsealBytes('secrets', place, bytes))
      }
      return { files: again('files', files), undo: undo && again('undo', undo) }
    }),
  )
  await changeLinkKeys(tx, platformKeyName, ({ systemKey, sealed: text }) =>
    counted('links', () => {
      const place = systemKey === undefined ? platformKeyPlace : edgeKeysPlace(systemKey)
      return next.seal('links', place, old.unseal('links', place, text))
    }),
  )
  const ended = await endUnturnable(tx, now)
  const sealOf = (key: NodeKey) => ({ seal: (text: string) => key.keyedHash('audit', text) })
  const auditLeft = await sealHeads(tx, sealOf(old), sealOf(next))
  return { sealed, unreadable, ended, auditLeft }
}
