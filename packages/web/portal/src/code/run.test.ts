/** Running texts of portals, in both forms that they have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeRunner, mentioned } from './run.ts'

const run = codeRunner(() => ({ portalTitle: 'Plant', datasources: { a: 1 } }))

test('a body with return sees its datasource and its widget, by this and by name', () => {
  assert.equal(run('return this.datasource.n + this.widget', { datasource: { n: 1 }, widget: 2 }), 3)
  assert.equal(run('return ctx.data + ctx.widget', { datasource: 1, widget: 2 }), 3)
  assert.equal(run('return portalTitle // the end'), 'Plant')
  assert.equal(run('var x = 1'), undefined)
})

test('the newer form assigns a function to parser, declared or not, and may be asynchronous', async () => {
  for (const code of [
    'parser = (ctx) => ctx.data * 2',
    '/** @param ctx */\nparser = function (ctx) { return this.datasource * 2 }',
    'let parser = (ctx) => { return ctx.datasource * 2 };',
    'const helper = 2\nvar parser = (ctx) => ctx.data * helper',
  ]) {
    assert.equal(run(code, { datasource: 4 }), 8, code)
  }
  assert.equal(await run('parser = async (ctx) => ctx.widget', { widget: 'w' }), 'w')
  assert.equal(Reflect.has(globalThis, 'parser'), false, 'a parser became a global')
})

test('what code throws is thrown, and so is what is no code', () => {
  assert.throws(() => run('return this.datasource.nope.nope', { datasource: {} }), TypeError)
  assert.throws(() => run('return ('), SyntaxError)
  assert.throws(() => run('parser = () => { throw new Error("mine") }'), /mine/)
})

test('the datasources that a text mentions are those that it is run again for', () => {
  assert.deepEqual(
    mentioned(
      'return datasources.one.latestData() + datasources["two words"].x + datasources [ \'three\' ] + other.four',
    ),
    ['one', 'two words', 'three'],
  )
})
