'use strict'

/**
 * Started once per kind of walls, to see whether an engine process could live behind them: loads the isolate's addon,
 * says so on fd 3, and ends.
 */

const { openChannel } = require('./frames.cjs')

process.dlopen({ exports: {} }, /** @type {string} */ (process.argv[2]))
openChannel(3, 1000).send({ t: 'ready' })
