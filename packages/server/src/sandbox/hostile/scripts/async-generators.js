// Closes async generators over thenables that throw, so that the runtime itself catches and hands on.
// ends: answered {"success":true,"value":[]}
// cpu: 3000
// dialect: modern
function service(req, resp) {
  const reached = []
  const look = (thing) => {
    for (let level = thing, i = 0; level && i < 10; level = Object.getPrototypeOf(level), i++) {
      const make = level.constructor
      if (typeof make === 'function' && make.constructor('return this')() !== globalThis) reached.push('another global')
    }
  }
  const deep = () => { deep() }
  const thenable = { get then() { return (done, fail) => { look(done); look(fail); try { deep() } catch (thrown) { look(thrown); fail(thrown) } } } }
  async function* inner() { try { yield 1 } finally { yield* [thenable] } }
  async function* outer() { try { yield* inner() } catch (thrown) { look(thrown) } }
  const turn = async () => {
    const steps = outer()
    await steps.next()
    for (const way of ['return', 'throw', 'next']) await steps[way](thenable).then(look, look)
    await start('echo', { a: 1 }).then(look, look)
    await Promise.race([start('sleep', { ms: 1 }), thenable]).then(look, look)
    try { await { then: (done, fail) => fail(start('echo', {})) } } catch (thrown) { look(await thrown) }
  }
  turn().then(() => resp.success(reached), () => resp.success(reached))
}
