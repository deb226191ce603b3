import { DrizzleQueryError } from 'drizzle-orm/errors'
import { Logger, parseCronItems, run, runOnce, type TaskList } from 'graphile-worker'
import pg from 'pg'
import { databaseError } from './db/errors.ts'
import type { Cron, Task, Tasks } from './db/jobs.ts'

/** As pino has it. */
export type JobLogger = Record<'error' | 'warn' | 'info' | 'debug', (fields: object, message: string) => void>

export type JobsOptions = {
  /** The owner's address: the queue belongs to the owner; the tasks do their work as the service's role. */
  ownerUrl: string
  tasks: Tasks
  cron?: readonly Cron[]
  logger?: JobLogger
  /** Jobs at once; one that waits for somebody else needs a worker all the while. */
  concurrency?: number
  /** How often each worker looks for what has come due meanwhile; what is put in to be done at once is told to it. */
  pollMs?: number
}

export type Jobs = {
  /** Lets running jobs finish. */
  stop(): Promise<void>
}

const usualConcurrency = 2

/** Works through the queue until stopped. Several processes may do so: each job goes to one of them, cron included. */
export async function startJobs(options: JobsOptions): Promise<Jobs> {
  const { concurrency = usualConcurrency, pollMs = 2000 } = options
  const pool = openPool(options)
  try {
    const runner = await run({
      pgPool: pool,
      taskList: taskList(options.tasks),
      parsedCronItems: parseCronItems((options.cron ?? []).map(({ task, match }) => ({ task, match }))),
      concurrency,
      pollInterval: pollMs,
      noHandleSignals: true,
      logger: loggerFor(options.logger)
    })
    // a worker that dies for want of a connection is told in the log; the service goes on
    runner.promise.catch((error) => options.logger?.error(describe(error), 'the job worker has stopped'))
    return {
      stop: async () => {
        await runner.stop().catch(() => {})
        await pool.end()
      }
    }
  } catch (error) {
    await pool.end()
    throw error
  }
}

/** Works through all jobs that are due and returns: for commands and tests. Failed ones stay in the queue for later. */
export async function runJobsOnce(options: JobsOptions): Promise<{ done: number; failed: unknown[] }> {
  const pool = openPool(options)
  const outcome = { done: 0, failed: [] as unknown[] }
  const counted = Object.entries(options.tasks).map(([name, task]): [string, Task] => [
    name,
    async (payload) => {
      try {
        await task(payload)
        outcome.done += 1
      } catch (error) {
        outcome.failed.push(error)
        throw error
      }
    }
  ])
  try {
    await runOnce({
      pgPool: pool,
      taskList: taskList(Object.fromEntries(counted)),
      concurrency: options.concurrency ?? usualConcurrency,
      noHandleSignals: true,
      logger: loggerFor(options.logger)
    })
    return outcome
  } finally {
    await pool.end()
  }
}

function openPool({ ownerUrl, logger, concurrency = usualConcurrency }: JobsOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: ownerUrl,
    max: concurrency + 2,
    application_name: 'commonhours-jobs',
    connectionTimeoutMillis: 10_000,
    keepAlive: true
  })
  const lost = (error: Error) => logger?.warn(describe(error), 'a connection of the job queue was lost')
  pool.on('error', lost)
  // the pool listens to idle connections only
  pool.on('connect', (client) => client.on('error', lost))
  return pool
}

const taskList = (tasks: Tasks): TaskList =>
  Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      async (payload: unknown) => {
        try {
          await task(payload)
        } catch (error) {
          throw withoutData(error)
        }
      }
    ])
  )

/** The queue keeps and logs an error's message, and drizzle puts a query's parameters into it. */
function withoutData(error: unknown): Error {
  const cause = databaseError(error)
  if (!cause && !(error instanceof DrizzleQueryError)) return error instanceof Error ? error : new Error('task failed')
  const where = cause ? [cause.code, cause.constraint].filter(Boolean).join(' ') : 'no connection'
  const safe = new Error(`database error (${where})`)
  const frames = (error as Error).stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? []
  safe.stack = [safe.message, ...frames].join('\n')
  return safe
}

const describe = (error: unknown): object => ({ err: withoutData(error) })

const pinoLevels = { error: 'error', warning: 'warn', info: 'debug', debug: 'debug' } as const

/** The queue's own fields are left out: among them are jobs with their payloads. */
const loggerFor = (logger: JobLogger | undefined): Logger =>
  new Logger((scope) => (level, message) => {
    const { workerId, taskIdentifier, jobId } = scope
    logger?.[pinoLevels[level as keyof typeof pinoLevels] ?? 'debug']({ workerId, taskIdentifier, jobId }, message)
  })
