/** The browser SDK from npm: collections, queries and items (rest-api.md §5.1, rows 7-13 and 23). */
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { createTestApp } from '../support/app.ts'
import { good, refused } from './answered.ts'
import { openPage, signedIn } from './browser-sdk.ts'
import { openPlant, refill, storedIn } from './plant.ts'

const plant = await openPlant(await createTestApp({ after }))
const page = openPage()
after(page.close)
const { app, system, collectionId } = plant
const cb = await signedIn(page, plant)

const machines = () => cb.Collection({ collectionName: 'Machines' })
const query = () => cb.Query({ collectionName: 'Machines' })
type Item = { data: { item_id: string; name: string; age: number; on: boolean } }
const names = (items: Item[]) => items.map(({ data }) => data.name)

const stored = (): Promise<Item['data'][]> => storedIn(plant)

const rows = [
  { name: 'drill', age: 3, on: true },
  { name: 'lathe', age: 12, on: false },
  { name: 'mill', age: 7, on: true },
  { name: 'press', age: 30, on: false },
]

beforeEach(() => refill(plant, rows))

test('create answers the ids of one row, and of several in their order', async () => {
  const one = await good((callback) => machines().create({ name: 'saw', age: 1, on: true }, callback))
  assert.equal(one.length, 1)
  const more = await good((callback) => machines().create([{ name: 'a' }, { name: 'b' }], callback))
  const byId = new Map((await stored()).map((row) => [row.item_id, row.name]))
  assert.deepEqual(
    [...one, ...more].map(({ item_id: id }) => byId.get(id)),
    ['saw', 'a', 'b'],
  )
})

test('create with a column that does not exist calls back with the error and writes nothing', async () => {
  await refused((callback) => machines().create([{ name: 'a' }, { nmae: 'b' }], callback), 400)
  assert.equal((await stored()).length, rows.length)
})

test('fetch answers rows as items: all of them, or those that match', async () => {
  const all: Item[] = await good((callback) => machines().fetch(callback))
  assert.deepEqual(names(all).sort(), ['drill', 'lathe', 'mill', 'press'])
  assert.equal((await good((callback) => machines().fetch({}, callback))).length, 4)
  const old: Item[] = await good((callback) => machines().fetch(query().greaterThan('age', 7), callback))
  assert.deepEqual(names(old).sort(), ['lathe', 'press'])
  assert.deepEqual(await good((callback) => machines().fetch(query().equalTo('name', 'none'), callback)), [])
})

test('a collection is reached by its id as by its name', async () => {
  for (const collection of [cb.Collection(collectionId), cb.Collection({ collectionID: collectionId })]) {
    assert.equal((await good((callback) => collection.fetch(callback))).length, 4)
    assert.deepEqual(await good((callback) => collection.count({}, callback)), { count: 4 })
    assert.ok((await good((callback) => collection.columns(callback))).length >= 4)
  }
})

test('update changes the rows that match and no others', async () => {
  const answer = await good((callback) => machines().update(query().equalTo('on', true), { age: 99 }, callback))
  assert.deepEqual(answer, { count: 2 })
  assert.deepEqual(
    (await stored()).map((row) => row.age),
    [99, 12, 99, 30],
  )
})

test('update without a filter is refused: forgetting the query must not change every row', async () => {
  await refused((callback) => machines().update(query(), { age: 1 }, callback), 400)
  assert.deepEqual(
    (await stored()).map((row) => row.age),
    [3, 12, 7, 30],
  )
})

test('remove deletes the rows that match and no others', async () => {
  await good((callback) => machines().remove(query().lessThan('age', 10), callback))
  assert.deepEqual(
    (await stored()).map((row) => row.name),
    ['lathe', 'press'],
  )
})

test('remove with a query without filters empties the collection: the SDK then sends the list that stands for all', async () => {
  await good((callback) => machines().remove(query(), callback))
  assert.deepEqual(await stored(), [])
})

test('count and columns answer by name', async () => {
  assert.deepEqual(await good((callback) => machines().count({}, callback)), { count: 4 })
  assert.deepEqual(await good((callback) => machines().count(query().equalTo('on', true), callback)), { count: 2 })
  const columns = await good((callback) => machines().columns(callback))
  const age = columns.find((column: { ColumnName: string }) => column.ColumnName === 'age')
  assert.deepEqual(age, { ColumnName: 'age', ColumnType: 'int', PK: false })
})

const filters: [string, (q: any) => any, string[]][] = [
  ['equalTo', (q) => q.equalTo('name', 'mill'), ['mill']],
  ['notEqualTo', (q) => q.notEqualTo('name', 'mill'), ['drill', 'lathe', 'press']],
  ['greaterThan', (q) => q.greaterThan('age', 12), ['press']],
  ['greaterThanEqualTo', (q) => q.greaterThanEqualTo('age', 12), ['lathe', 'press']],
  ['lessThan', (q) => q.lessThan('age', 7), ['drill']],
  ['lessThanEqualTo', (q) => q.lessThanEqualTo('age', 7), ['drill', 'mill']],
  ['matches', (q) => q.matches('name', '^.i'), ['mill']],
  ['two filters of one operator', (q) => q.equalTo('on', true).equalTo('age', 3), ['drill']],
  ['filters of several operators', (q) => q.greaterThan('age', 3).lessThan('age', 30).equalTo('on', false), ['lathe']],
  ['or', (q) => q.equalTo('name', 'mill').or(query().equalTo('name', 'press')), ['mill', 'press']],
  [
    'or of an and',
    (q) => q.equalTo('on', true).lessThan('age', 5).or(query().greaterThan('age', 20)),
    ['drill', 'press'],
  ],
  ['a filter from or alone', (q) => q.or(query().equalTo('name', 'lathe')), ['lathe']],
]

