/** Callbacks of the SDKs as promises with a bounded wait. Knows no SDK. */
import assert from 'node:assert/strict'

export type Answered = { err: unknown; data: any }

type Start = (callback: (err: unknown, data?: unknown) => void) => unknown

const longestWaitMs = 15_000

/**
 * What the callback was given. Rejects when it is not called in time, and when it is called twice: the Node SDK does that
 * for a success that is not JSON.
 */
export function answered(start: Start): Promise<Answered> {
  return new Promise((resolve, reject) => {
    let calls = 0
    const timer = setTimeout(() => reject(new Error(`no callback within ${longestWaitMs} ms`)), longestWaitMs)
    start((err, data) => {
      calls += 1
      if (calls > 1) return
      clearTimeout(timer)
      setImmediate(() => {
        if (calls === 1) resolve({ err, data })
        else reject(new Error(`the callback was called ${calls} times, first with ${JSON.stringify([err, data])}`))
      })
    })
  })
}

/** The data of a call that must succeed. */
export async function good(start: Start): Promise<any> {
  const { err, data } = await answered(start)
  assert.ok(!err, `the SDK reports an error: ${JSON.stringify(data)}`)
  return data
}

export type Envelope = { error: { id: string; code: number; detail: string }; statusCode: number }

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Checks what the Go and Python clients read of an error; without it the one panics and the other crashes. */
export function demandEnvelope(body: unknown, status?: number): Envelope {
  assert.equal(typeof body, 'object', `an envelope is an object, this is ${JSON.stringify(body)}`)
  const { error, statusCode } = body as Envelope
  assert.match(error.id, uuid)
  assert.equal(typeof error.code, 'number')
  assert.equal(typeof error.detail, 'string')
  assert.notEqual(error.detail, '')
  assert.equal(typeof statusCode, 'number')
  if (status !== undefined) assert.equal(statusCode, status)
  return body as Envelope
}

/** The envelope of a call that must fail: both SDKs hand on the body as text. */
export async function refused(start: Start, status?: number): Promise<Envelope> {
  const { err, data } = await answered(start)
  assert.equal(err, true, `the SDK reports success: ${JSON.stringify(data)}`)
  return demandEnvelope(JSON.parse(data), status)
}
