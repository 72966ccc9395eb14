import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { parseQuery } from '@gatehouse/contract/query.ts'
import { findInList, type ListColumns, pageOf } from './list-query.ts'

type Thing = { name: string; size: number }
const columns: ListColumns<Thing> = { name: (thing) => thing.name, size: (thing) => thing.size }
const things: Thing[] = [
  { name: 'b', size: 2 },
  { name: 'a', size: 10 },
  { name: 'c', size: 2 },
]

const find = (query: unknown) => {
  const parsed = parseQuery(query)
  return pageOf(findInList(things, columns, parsed), parsed)
    .map((thing) => thing.name)
    .join('')
}

test('a list is searched with every operator, AND within a group and OR between groups', () => {
  assert.equal(find([]), 'bac')
  assert.equal(find([[{ EQ: [{ NAME: 'a' }] }]]), 'a')
  assert.equal(find([[{ NEQ: [{ name: 'a' }] }]]), 'bc')
  assert.equal(find([[{ GT: [{ size: 2 }] }]]), 'a')
  assert.equal(find([[{ GTE: [{ size: 2 }] }, { LT: [{ name: 'c' }] }]]), 'ba')
  assert.equal(find([[{ LTE: [{ size: 2 }] }]]), 'bc')
  assert.equal(find([[{ RE: [{ name: '^[ab]$' }] }]]), 'ba')
  assert.equal(find([[{ EQ: [{ name: 'a' }] }], [{ EQ: [{ name: 'c' }] }]]), 'ac')
  assert.equal(find([[{ EQ: [{ name: null }] }]]), '')
  assert.equal(find([[{ NEQ: [{ name: null }] }]]), 'bac')
})

test('a list is sorted by several columns and given in pages, numbers as numbers', () => {
  assert.equal(find({ SORT: [{ DESC: 'size' }, { DESC: 'name' }] }), 'acb')
  assert.equal(find({ SORT: [{ ASC: 'name' }], PAGESIZE: 2 }), 'ab')
  assert.equal(find({ SORT: [{ ASC: 'name' }], PAGESIZE: 2, PAGENUM: 2 }), 'c')
  assert.equal(find({ PAGESIZE: 2, PAGENUM: 3 }), '')
})

test('what a list cannot be asked is refused, and never answered with all of it', () => {
  for (const query of [
    [[{ EQ: [{ nope: 1 }] }]],
    [[{ EQ: [{ constructor: 'x' }] }]],
    [[{ EQ: [{ size: '2' }] }]],
    [[{ RE: [{ size: '2' }] }]],
    [[{ RE: [{ name: '(' }] }]],
    { SORT: [{ ASC: 'nope' }] },
    { GROUPBY: ['name'] },
  ]) {
    assert.throws(() => find(query), GatehouseError, JSON.stringify(query))
  }
})
