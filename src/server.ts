import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { type Config, readConfig } from './config.ts'
import { databaseError, loggable } from './db/errors.ts'
import { makeDemo } from './modules/demo/index.ts'
import { makeService, openGround } from './service.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const fail = (error: unknown): never => {
  // a database error's own text may hold what people entered
  const text = databaseError(error) || !(error instanceof Error) ? JSON.stringify(loggable(error)) : error.message
  process.stderr.write(`${text}\n`)
  process.exit(1)
}

/** What to do next, in words, at the first start and as long as nobody has set the service up. */
const firstRun = (url: string, code: string): string => `
  Commonhours is ready at ${url}

  Nobody has set it up yet. The first timebank and its admin are made with this one-time code:

      ${code}

  curl -X POST ${url}/v1/setup -H 'content-type: application/json' -d '{
    "code": "${code}",
    "timebank": { "name": "Rivertown Timebank", "slug": "rivertown" },
    "admin": { "name": "Your Name", "email": "you@example.org", "password": "a long pass phrase" } }'

  The reference of all addresses is at ${url}/docs
`

async function main(config: Config, demo: boolean): Promise<void> {
  const logger = pino({ level: config.LOG_LEVEL })
  const ground = await openGround(config, (text) => logger.warn(text))
  const service = await makeService({ ...config, ownerUrl: ground.ownerUrl, logger }).catch(async (error) => {
    await ground.release()
    throw error
  })

  let stopping: Promise<void> | undefined
  const stop = (why: string): Promise<void> => {
    stopping ??= (async () => {
      logger.info({ why }, 'stopping: requests that are under way are finished first')
      await service.stop()
      await ground.release()
    })()
    return stopping
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      stop(signal).then(
        () => process.exit(0),
        (error: Error) => fail(error)
      )
    })

  try {
    const told = demo ? await makeDemo(service.database) : null
    await service.app.listen({ host: config.HOST, port: config.PORT })
    const { port } = service.app.server.address() as AddressInfo
    const url = config.PUBLIC_URL ?? `http://${config.HOST}:${port}`
    if (told) say(told(url))
    else if (service.setupCode) say(firstRun(url, service.setupCode))
    else say(`Commonhours is ready at ${url}`)
  } catch (error) {
    await stop('it could not start')
    throw error
  }
}

try {
  await main(readConfig(process.env), process.argv.includes('--demo'))
} catch (error) {
  fail(error)
}
