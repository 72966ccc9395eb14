/** Which page an address names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readModel } from './model.ts'
import { findPage, pathOf } from './pages.ts'

const { pages } = readModel({
  name: 'P',
  config: {
    pages: {
      u1: { id: 'u1', name: 'Settings', children: ['u2', 'u3'] },
      u2: { id: 'u2', name: 'New Edge', isChild: true },
      u3: { id: 'u3', name: 'number', isChild: true, isParam: true },
      u4: { id: 'u4', name: 'Home', isChild: true },
      Home: { id: 'Home', name: 'Home' },
    },
  },
})

test('pages are found without regard to case, from the top or below another page', () => {
  for (const [path, id] of [
    ['', 'Home'],
    ['/', 'Home'],
    ['#/', 'Home'],
    ['/home', 'Home'],
    ['/settings', 'u1'],
    ['SETTINGS', 'u1'],
    ['/Settings/New%20Edge', 'u2'],
    ['/settings/new edge?x=1', 'u2'],
    ['/New Edge', 'u2'],
    ['/settings/17', 'u3'],
    ['/u1', 'u1'],
    ['/nope', undefined],
    ['/home/nope', undefined],
    ['/%E0%A4%A', undefined],
  ] as const) {
    assert.equal(findPage(pages, path)?.id, id, path)
  }
})

test('the address of a page leads back to it', () => {
  for (const page of pages.filter(({ id }) => id !== 'u4')) assert.equal(findPage(pages, pathOf(pages, page)), page)
})

test('a portal without pages has an empty first one', () => {
  for (const config of [undefined, null, {}, { pages: {} }, { pages: [] }, { pages: { a: 7 } }, 'x']) {
    const model = readModel({ name: 'empty', config })
    assert.equal(findPage(model.pages, '/')?.name, 'Home')
  }
})
