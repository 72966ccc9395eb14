/** Assets by kind and name, and the choice of some of them. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import type { PackageModel } from './format/model.ts'
import type { AssetKind } from './format/notes.ts'

/** How an asset is named in a choice, in a plan and in a report: `service/authOverride`. */
export const kindAndName = (kind: string, name: string): string => `${kind}/${name}`

export type AssetName = { kind: AssetKind; name: string }

/** All assets of the model, in the order in which they are imported. */
export function assetsOf(model: PackageModel): AssetName[] {
  const named = (kind: AssetKind, list: readonly { name: string }[]): AssetName[] =>
    list.map(({ name }) => ({ kind, name }))
  return [
    ...named('collection', model.collections),
    ...named('role', model.roles),
    ...(model.userTable.columns.length > 0 ? [{ kind: 'user-columns' as const, name: 'users' }] : []),
    ...model.users.map(({ email }) => ({ kind: 'user' as const, name: email })),
    ...named('library', model.libraries),
    ...named('service', model.services),
    ...model.kept.map(({ kind, name }) => ({ kind, name })),
  ]
}

/**
 * The model with the chosen assets alone: `kind/name` for one, `kind` for all of a kind. Rights stay with the role they
 * are of; those of old `permissions` maps, with the thing they are on. Throws badRequest for a choice that names nothing.
 */
export function chooseAssets(model: PackageModel, choose: readonly string[] | undefined): PackageModel {
  if (choose === undefined) return model
  const wanted = new Set(choose)
  const assets = assetsOf(model)
  const known = new Set([...assets.map(({ kind, name }) => kindAndName(kind, name)), ...assets.map(({ kind }) => kind)])
  const unknown = choose.filter((one) => !known.has(one))
  if (unknown.length > 0) {
    throw new GatehouseError('badRequest', `The package has no ${unknown.slice(0, 10).join(', ')}.`, {
      hint: 'Name assets as kind/name, such as service/login, or a whole kind, such as service.',
    })
  }
  const has = (kind: AssetKind, name: string): boolean => wanted.has(kind) || wanted.has(kindAndName(kind, name))
  const ofKind = { services: 'service', collections: 'collection', users: 'user-columns' } as const
  return {
    ...model,
    services: model.services.filter(({ name }) => has('service', name)),
    libraries: model.libraries.filter(({ name }) => has('library', name)),
    collections: model.collections.filter(({ name }) => has('collection', name)),
    roles: model.roles.filter(({ name }) => has('role', name)),
    grants: model.grants.filter(({ kind, item }) =>
      has(ofKind[kind as keyof typeof ofKind] ?? 'role', item === '' ? 'users' : item),
    ),
    userTable: has('user-columns', 'users') ? model.userTable : { columns: [], extra: {} },
    users: model.users.filter(({ email }) => has('user', email)),
    kept: model.kept.filter(({ kind, name }) => has(kind, name)),
  }
}
