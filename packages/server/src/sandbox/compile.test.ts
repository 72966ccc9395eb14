import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileScript, guardName } from './compile.ts'

const guard = `${guardName}();`

function codeOf(source: string, dialect: 'classic' | 'modern' = 'classic'): string {
  const compiled = compileScript(source, { name: 'service', dialect })
  assert.ok('code' in compiled, JSON.stringify(compiled))
  return compiled.code
}

function problemOf(source: string, dialect: 'classic' | 'modern' = 'classic') {
  const compiled = compileScript(source, { name: 'service', dialect })
  assert.ok('problem' in compiled)
  return compiled.problem
}

describe('guards', () => {
  test('every catch and finally asks first whether the run has ended, in both dialects', () => {
    for (const dialect of ['classic', 'modern'] as const) {
      assert.equal(codeOf('try { a() } catch (e) { b() }', dialect), `try { a() } catch (e) {${guard} b() }`)
      assert.equal(codeOf('try { a() } catch { b() }', dialect), `try { a() } catch {${guard} b() }`)
      assert.equal(codeOf('try {} finally { c() }', dialect), `try {} finally {${guard} c() }`)
      assert.equal(codeOf('try {} catch (e) {} finally {}', dialect), `try {} catch (e) {${guard}} finally {${guard}}`)
    }
  })

  test('a caught pattern is taken apart after the guard, with what is nested in it guarded too', () => {
    const code = codeOf('try {} catch ({ a = function () { try {} finally {} } }) { b(a) }')
    const inner = `{ a = function () { try {} finally {${guard}} } }`
    assert.equal(code, `try {} catch (__run_caught_5e1a__) {${guard}let ${inner} = __run_caught_5e1a__; b(a) }`)
    assert.doesNotThrow(() => new Function(code))
  })

  test('the name of the guard cannot be used by a script', () => {
    assert.match(problemOf(`function ${guardName}() {}`).message, /reserved/)
    assert.match(problemOf(`try {} catch (${guardName}) {}`).message, /reserved/)
  })
})

describe('the classic dialect', () => {
  test('const becomes var of the same length, so that lines and columns stay', () => {
    assert.equal(codeOf('const a = 1;\nfor (const k in b) {}'), 'var   a = 1;\nfor (var   k in b) {}')
  })

  test('names may be declared twice', () => {
    for (const source of [
      'const a = 1; const a = 2',
      'function f(a) { const a = 1 }',
      'const f = 1; function f() {}',
    ]) {
      assert.doesNotThrow(() => new Function(codeOf(source)), source)
    }
  })

  test('a file with anything newer keeps its const', () => {
    for (const newer of [
      'let b',
      'class B {}',
      'b(() => 1)',
      'for (const c of b) {}',
      'async function b() {}',
      'function* b() {}',
      'b(`x`)',
      'var { b } = c',
      'b(...c)',
      'b?.c',
      'function f(b = 1) {}',
      'b ?? c',
      'b = { c() {} }',
      'b = { [c]: 1 }',
      'try {} catch {}',
      'b = 1n',
    ]) {
      assert.match(codeOf(`const a = 1; ${newer}`), /^const a = 1/, newer)
    }
  })

  test('shorthand properties are not newer: existing services have them beside const', () => {
    assert.equal(codeOf('const a = 1; b({ a })'), 'var   a = 1; b({ a })')
  })

  test('what only sloppy mode allows is allowed', () => {
    for (const source of ['with (a) {}', 'var x = 010', 'delete x', '<!-- comment\nvar a', 'arguments = 1'])
      codeOf(source)
  })
})

describe('the modern dialect', () => {
  test('const stays, and a name declared twice is a problem', () => {
    assert.equal(codeOf('const a = 1', 'modern'), 'const a = 1')
    assert.match(problemOf('const a = 1; const a = 2', 'modern').message, /already been declared/)
  })

  test('async functions, classes and optional chaining are read', () => {
    codeOf('class A { #b = 1; static { } } async function f() { for await (const x of y) x?.z ?? 1 }', 'modern')
  })
})

describe('problems', () => {
  test('a syntax error names its line and column', () => {
    assert.deepEqual(problemOf('var a\nvar = 1'), { message: 'Unexpected token', line: 2, column: 4 })
  })

  test('a constant without value and a module are problems, as in the old engine', () => {
    problemOf('const a')
    problemOf('import a from "b"')
    problemOf('return 1')
  })

  test('a message stays short, however long the name it quotes', () => {
    const name = 'a'.repeat(100_000)
    assert.ok(problemOf(`let ${name}; let ${name}`, 'modern').message.length <= 500)
  })

  test('nesting beyond reason is a problem, not a crash', () => {
    for (const source of ['['.repeat(200_000), `${'('.repeat(50_000)}1${')'.repeat(50_000)}`, '!'.repeat(200_000)]) {
      const { message } = problemOf(source)
      assert.ok(message.length < 200)
    }
    codeOf(`var a = ${'b + '.repeat(2000)}b`)
  })
})
