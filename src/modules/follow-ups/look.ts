import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { currentPolicy, everyTimebank, today } from '../timebanks/index.ts'
import { causeColumns } from './cause.ts'
import { causes } from './causes.ts'
import { crossedLimit, type FollowUpKind, followUpKinds, kinds, promptKinds, settledItself } from './kinds.ts'

const lookTask = 'follow-ups.look'

export const followUpsCron: readonly Cron[] = [{ task: lookTask, match: '37 * * * *' }]

export const followUpsTasks = (database: Database): Tasks => ({
  [lookTask]: async () => {
    for (const { id } of await everyTimebank(database)) {
      // a transaction for each, so that no kind waits for a slow one
      for (const kind of followUpKinds) await inTimebank(database, id, systemActor, (tx) => look(tx, [kind]))
      await inTimebank(database, id, systemActor, releaseFromGone)
    }
  }
})

/**
 * Kinds that are worth seeing at once are looked for before somebody reads the queue: between two looks nobody sees it. Apart
 * from the reading, which cannot write.
 */
export const lookPromptly = (database: Database, timebankId: string): Promise<void> =>
  inTimebank(database, timebankId, systemActor, (tx) => look(tx, promptKinds))

/**
 * Opens what there is to look after and is not in the queue yet, brings up to date what is in it, and closes what has settled
 * itself; a statement for each kind. Done twice it is as if done once. Two at once take turns, kind by kind; whom it is about is
 * read and not locked.
 */
export async function look(tx: Tx, wanted: readonly FollowUpKind[]): Promise<void> {
  const { rules } = await currentPolicy(tx)
  for (const kind of wanted.toSorted()) {
    await tx.client.query({
      name: 'follow_ups.turn',
      text: "SELECT pg_advisory_xact_lock(hashtextextended('follow-ups/' || $1 || '/' || $2, 0))",
      values: [tx.timebankId, kind]
    })
    const values: unknown[] = [tx.timebankId]
    const value = (given: unknown) => `$${values.push(given)}`
    const cause = (await causes[kind]({ tx, now: tx.now, today: today(tx, rules), rules, value })) ?? nothing
    await tx.client.query({ text: statement(kind, cause, `${value(tx.now)}::timestamptz`), values })
  }
}

const names = Object.keys(causeColumns)
const nothing = `SELECT ${Object.entries(causeColumns)
  .map(([name, type]) => `NULL::${type} AS ${name}`)
  .join(', ')} WHERE false`
const brought = names.filter((name) => name !== 'subject_id')
const list = (columns: readonly string[], of: string) => columns.map((name) => `${of}.${name}`).join(', ')

/**
 * What there is beside what is open, once, and of it what differs. An outcome answers one suggestion for one cause: what began
 * later, or asks for another step, is opened anew. The member's broker looks after it, unless they are one of those whom it is about.
 */
const statement = (name: FollowUpKind, cause: string, now: string): string => {
  const kind = `'${name}'`
  return `
  WITH cause AS MATERIALIZED (${cause}),
  differing AS MATERIALIZED (
    SELECT ${list(names, 'c')}, i.subject_id AS open_id, i.round AS open_round
      FROM cause c
      FULL JOIN (SELECT * FROM follow_ups.items WHERE timebank_id = $1 AND kind = ${kind} AND closed_at IS NULL) i
        ON i.subject_id = c.subject_id
     WHERE (${list(names, 'i')}) IS DISTINCT FROM (${list(names, 'c')})),
  gone AS (
    UPDATE follow_ups.items i SET closed_at = ${now}, outcome = '${settledItself}'
      FROM differing d
     WHERE ${opened(kind)} AND d.subject_id IS NULL),
  changed AS (
    UPDATE follow_ups.items i
       SET ${brought.map((name) => `${name} = d.${name}`).join(', ')},
           snoozed_until = CASE WHEN (i.step, i.since) IS NOT DISTINCT FROM (d.step, d.since) THEN i.snoozed_until END
      FROM differing d
     WHERE ${opened(kind)} AND d.subject_id IS NOT NULL)
  INSERT INTO follow_ups.items (timebank_id, kind, round, opened_at, assignee_id, ${names.join(', ')})
  SELECT $1, ${kind}, coalesce(b.rounds, 0) + 1, ${crossedLimit(name) ? 'd.since' : now},
         CASE WHEN ${!('toNobody' in kinds[name])} AND k.broker_id IS DISTINCT FROM d.member_id AND k.broker_id IS DISTINCT FROM d.other_member_id THEN k.broker_id END,
         ${list(names, 'd')}
    FROM differing d
    CROSS JOIN LATERAL (
      SELECT max(i.round) AS rounds,
             bool_or(i.outcome <> '${settledItself}' AND i.since >= d.since AND i.step = d.step) AS is_answered
        FROM follow_ups.items i
       WHERE i.timebank_id = $1 AND i.kind = ${kind} AND i.subject_id = d.subject_id) b
    CROSS JOIN LATERAL (
      SELECT coalesce(m.broker_id, o.broker_id) AS broker_id
        FROM (SELECT) one
        LEFT JOIN members.memberships m ON m.timebank_id = $1 AND m.id = d.member_id
        LEFT JOIN members.memberships o ON o.timebank_id = $1 AND o.id = d.other_member_id) k
   WHERE d.open_id IS NULL AND b.is_answered IS NOT TRUE
  ON CONFLICT DO NOTHING`
}

const opened = (kind: string): string =>
  `i.timebank_id = $1 AND i.kind = ${kind} AND i.subject_id = d.open_id AND i.round = d.open_round AND i.closed_at IS NULL`

/** Who is no longer an active broker or admin looks after nothing: it goes to nobody in particular. */
async function releaseFromGone(tx: Tx): Promise<void> {
  await tx.client.query({
    name: 'follow_ups.release_from_gone',
    text: `UPDATE follow_ups.items i SET assignee_id = NULL
            WHERE i.timebank_id = $1 AND i.closed_at IS NULL AND i.assignee_id IN (
              SELECT m.id FROM members.memberships m
               WHERE m.timebank_id = $1 AND m.id IN (
                       SELECT a.assignee_id FROM follow_ups.items a
                        WHERE a.timebank_id = $1 AND a.closed_at IS NULL AND a.assignee_id IS NOT NULL)
                 AND (m.status <> 'active' OR NOT m.roles && '{broker,admin}'::text[]))`,
    values: [tx.timebankId]
  })
}
