import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { runJobsOnce } from '../../../src/jobs.ts'
import { makeMailer } from '../../../src/modules/mail/index.ts'
import { mailingsTasks } from '../../../src/modules/mailings/index.ts'
import { type Client, type Stage, signIn } from '../../support/app.ts'
import { startMailServer } from '../mail/server.ts'

export const publicUrl = 'https://commonhours.test'
export const from = 'Commonhours <post@commonhours.test>'

export type Post = Awaited<ReturnType<typeof openPost>>

/** A mail server, and the clock and the queue in the test's hand. The stage sends to the same server. */
export async function openPost(options: Parameters<typeof startMailServer>[0] = {}) {
  const server = await startMailServer(options)
  const mailer = makeMailer({ smtpUrl: server.url, from, logFile: '/nowhere/mail.log' })
  let owner: pg.Client | undefined
  const sql = async <Row extends object = Record<string, unknown>>(text: string, values: unknown[] = []) =>
    (await owner!.query(text, values)).rows as Row[]
  const tasksOf = (stage: Stage) => mailingsTasks({ database: stage.database, mailer, publicUrl })
  return {
    server,
    sql,
    tasksOf,
    to: (address: string) => server.mails.filter((mail) => mail.to === address),
    open: async (stage: Stage) => {
      owner = new pg.Client({ connectionString: stage.ownerUrl })
      await owner.connect()
    },
    /** So much later: what is in the queue by then has been done, by so many workers at once. */
    later: async (stage: Stage, minutes: number, workers = 1): Promise<unknown[]> => {
      stage.clock.now = new Date((stage.clock.now ?? new Date()).getTime() + minutes * 60_000)
      await sql('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE run_at <= $1', [stage.clock.now])
      const runs = await Promise.all(
        Array.from({ length: workers }, () => runJobsOnce({ ownerUrl: stage.ownerUrl, tasks: tasksOf(stage) }))
      )
      await settled()
      return runs.flatMap(({ failed }) => failed)
    },
    /** The digests' own task, as the cron calls it. */
    digests: (stage: Stage) => tasksOf(stage)['mailings.due']!({}),
    close: async () => {
      await owner?.end()
      mailer.close()
      await server.close()
    }
  }

  /** The stage has a worker of its own, which may have taken some of it. */
  async function settled(): Promise<void> {
    for (let look = 0; look < 200; look += 1) {
      const [row] = await sql<{ left: string }>(
        `SELECT count(*) AS left FROM graphile_worker.jobs
          WHERE task_identifier LIKE 'mailings.%' AND run_at <= now() AND attempts < max_attempts`
      )
      if (Number(row?.left) === 0) return
      await sleep(25)
    }
    throw new Error('jobs of the mailings are left')
  }
}

/** The same caller, signed in anew where the clock has gone on further than a token lasts. */
export async function lasting(stage: Stage, timebank: string, email: string): Promise<Client> {
  const nowMs = () => (stage.clock.now ?? new Date()).getTime()
  let [client, since] = [await signIn(stage, timebank, email), nowMs()]
  const fresh = async (): Promise<Client> => {
    if (Math.abs(nowMs() - since) > 5 * 60_000) [client, since] = [await signIn(stage, timebank, email), nowMs()]
    return client
  }
  return {
    ...client,
    call: async (...given) => (await fresh()).call(...given),
    get: async (...given) => (await fresh()).get(...given),
    post: async (...given) => (await fresh()).post(...given),
    patch: async (...given) => (await fresh()).patch(...given),
    put: async (...given) => (await fresh()).put(...given)
  }
}
