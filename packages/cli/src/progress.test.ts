/** Answers that come in lines: how far it is, then the result; and a line at a terminal that leaves nothing behind. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Progress } from './api.ts'
import { createOutput } from './output.ts'
import { readStream, showProgress } from './progress.ts'

const answerOf = (...chunks: (string | Uint8Array)[]): Response =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
        controller.close()
      },
    }),
    { headers: { 'content-type': 'application/x-ndjson' } },
  )

async function read(...chunks: (string | Uint8Array)[]) {
  const seen: Progress[] = []
  const answer = await readStream(answerOf(...chunks), (progress) => seen.push(progress))
  return { status: answer.status, body: JSON.parse(answer.text), seen }
}

describe('an answer in lines', () => {
  test('is the last line, however the bytes are cut, and tells how far it is before', async () => {
    const text =
      '{"progress":{"phase":"rows","done":1,"total":3}}\n\n{"progress":{"phase":"users","done":1}}\n{"result":{"é":1}}'
    const bytes = Buffer.from(text)
    const whole = await read(bytes)
    assert.deepEqual(whole, {
      status: 200,
      body: { é: 1 },
      seen: [
        { phase: 'rows', done: 1, total: 3 },
        { phase: 'users', done: 1 },
      ],
    })
    assert.deepEqual(await read(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole)
  })

  test('is an error with its status, which is never one of success', async () => {
    const error = { code: 5001, detail: 'no package' }
    assert.deepEqual(await read(JSON.stringify({ error, statusCode: 400 }), '\n'), {
      ...{ status: 400, body: { error }, seen: [] },
    })
    assert.equal((await read(JSON.stringify({ error, statusCode: 200 }))).status, 500)
  })

  test('that ends before its last line is no answer', async () => {
    await assert.rejects(read('{"progress":{"phase":"rows","done":1}}\n'), { code: 'BrokenOff' })
    await assert.rejects(read(''), { code: 'BrokenOff' })
  })

  test('of progress that is none shows nothing', async () => {
    const odd = ['{"progress":7}', '{"progress":{"phase":"rows"}}', '7', 'null', '{"result":1}'].join('\n')
    assert.deepEqual(await read(odd), { status: 200, body: 1, seen: [] })
  })
})

describe('how far it is', () => {
  const terminal = (isTTY: boolean, json = false, columns = 20) => {
    let text = ''
    const stderr = { isTTY, columns, write: (more: string) => (text += more) }
    const output = createOutput(json, { write: () => {} }, stderr, { NO_COLOR: '1' })
    return { output, text: () => text }
  }

  test('stands in one line at a terminal, which the next word takes away', () => {
    const { output, text } = terminal(true)
    showProgress(output)({ phase: 'rows', done: 1, total: 2 })
    showProgress(output)({ phase: '\x1b[2Jcollections of a stranger', done: 1 })
    output.say('Done.')
    const wipe = '\r\x1b[2K'
    assert.equal(text(), `Rows … 1 of 2${wipe}\\x1b[2Jcollections ${wipe}Done.\n`)
  })

  test('is whole at a terminal that does not know how wide it is', () => {
    const { output, text } = terminal(true, false, 0)
    showProgress(output)({ phase: 'rows', done: 1_000, total: 20_000 })
    assert.equal(text(), 'Rows … 1000 of 20000')
  })

  test('is not written where nobody watches', () => {
    for (const { output, text } of [terminal(false), terminal(true, true)]) {
      showProgress(output)({ phase: 'rows', done: 1, total: 2 })
      output.progress('')
      assert.equal(text(), '')
    }
  })
})
