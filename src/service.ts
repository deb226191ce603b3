import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { type Logger, pino } from 'pino'
import { type App, buildApp, onWithdrawal } from './app.ts'
import type { Config } from './config.ts'
import { connect, type Database } from './db/client.ts'
import { startEmbedded } from './db/embedded.ts'
import { databaseError, loggable } from './db/errors.ts'
import { migrate } from './db/migrate.ts'
import { platformCron, platformTasks } from './http/index.ts'
import { type Jobs, startJobs } from './jobs.ts'
import { circlesCron, circlesTasks } from './modules/circles/index.ts'
import { clearingCron, clearingTasks } from './modules/clearing/index.ts'
import { consentsCron, consentsTasks } from './modules/consents/index.ts'
import { conversationsCron, conversationsTasks } from './modules/conversations/index.ts'
import { sandboxTasks } from './modules/demo/index.ts'
import { exchangesCron, exchangesTasks } from './modules/exchanges/index.ts'
import { followUpsCron, followUpsTasks } from './modules/follow-ups/index.ts'
import {
  ensureSetupCode,
  ensureSigningKey,
  identityCron,
  identityTasks,
  makeIdentity,
  sealer,
  sealKeys
} from './modules/identity/index.ts'
import { ledgerCron, ledgerTasks, makePostingQueue } from './modules/ledger/index.ts'
import { listingsCron, listingsTasks } from './modules/listings/index.ts'
import { makeMailer } from './modules/mail/index.ts'
import { mailingsCron, mailingsTasks } from './modules/mailings/index.ts'
import { matchingCron, matchingTasks } from './modules/matching/index.ts'
import { noticesCron, noticesTasks } from './modules/notices/index.ts'
import { scheduleCron, scheduleTasks } from './modules/schedule/index.ts'
import { serviceRequestsCron, serviceRequestsTasks } from './modules/service-requests/index.ts'
import { supportersCron, supportersTasks } from './modules/supporters/index.ts'
import { everyTimebank } from './modules/timebanks/index.ts'
import { transfersCron, transfersTasks } from './modules/transfers/index.ts'
import { makeWebhooks, type WebhookLine, webhooksCron } from './modules/webhooks/index.ts'

/** Where the database is: the address with the owner's rights, and how to let it go. */
export type Ground = { ownerUrl: string; embedded: boolean; release(): Promise<void> }

/** The configured PostgreSQL, or the bundled one in the data folder; migrated. */
export async function openGround(config: Config, notice: (text: string) => void): Promise<Ground> {
  if (config.DATABASE_URL) {
    await migrate(config.DATABASE_URL).catch((error) => {
      throw new Error(`DATABASE_URL cannot be used: ${reasonOf(error)}`)
    })
    return { ownerUrl: config.DATABASE_URL, embedded: false, release: async () => {} }
  }
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 })
  const start = () => startEmbedded({ dataDir: path.join(config.dataFolder, 'postgres'), onNotice: notice })
  let server = await start()
  try {
    await migrate(server.url)
  } catch (error) {
    await server.stop()
    throw error
  }
  // a database server that was killed is started again under the running service, whose pool finds it at the same address
  let reviving: Promise<void> | undefined
  const watch = setInterval(() => {
    if (reviving || isAlive(server.pid)) return
    notice('the database server is gone and is started again')
    reviving = server
      .stop()
      .then(async () => {
        server = await start()
      })
      .catch((error: Error) => notice(`the database server does not start: ${error.message}`))
      .finally(() => {
        reviving = undefined
      })
  }, 500)
  return {
    ownerUrl: server.url,
    embedded: true,
    release: async () => {
      clearInterval(watch)
      await reviving
      await server.stop()
    }
  }
}

