/** The two systems that the load works in: one with rows, settings and packages, one whose auth service asks for a code. */
import { readFileSync } from 'node:fs'
import { bindApps } from '../../../benchmarks/second-factors.ts'
import type { NodeProcess } from '../../support/node-process.ts'
import { createService, createSystem, type Place } from '../plant.ts'
import { type Ledger, newLedger } from './ledger.ts'

type System = { key: string; secret: string }

export type Person = { email: string; userId: string; secret: string; lastStep: number }

export type Field = {
  plain: System
  guarded: System
  collection: string
  emails: string[]
  people: Person[]
  ledger: Ledger
}

export const password = 'the plant is quiet'

/** Creates two rows, one after another, and says so. */
const createTwo = `function createTwo(req, resp) {
  ClearBlade.init({ request: req });
  var things = ClearBlade.Collection({ collectionName: 'Things' });
  things.create({ n: req.params.n }, function (err, first) {
    if (err) resp.error(first);
    things.create({ n: req.params.n + 1 }, function (err, second) {
      if (err) resp.error(second);
      resp.success([first[0].item_id, second[0].item_id]);
    });
  });
}`

const secondFactor = readFileSync(
  new URL('../../../benchmarks/services/secondFactor.service.js', import.meta.url),
  'utf8',
)

export async function makeField(
  node: NodeProcess,
  developer: string,
  place: Place,
  size: { emails: number; people: number; counters: number },
): Promise<Field> {
  const develop = async (method: 'POST' | 'PUT', path: string, body: unknown) => {
    const answer = await node.call(method, path, { developer, body })
    if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`)
    return answer.body
  }
  const plain = await createSystem(node, developer)
  const guarded = await createSystem(node, developer)
  const { collectionID: collection } = await develop('POST', '/admin/collectionmanagement', {
    name: 'Things',
    appID: plain.key,
  })
  await develop('PUT', '/admin/collectionmanagement', { id: collection, addColumn: { name: 'n', type: 'int' } })
  await createService({ node, developer, system: plain }, 'createTwo', createTwo)
  await createService({ node, developer, system: guarded }, 'secondFactor', secondFactor, {
    dependencies: 'clearblade,signin',
  })
  await develop('PUT', `/admin/user/${guarded.key}/roles`, {
    id: 'Anonymous',
    changes: { services: [{ itemInfo: { name: 'secondFactor' }, permissions: 1 }] },
  })
  await develop('PUT', '/admin/v/4/systemmanagement', { id: guarded.key, auth_service: 'secondFactor' })
  const named = (what: string, many: number) => Array.from({ length: many }, (_, n) => `${what}${n}@example.com`)
  const newUser = async ({ key }: System, email: string): Promise<string> =>
    (await develop('POST', `/admin/user/${key}`, { email, password })).user_id
  const emails = named('user', size.emails)
  await Promise.all(emails.map((email) => newUser(plain, email)))
  const peopleEmails = named('person', size.people)
  const ids = await Promise.all(peopleEmails.map((email) => newUser(guarded, email)))
  const secrets = await bindApps({ folder: place.dataFolder, databaseUrl: place.databaseUrl }, guarded.key, ids)
  const people = peopleEmails.map((email, n) => ({ email, userId: ids[n]!, secret: secrets[n]!, lastStep: 0 }))
  const ledger = newLedger()
  for (let lane = 0; lane < size.counters; lane++) {
    const [{ item_id: id }] = await develop('POST', `/api/v/1/data/${collection}`, { n: -1 })
    ledger.counters.push({ id, answered: -1, sent: -1 })
  }
  return { plain, guarded, collection, emails, people, ledger }
}
