/** What reaches a terminal, a pipe and a program. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CommandError } from './failure.ts'
import { createOutput, printable, reportFailure } from './output.ts'
import { placeOf } from './push.ts'

function captured(json: boolean, isTTY: boolean, environment: Record<string, string> = {}) {
  const written = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY,
    write: (text: string) => {
      written[name] += text
    },
  })
  return { written, output: createOutput(json, stream('stdout'), stream('stderr'), environment) }
}

const rows = { heads: ['NAME', 'KEY'], rows: [['plant', 'a'], ['水処理', 'b'], ['', 'c\nd']] } // biome-ignore format: a table

describe('output', () => {
  test('aligns tables, also wide letters and empty cells', () => {
    const { written, output } = captured(false, false)
    output.result([], rows)
    assert.equal(written.stdout, 'NAME    KEY\nplant   a\n水処理  b\n-       c d\n')
  })

  test('is in colour on a terminal only, and not with NO_COLOR or on a dumb one', () => {
    const coloured = (isTTY: boolean, environment = {}) => {
      const { written, output } = captured(false, isTTY, environment)
      output.result([], rows)
      output.warn('mind')
      return (written.stdout + written.stderr).includes('\x1b')
    }
    assert.equal(coloured(true), true)
    assert.equal(coloured(true, { NO_COLOR: '1' }), false)
    assert.equal(coloured(true, { NO_COLOR: '' }), true)
    assert.equal(coloured(true, { TERM: 'dumb' }), false)
    assert.equal(coloured(false), false)
  })

  test('is one JSON value on stdout with --json, whatever was said, also of a failure', () => {
    const { written, output } = captured(true, true)
    output.say('made')
    output.warn('mind')
    output.result({ a: 1 }, { text: 'for people' })
    assert.deepEqual(JSON.parse(written.stdout), { a: 1 })
    const failed = captured(true, true)
    reportFailure(new CommandError('It was refused.', { code: 419 }), failed.output)
    assert.deepEqual(JSON.parse(failed.written.stdout), { error: { message: 'It was refused.', code: 419 } })
    assert.equal(failed.written.stderr, 'It was refused.\n')
  })

  test('lets no name, log or result steer a terminal', () => {
    const steers = (text: string) => ['\x1b', '\x07', '\x9b', '\u202e', '\r'].some((sign) => text.includes(sign))
    const hostile = 'a\x1b]0;title\x07\x9b2J\u202eb\rc'
    assert.equal(printable(hostile), 'a\\x1b]0;title\\x07\\x9b2J\\u202eb\\x0dc')
    assert.equal(printable('line\r\n\tnext'), 'line\n\tnext')
    for (const view of [{ text: hostile }, { heads: ['A'], rows: [[hostile]] }, { facts: { a: hostile } }]) {
      const { written, output } = captured(false, false)
      output.result(hostile, view)
      output.say(hostile)
      assert.equal(steers(written.stdout + written.stderr), false)
    }
    const { written, output } = captured(true, false)
    output.result({ [hostile]: hostile })
    assert.equal(steers(written.stdout), false)
    assert.deepEqual(JSON.parse(written.stdout), { [hostile]: hostile }, 'and programs read the very value')
  })
})

describe('a problem in code', () => {
  test('is shown under its line, also behind tabs', () => {
    const code = 'function valves(req, resp) {\r\n\tvar x\r\n\t\tvar = 1\r\n}'
    assert.equal(
      placeOf({ message: 'Unexpected token', line: 3, column: 6 }, 'valves.js', code),
      [
        'valves.js:3:7 Unexpected token',
        '1 | function valves(req, resp) {',
        '2 | \tvar x',
        '3 | \t\tvar = 1',
        '  | \t\t    ^',
      ].join('\n'),
    )
  })

  test('in one endless line, or behind the end, is named without the line', () => {
    const where = { message: 'Unexpected token', line: 1, column: 900 }
    assert.equal(placeOf(where, '-', 'x'.repeat(1000)), 'stdin:1:901 Unexpected token')
    assert.equal(placeOf({ ...where, line: 9, column: 0 }, 'a.js', 'x'), 'a.js:9:1 Unexpected token')
  })
})