/** In words that name no password: those that a wrong address, user or right brings about. */
function reasonOf(error: unknown): string {
  const code = String(databaseError(error)?.code ?? (error as { code?: unknown }).code ?? '')
  if (code.startsWith('28')) return 'the user or the password is wrong'
  if (code === '3D000') return 'there is no such database'
  if (code === '42501') return 'the user may not do what the migrations need (see README, Database)'
  if (['ECONNREFUSED', 'ENOTFOUND', 'ENOENT', 'ETIMEDOUT', 'EAI_AGAIN'].includes(code))
    return `no server answers there (${code})`
  return JSON.stringify(loggable(error))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** How long requests under way are given to finish when the service ends: less than what supervisors allow (10 s). */
const drainMs = 8000

export type Service = { app: App; database: Database; setupCode: string | null; stop(): Promise<void> }

/**
 * Receivers of webhooks are waited for by workers of their own, so that those that are slow hold up no mail. They look
 * seldom, as there are many of them; what can be sent is told to them.
 */
const receivers = { concurrency: 12, pollMs: 5000 }

/** Everything above the database, ready to listen. */
export async function makeService(
  options: Pick<
    Config,
    | 'publicUrl'
    | 'dataFolder'
    | 'SMTP_URL'
    | 'MAIL_FROM'
    | 'DATABASE_POOL'
    | 'POSTING_QUEUE'
    | 'RATE_LIMIT'
    | 'CORS_ORIGINS'
    | 'TRUST_PROXY'
    | 'WEBHOOK_PRIVATE_ADDRESSES'
  > & {
    ownerUrl: string
    logger?: Logger
    clock?: () => Date
    /** other than usual, for tests */
    webhookLine?: WebhookLine
  }
): Promise<Service> {
  const { ownerUrl, logger = pino({ level: 'silent' }), publicUrl } = options
  const database = connect({
    url: ownerUrl,
    max: options.DATABASE_POOL,
    onError: (error) => logger.warn({ message: error.message }, 'a connection to the database was lost'),
    ...(options.clock ? { clock: options.clock } : {})
  })
  await ensureSigningKey(database)
  const setupCode = await ensureSetupCode(database)
  const identity = makeIdentity({ database, issuer: publicUrl })
  const mailer = makeMailer({
    smtpUrl: options.SMTP_URL,
    from: options.MAIL_FROM,
    logFile: path.join(options.dataFolder, 'mail.log')
  })
  const postings = makePostingQueue(database, { perTimebank: options.POSTING_QUEUE === 'per-timebank' })
  const ending = new AbortController()
  const webhooks = makeWebhooks({
    database,
    privateAddresses: options.WEBHOOK_PRIVATE_ADDRESSES,
    logger,
    signal: ending.signal,
    line: options.webhookLine
  })
  const app = await buildApp({
    database,
    postings,
    identity,
    webhooks,
    publicUrl,
    rateLimit: options.RATE_LIMIT,
    corsOrigins: options.CORS_ORIGINS.split(',')
      .map((origin) => origin.trim())
      .filter(Boolean),
    trustProxy: options.TRUST_PROXY === 'true' || (options.TRUST_PROXY ?? false),
    logger
  })
  const jobs: Jobs = await startJobs({
    ownerUrl,
    tasks: {
      ...identityTasks({ database, mailer, publicUrl }),
      ...listingsTasks(database),
      ...supportersTasks(database),
      ...consentsTasks(database, onWithdrawal),
      ...exchangesTasks(database),
      ...scheduleTasks(database),
      ...serviceRequestsTasks(database),
      ...conversationsTasks(database),
      ...followUpsTasks(database),
      ...transfersTasks(database),
      ...clearingTasks(database),
      ...circlesTasks(database, ending.signal),
      ...matchingTasks(database),
      ...noticesTasks(database),
      ...mailingsTasks({ database, mailer, publicUrl }),
      ...sandboxTasks(database),
      ...ledgerTasks({
        database,
        timebanks: async () => (await everyTimebank(database)).map(({ id }) => id),
        sealer: () => sealer(database),
        sealKeys: () => sealKeys(database)
      }),
      ...webhooks.tasks,
      ...platformTasks(database)
    },
    cron: [
      ...identityCron,
      ...listingsCron,
      ...supportersCron,
      ...consentsCron,
      ...exchangesCron,
      ...scheduleCron,
      ...serviceRequestsCron,
      ...conversationsCron,
      ...followUpsCron,
      ...transfersCron,
      ...clearingCron,
      ...circlesCron,
      ...matchingCron,
      ...noticesCron,
      ...mailingsCron,
      ...ledgerCron,
      ...webhooksCron,
      ...platformCron
    ],
    logger
  })
  const sending: Jobs = await startJobs({ ownerUrl, tasks: webhooks.sending, ...receivers, logger })
  return {
    app,
    database,
    setupCode,
    // requests first, then jobs, then what both stand on
    stop: async () => {
      // a client that stalls in the middle of an answer must not hold up the end for ever
      const patience = setTimeout(() => app.server.closeAllConnections(), drainMs)
      await app.close()
      clearTimeout(patience)
      await postings.drained()
      ending.abort(new Error('the service ends'))
      await Promise.all([jobs.stop(), sending.stop()])
      mailer.close()
      await database.close()
    }
  }
}
