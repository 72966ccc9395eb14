/** The process of a node: starts it, says where it is, and ends it in order. */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { createApp, setupLink } from './app.ts'
import { createLog } from './base/log.ts'
import { type Config, ConfigError } from './config/config.ts'
import { twilioOrigin } from './domain/sending/twilio.ts'

/** Runs until a signal ends it. Throws ConfigError with one sentence where the node cannot start. */
export async function runNode(config: Config): Promise<void> {
  const log = createLog({ format: config.mode === 'production' ? 'json' : 'readable', level: config.logLevel })
  const app = await startable(config, () => createApp(config, log))
  const url = await startable(config, () => app.listen()).catch(async (error) => {
    await app.close()
    throw error
  })
  // One line that says where the node is, at every log level; among JSON lines it is one of them.
  const ready = `Gatehouse is ready at ${url}`
  console.log(config.mode === 'production' ? JSON.stringify({ level: 30, time: Date.now(), url, msg: ready }) : ready)
  const link = config.edge === undefined ? await setupLink(app.means) : undefined
  if (link !== undefined) console.log(`Make the first developer here, once, within an hour: ${link}`)
  if (config.mode === 'development') {
    console.log('Development mode: loopback only, developer registration is open.')
    console.log(messagesLine(config))
  }
  const stop = (signal: string, code = 0) => {
    log.info(`${signal}: finishing what runs`)
    app.close().then(
      () => process.exit(code),
      (error) => {
        log.error({ err: error }, 'The node did not end in order')
        process.exit(1)
      },
    )
  }
  void app.outdated.then(() => {
    log.error('The node key of this database was turned. Put the new node.key in its place, then start again.')
    stop('Another node key', 1)
  })
  process.once('SIGTERM', () => stop('SIGTERM'))
  process.once('SIGINT', () => stop('SIGINT'))
}

/** Said at start, since it is not what the code of a service says. */
function messagesLine(config: Config): string {
  const route = config.routes.find(({ from }) => from === twilioOrigin)
  return route === undefined
    ? `Messages: what services send to ${twilioOrigin} goes to the inbox of their system and to nobody's phone, unless its messages_to says provider. Read it with: gatehouse inbox`
    : `Messages: what services send to ${twilioOrigin} goes to ${route.to}, by --route.`
}

/** Failures of a start that an operator can mend become one sentence. */
async function startable<T>(config: Config, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    if (error instanceof ConfigError) throw error
    if (error instanceof GatehouseError)
      throw new ConfigError(error.hint === undefined ? error.detail : `${error.detail} ${error.hint}`)
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new ConfigError(
        `The port ${config.port} on ${config.host} is taken by another program. Choose another with --port, or 0 for any.`,
      )
    }
    if (code === 'EACCES')
      throw new ConfigError(`This user may not listen on port ${config.port}. Choose one above 1023 with --port.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ConfigError(`--host ${config.host} is no address of this machine.`)
    throw error
  }
}
