import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Answer, makeStage, type Stage } from '../support/app.ts'

/** Somebody of the timebank as the script knows them: what they have signed in with, and nothing of the database. */
export type Person = {
  name: string
  /** null: has none, and brokers act for them */
  email: string | null
  memberId: string
  number: number
  accountId: number
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

export type Month = {
  stage: Stage
  slug: string
  /** the clock of the service; only this file moves it */
  now(): Date
  /** moves the clock forward and lets every job that is due by then be done */
  moveTo(instant: string): Promise<void>
  /** somebody who signs in by a mailed link, each time that a session has ended */
  signedIn(name: string, email: string): Promise<Person>
  close(): Promise<void>
}

/** An access token lasts ten minutes. */
const tokenMs = 9 * 60_000

/** A service in a month to come, whose clock the script moves; everything else goes through the API. */
export async function makeMonth(name: string, from: string): Promise<Month> {
  const stage = await makeStage(name)
  const queue = new pg.Client({ connectionString: stage.ownerUrl })
  await queue.connect()
  let now = new Date(from)
  stage.clock.now = now
  let addresses = 0

  /** Jobs that wait for a time which has come by the moved clock are due by the queue's own clock, which nobody moves. */
  const letJobsRun = async (): Promise<void> => {
    for (let rounds = 0; ; rounds += 1) {
      assert.ok(rounds < 3000, 'jobs do not come to an end')
      await queue.query(
        'UPDATE graphile_worker._private_jobs SET run_at = now() WHERE run_at > now() AND run_at <= $1',
        [now]
      )
      const { rows } = await queue.query<{ waiting: number }>(
        `SELECT count(*) AS waiting FROM graphile_worker._private_jobs WHERE run_at <= now() AND attempts < max_attempts`
      )
      if (Number(rows[0]!.waiting) === 0) return
      await sleep(20)
    }
  }

  const crons = async (): Promise<string[]> => {
    const { rows } = await queue.query<{ identifier: string }>(
      'SELECT identifier FROM graphile_worker._private_known_crontabs ORDER BY identifier'
    )
    return rows.map(({ identifier }) => identifier)
  }

  const signedIn = async (who: string, email: string): Promise<Person> => {
    addresses += 1
    const remoteAddress = `10.1.${addresses >> 8}.${addresses & 255}`
    const send = async (method: string, path: string, body: unknown, headers: Record<string, string>) => {
      const response = await stage.app.inject({
        method: method as 'GET',
        url: path.startsWith('/') ? path : `/v1/timebanks/${slug}/${path}`,
        headers,
        remoteAddress,
        ...(body === undefined ? {} : { payload: body as object })
      })
      const isJson = String(response.headers['content-type'] ?? '').includes('json')
      return {
        status: response.statusCode,
        headers: response.headers as Record<string, string>,
        text: response.body,
        body: isJson && response.body !== '' ? JSON.parse(response.body) : undefined
      }
    }
    let token = ''
    let until = 0
    let refreshToken: string | null = null
    const refresh = async (): Promise<void> => {
      let answer = refreshToken === null ? null : await send('POST', '/v1/auth/refresh', { refreshToken }, {})
      if (answer?.status !== 200) {
        await send('POST', '/v1/auth/links', { email }, {})
        await letJobsRun()
        answer = await send('POST', '/v1/auth/links/redeem', { token: lastCode(stage.mailLog, email) }, {})
        assert.equal(answer.status, 200, answer.text)
      }
      token = answer.body.accessToken
      refreshToken = answer.body.refreshToken
      until = now.getTime() + tokenMs
    }
    const call: Person['call'] = async (method, path, body, headers = {}) => {
      if (now.getTime() >= until) await refresh()
      const key = method === 'POST' ? { 'idempotency-key': randomUUID() } : {}
      return send(method, path, body, { authorization: `Bearer ${token}`, ...key, ...headers })
    }
    const me = await call('GET', '/v1/me')
    const { membershipId = '', number = 0 } = me.body.memberships.find((m: { slug: string }) => m.slug === slug) ?? {}
    const mine = membershipId ? await call('GET', 'members/me') : null
    return { name: who, email, memberId: membershipId, number, accountId: mine?.body.accountId ?? 0, call }
  }

  const slug = 'longmead'
  return {
    stage,
    slug,
    now: () => now,
    moveTo: async (instant) => {
      const then = new Date(instant)
      assert.ok(then >= now, `${instant} is over`)
      now = then
      stage.clock.now = now
      for (const task of await crons()) await queue.query('SELECT graphile_worker.add_job($1, job_key := $1)', [task])
      await letJobsRun()
    },
    signedIn,
    close: async () => {
      await queue.end()
      await stage.close()
    }
  }
}

/** The code of the last mail to an address. */
function lastCode(mailLog: string, email: string): string {
  const mails = readFileSync(mailLog, 'utf8').split('\n--- ')
  const last = mails.findLast((mail) => mail.includes(`To: ${email}`))
  return /#token=(\S+)/.exec(last ?? '')?.[1] ?? ''
}
