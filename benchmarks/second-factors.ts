/**
 * Authenticator apps for many users at once, written into a database that no node holds: bound one by one over HTTP, each
 * would cost a dozen password hashes.
 */
import { openNode } from '../packages/server/src/app.ts'
import { hexId } from '../packages/server/src/base/ids.ts'
import { createLog } from '../packages/server/src/base/log.ts'
import { readConfig } from '../packages/server/src/config/config.ts'
import { placeOf } from '../packages/server/src/domain/accounts/authenticators.ts'
import { newTotpSecret } from '../packages/server/src/domain/accounts/totp.ts'
import { bindAuthenticator } from '../packages/server/src/store/tables/authenticators.ts'

/** Answers the secret of each user's app, as hex, in their order. */
export async function bindApps(
  node: { folder: string; databaseUrl: string | undefined },
  systemKey: string,
  userIds: readonly string[],
): Promise<string[]> {
  const environment = node.databaseUrl === undefined ? {} : { DATABASE_URL: node.databaseUrl }
  const config = readConfig(['--data', node.folder], environment)
  const { store, key } = await openNode(config, createLog({ format: 'silent', level: 'silent' }))
  try {
    return await store.forSystem(systemKey).transaction(async (tx) => {
      const secrets: string[] = []
      for (const userId of userIds) {
        const [id, secret] = [hexId(), newTotpSecret()]
        const sealed = key.seal('authenticators', placeOf(systemKey, { id, userId }), secret)
        const label = 'authenticator app'
        await bindAuthenticator(tx, {
          id,
          userId,
          kind: 'totp',
          label,
          sealed,
          boundAt: Date.now(),
          boundBy: 'benchmark',
        })
        secrets.push(secret)
      }
      return secrets
    })
  } finally {
    await store.close()
  }
}
