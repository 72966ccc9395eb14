/** Users, for a run. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { bits } from '@gatehouse/contract/permissions.ts'
import { isUnfiltered, parseQuery } from '@gatehouse/contract/query.ts'
import { demand } from '../../domain/access/rights.ts'
import {
  countUsers,
  createUser,
  deleteUsers,
  findUsers,
  ownRow,
  setOwnRow,
  updateUsers,
} from '../../domain/accounts/users.ts'
import { keepOut } from '../secrecy.ts'
import { type HostTable, objectArg } from './table.ts'

export const userCalls: HostTable = {
  'users.self': async ({ scope }) => ownRow(scope),
  'users.setSelf': async ({ scope, args }) => {
    await setOwnRow(scope, objectArg(args, 'changes'))
    return null
  },
  'users.fetch': async ({ scope, args }) => {
    const { rows, total } = await findUsers(scope, parseQuery(args.query))
    return { Data: rows, Total: total }
  },
  'users.update': async ({ scope, args }) => {
    if (args.query === undefined || args.query === null) throw new GatehouseError('badQuery', 'setUsers needs a query.')
    return { count: await updateUsers(scope, parseQuery(args.query), objectArg(args, 'changes')) }
  },
  'users.count': async ({ scope, args }) => ({ count: await countUsers(scope, parseQuery(args.query)) }),
  'users.create': async ({ run, scope, args }) => {
    await demand(scope, { kind: 'users', level: bits.create }, 'create users')
    const { email, password, ...fields } = objectArg(args, 'info')
    keepOut(run, email, password)
    const chosenBy = scope.caller.kind === 'developer' ? 'developer' : 'person'
    const { userId } = await createUser(scope, { email, password, fields, chosenBy })
    return { user_id: userId }
  },
  'users.delete': async ({ scope, args }) => {
    const query = parseQuery(args.query)
    if (isUnfiltered(query)) throw new GatehouseError('badQuery', 'Deleting users needs a query with a condition.')
    return { count: await deleteUsers(scope, query) }
  },
}
