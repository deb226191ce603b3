import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pino } from 'pino'
import { inTimebank } from '../../../src/db/client.ts'
import { announce, makeWebhooks, type WebhookLine } from '../../../src/modules/webhooks/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import type { WebhookEventType } from '../../../src/shared/webhook-events.ts'
import { type Agency, clientToken, makeAgency } from '../../support/agency.ts'
import { type Client, clientOf, makeStage, ok, setUp, signIn } from '../../support/app.ts'
import { wakeWorkers } from '../../support/jobs.ts'

export const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]

/** The service with a clock and a queue in the test's hand. */
export async function openWorld(
  name: string,
  { line = {}, open = '127.0.0.1/32' }: { line?: WebhookLine; open?: string } = {}
) {
  const lines: string[] = []
  const webhookLine = { timeoutMs: 400, ...line }
  const logger = pino({ level: 'trace' }, { write: (text: string) => void lines.push(text) })
  const stage = await makeStage(name, { privateAddresses: open, webhookLine, logger })
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  await setUp(stage)
  const { rows } = await owner.query('SELECT id FROM timebanks.timebanks')
  const timebankId: string = rows[0].id
  const { sending, tasks } = makeWebhooks({
    database: stage.database,
    privateAddresses: open,
    logger,
    signal: new AbortController().signal,
    line: webhookLine
  })
  const nowMs = () => (stage.clock.now ?? new Date()).getTime()

  /** All that is due has been done by the stage's own workers. */
  async function settled(): Promise<void> {
    for (let look = 0; look < 2000; look += 1) {
      const { rows } = await owner.query(
        "SELECT count(*)::int AS left FROM graphile_worker.jobs WHERE task_identifier LIKE 'webhooks.%' AND run_at <= now()"
      )
      if (rows[0].left === 0) return
      if (look % 50 === 0) await wakeWorkers((text) => owner.query(text))
      await sleep(5)
    }
    throw new Error('jobs of the webhooks are left')
  }

  return {
    stage,
    owner,
    timebankId,
    lines,
    tasks,
    sending,
    settled,
    admin: () => signIn(stage, 'rivertown', 'admin@rivertown.example.org'),
    /** So much later, with everything done that was due by then; the clock stands still from there on. */
    later: async (ms: number): Promise<void> => {
      stage.clock.now = new Date(nowMs() + ms)
      await owner.query(
        "UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL AND task_id IN (SELECT id FROM graphile_worker._private_tasks WHERE identifier LIKE 'webhooks.%')"
      )
      await settled()
    },
    sweep: async () => {
      await tasks['webhooks.sweep']!({})
      await settled()
    },
    /** By default as many events as subjects, in one transaction. */
    tell: async (
      { organisationId }: { organisationId: string },
      count = 1,
      type: WebhookEventType = 'service_request.changed'
    ) => {
      const subjects = Array.from({ length: count }, () => randomUUID())
      await inTimebank(stage.database, timebankId, systemActor, (tx) =>
        announce(
          tx,
          subjects.map((id) => ({ organisationId, type, subject: { type: type.split('.')[0]!, id } }))
        )
      )
      return subjects
    },
    close: async () => {
      await owner.end()
      await stage.close()
    }
  }
}

export type World = Awaited<ReturnType<typeof openWorld>>

/** An agency whose client has a fresh token for each call, as tokens end long before three days. */
export async function agencyIn(world: World, options: Parameters<typeof makeAgency>[2] = {}): Promise<Agency> {
  const { stage } = world
  const agency = await makeAgency(stage, await world.admin(), options)
  const fresh = async (): Promise<Client> =>
    clientOf(stage.app, 'rivertown', await clientToken(stage, agency.clientId, agency.clientSecret))
  return {
    ...agency,
    client: {
      ...agency.client,
      call: async (...given) => (await fresh()).call(...given),
      get: async (...given) => (await fresh()).get(...given),
      post: async (...given) => (await fresh()).post(...given),
      patch: async (...given) => (await fresh()).patch(...given),
      put: async (...given) => (await fresh()).put(...given)
    }
  }
}

/** An endpoint of the agency at an address, verified unless it does not answer. */
export async function endpointAt(world: World, agency: Agency, url: string, more: object = {}) {
  const made = ok(await agency.client.post('webhook-endpoints', { url, ...more }), 201)
  await world.settled()
  const where = `webhook-endpoints/${made.id}`
  return {
    id: made.id as string,
    secret: made.secret as string,
    where,
    read: async () => ok(await agency.client.get(where)),
    deliveries: async (state?: string) =>
      ok(await agency.client.get(`${where}/deliveries?limit=200${state ? `&state=${state}` : ''}`)).items
  }
}