for (const [what, build, expected] of filters) {
  test(`Query.fetch finds by ${what}`, async () => {
    const found: Item[] = await good((callback) => build(query()).ascending('name').fetch(callback))
    assert.deepEqual(names(found), expected)
  })
}

test('Query sorts by several columns, either way', async () => {
  const down: Item[] = await good((callback) => query().descending('age').fetch(callback))
  assert.deepEqual(names(down), ['press', 'lathe', 'mill', 'drill'])
  const both: Item[] = await good((callback) => query().descending('on').ascending('age').fetch(callback))
  assert.deepEqual(names(both), ['drill', 'mill', 'lathe', 'press'])
})

test('Query answers page by page, each row once, and nothing past the end', async () => {
  const pages: string[][] = []
  for (const number of [1, 2, 3]) {
    pages.push(names(await good((callback) => query().ascending('name').setPage(3, number).fetch(callback))))
  }
  assert.deepEqual(pages, [['drill', 'lathe', 'mill'], ['press'], []])
})

test('Query.columns answers the chosen columns alone', async () => {
  const found: Item[] = await good((callback) => query().columns(['name']).equalTo('age', 3).fetch(callback))
  assert.deepEqual(
    found.map(({ data }) => data),
    [{ name: 'drill' }],
  )
})

test('Query.groupBy answers one row for each value', async () => {
  const found: Item[] = await good((callback) => query().columns(['on']).groupBy(['on']).fetch(callback))
  assert.deepEqual(found.map(({ data }) => data.on).sort(), [false, true])
})

test('Query.update and Query.remove work on what matches', async () => {
  await good((callback) => query().equalTo('name', 'mill').update({ on: false, age: 8 }, callback))
  assert.deepEqual((await stored()).find((row) => row.name === 'mill')?.age, 8)
  await good((callback) => query().equalTo('name', 'mill').or(query().equalTo('age', 3)).remove(callback))
  assert.deepEqual(
    (await stored()).map((row) => row.name),
    ['lathe', 'press'],
  )
})

test('Query.remove and Query.update without a filter are refused', async () => {
  await refused((callback) => query().update({ age: 1 }, callback), 400)
  await refused((callback) => query().setPage(1, 1).remove(callback), 400)
  assert.equal((await stored()).length, 4)
})

test('a filter on a column that does not exist calls back with the error', async () => {
  await refused((callback) => query().equalTo('nmae', 'mill').fetch(callback), 400)
  await refused((callback) => query().equalTo('nmae', 'mill').remove(callback), 400)
  assert.equal((await stored()).length, 4)
})

test('Item saves the whole row, refreshes it, and destroys it', async () => {
  const [item] = await good((callback) => machines().fetch(query().equalTo('name', 'mill'), callback))
  const { item_id: id } = item.data
  item.data.age = 8
  await good((callback) => item.save(callback))
  assert.equal((await stored()).find((row) => row.item_id === id)?.age, 8)
  const same = cb.Item({ item_id: id }, { collectionName: 'Machines' })
  await good((callback) => same.refresh(callback))
  // The SDK keeps the fetched item, not its row.
  assert.equal(same.data.data.name, 'mill')
  const gone = cb.Item({ item_id: id }, collectionId)
  await good((callback) => gone.destroy(callback))
  assert.deepEqual(
    (await stored()).map((row) => row.name),
    ['drill', 'lathe', 'press'],
  )
})

test('getAllCollections lists the collections of the system', async () => {
  const all = await good((callback) => cb.getAllCollections(callback))
  // The SDK takes collectionID away itself.
  assert.deepEqual(all, [{ appID: system.key, name: 'Machines' }])
})

test('a user without rights reads and writes no row', async () => {
  const as = { email: 'js-plain@example.com', password: 'nine lives here' }
  await app.createUser(system, as.email, as.password)
  const plain = await signedIn(page, plant, as)
  const closed = plain.Collection({ collectionName: 'Machines' })
  const all = plain.Query({ collectionName: 'Machines' }).notEqualTo('name', '')
  await refused((callback) => closed.fetch(callback), 403)
  await refused((callback) => closed.count({}, callback), 403)
  await refused((callback) => closed.columns(callback), 403)
  await refused((callback) => closed.create({ name: 'x' }, callback), 403)
  await refused((callback) => closed.update(all, { age: 1 }, callback), 403)
  await refused((callback) => closed.remove(all, callback), 403)
  await refused((callback) => plain.getAllCollections(callback), 403)
  assert.equal((await stored()).length, 4)
})
