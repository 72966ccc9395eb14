/** `system.json`: what is known of the system that the package was exported from. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { extraOf, keyed, textOf } from './fields.ts'
import type { SystemFacts } from './model.ts'
import { isFilled, noteSecrets, type Reading, readRecord } from './tree.ts'

/** The camel-case spellings are those of the oldest packages. */
const credentials = ['system_key', 'system_secret', 'systemKey', 'systemSecret']
const platformUrls = ['platform_url', 'platformURL', 'platformUrl']
const messagingUrls = ['messaging_url', 'messagingURL', 'messagingUrl']

/** Throws badPackage without a `system.json`, unless a part of a system is enough. */
export function readSystem(reading: Reading, partial: boolean): SystemFacts | undefined {
  const bytes = reading.tree.root.get('system.json')
  if (bytes === undefined) {
    if (partial) return undefined
    throw new GatehouseError('badPackage', 'There is no system.json here, so this is no package.', {
      hint: 'Name the folder that holds system.json.',
    })
  }
  const record = readRecord(reading, 'system.json', 'system', bytes)
  const { path, fields } = record
  noteSecrets(reading, record, credentials)
  const text = (keys: readonly string[]): string => {
    const key = keys.find((one) => isFilled(fields[one])) ?? keys[0]!
    return textOf(keyed({ path, inside: '' }, key), fields[key])
  }
  const known = new Set(['name', 'description', ...credentials, ...platformUrls, ...messagingUrls])
  if (fields.auth === true) known.add('auth')
  return {
    name: text(['name']),
    description: text(['description']),
    platformUrl: text(platformUrls),
    messagingUrl: text(messagingUrls),
    extra: extraOf(fields, known),
  }
}

export const systemFile = (
  system: SystemFacts,
  identity: { key: string; secret: string },
): Record<string, unknown> => ({
  auth: true,
  ...system.extra,
  name: system.name,
  description: system.description,
  platform_url: system.platformUrl,
  messaging_url: system.messagingUrl,
  system_key: identity.key,
  system_secret: identity.secret,
})
