import { and, asc, eq, lt } from 'drizzle-orm'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { audit } from '../audit/index.ts'
import { exchangeInSql } from '../exchanges/index.ts'
import { insertNotices, noticesJson } from '../notices/index.ts'
import { currentPolicy, everyTimebank } from '../timebanks/index.ts'
import { horizonMs, planSessions } from './planning.ts'
import { arrangements } from './tables.ts'

const planTask = 'schedule.plan'
const remindTask = 'schedule.remind'

/** Nightly what lies ahead; every five minutes who is to be reminded. */
export const scheduleCron: readonly Cron[] = [
  { task: planTask, match: '13 1 * * *' },
  { task: remindTask, match: '*/5 * * * *' }
]

export const scheduleTasks = (database: Database): Tasks => ({
  [planTask]: async () => {
    for (const { id } of await everyTimebank(database)) await planAhead(database, id)
  },
  [remindTask]: async () => {
    for (const { id } of await everyTimebank(database)) await inTimebank(database, id, systemActor, remind)
  }
})

const atATime = 100

/** Each by itself, so that one does not hold up the others; done again, or by two at once, it makes nothing twice. */
async function planAhead(database: Database, timebankId: string): Promise<void> {
  // that of the beginning: what this run has done is not due again when the clock has gone on
  const horizon = new Date(database.clock().getTime() + horizonMs)
  for (;;) {
    const waiting = await inTimebank(database, timebankId, systemActor, async (tx) => {
      const due = await tx.db
        .select()
        .from(arrangements)
        .where(
          and(
            eq(arrangements.timebankId, tx.timebankId),
            eq(arrangements.status, 'active'),
            lt(arrangements.plannedThrough, horizon)
          )
        )
        .orderBy(asc(arrangements.plannedThrough))
        .limit(atATime)
        .for('update')
      for (const arrangement of due) await planSessions(tx, arrangement)
      return due.length === atATime
    })
    if (!waiting) break
  }
  await inTimebank(database, timebankId, systemActor, endFinished)
}

/** What has no session ahead any more has come to its end by itself. */
async function endFinished(tx: Tx): Promise<void> {
  const { rows } = await tx.client.query<{ id: string }>({
    name: 'schedule.end_finished',
    text: `UPDATE schedule.arrangements a SET status = 'ended', closed_at = $2, row_version = row_version + 1
            WHERE a.timebank_id = $1 AND a.status = 'active' AND a.planned_through >= '9999-01-01'
              AND NOT EXISTS (SELECT FROM schedule.sessions s
                               WHERE s.timebank_id = $1 AND s.arrangement_id = a.id AND s.status IN ('planned', 'skipped')
                                 AND s.starts_at + s.minutes * interval '1 minute' > $2)
            RETURNING a.id`,
    values: [tx.timebankId, tx.now.toISOString()]
  })
  await audit(tx, ...rows.map(({ id }) => ({ action: 'arrangement.ended', subject: { type: 'arrangement', id } })))
}

/** An appointment reminds of what both sides have agreed to. */
const agreed = ['agreed', 'awaiting_risk', 'awaiting_vetting', 'awaiting_guardian', 'ready']

/**
 * Tells everybody who is expected somewhere within the hours of the policy, each once for each time: what is due is marked and
 * told in one transaction, and of two workers the second finds it marked.
 */
async function remind(tx: Tx): Promise<void> {
  const { reminderHours } = (await currentPolicy(tx)).rules
  if (reminderHours === 0) return
  const { rows } = await tx.client.query<{ memberId: string; subject: 'session' | 'appointment'; subjectId: string }>({
    name: 'schedule.remind',
    text: `UPDATE schedule.slots s SET reminded = true
            WHERE s.timebank_id = $1 AND NOT s.reminded AND NOT s.off AND s.starts_at > $2 AND s.starts_at <= $3
              AND (s.subject = 'session' OR ${exchangeInSql('s.timebank_id', 's.subject_id', agreed)})
            RETURNING s.member_id AS "memberId", s.subject, s.subject_id AS "subjectId"`,
    values: [tx.timebankId, tx.now.toISOString(), new Date(tx.now.getTime() + reminderHours * 3_600_000).toISOString()]
  })
  if (rows.length === 0) return
  const told = rows.map(({ memberId, subject, subjectId }) => ({
    membershipId: memberId,
    kind: `${subject}.reminder` as const,
    subjectId
  }))
  await tx.client.query({ name: 'schedule.tell', text: insertNotices('$1'), values: [noticesJson(tx, told)] })
}
