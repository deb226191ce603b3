import { and, asc, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { audit } from '../audit/index.ts'
import { beganBetween } from '../exchanges/index.ts'
import { currentPolicy, everyTimebank } from '../timebanks/index.ts'
import { conversations, messages, participants, reports } from './tables.ts'

const nightlyTask = 'conversations.nightly'

export const conversationsCron: readonly Cron[] = [{ task: nightlyTask, match: '41 3 * * *' }]

export const conversationsTasks = (database: Database): Tasks => ({
  [nightlyTask]: async () => {
    for (const { id } of await everyTimebank(database)) {
      await inTimebank(database, id, systemActor, noteExchanges)
      for (let after: string | null = null; ; ) {
        const last: string | null = await inTimebank(database, id, systemActor, (tx) => forgetSome(tx, after))
        if (last === null) break
        after = last
      }
    }
  }
})

/** Later than this an exchange hardly is the answer; and who has many exchanges has many to look through. */
const answeredWithinDays = 60

/** Where the two have begun an exchange instead of answering: so that what waits for an answer stays few. */
async function noteExchanges(tx: Tx): Promise<void> {
  const waiting = tx.db
    .select({ id: conversations.id, beganAt: sql<Date>`${beganBetween(conversations)}`.as('began_at') })
    .from(conversations)
    .where(
      and(
        eq(conversations.timebankId, tx.timebankId),
        isNull(conversations.firstReplyAt),
        isNull(conversations.memberId),
        gt(conversations.startedAt, new Date(tx.now.getTime() - answeredWithinDays * 24 * 60 * 60 * 1000))
      )
    )
    .as('waiting')
  await tx.db
    .update(conversations)
    .set({ firstReplyAt: sql`${waiting.beganAt}` })
    .from(waiting)
    .where(
      and(
        eq(conversations.timebankId, tx.timebankId),
        eq(conversations.id, waiting.id),
        isNull(conversations.firstReplyAt),
        sql`${waiting.beganAt} is not null`
      )
    )
}

const atATime = 200

/**
 * Removes what is older than the policy keeps messages, from conversations after one: numbers stay, and unread is counted anew. A
 * conversation of which nothing is left goes as a whole. What an open report shows waits for its end. Gives the last conversation
 * looked at, null: there were no more.
 */
async function forgetSome(tx: Tx, after: string | null): Promise<string | null> {
  const { rules } = await currentPolicy(tx)
  const before = new Date(tx.now)
  before.setUTCFullYear(before.getUTCFullYear() - rules.retentionYears.messages)
  const oldest = sql`(SELECT m.created_at FROM conversations.messages m
    WHERE m.timebank_id = ${conversations.timebankId} AND m.conversation_id = ${conversations.id} ORDER BY m.number LIMIT 1)`
  const reported = sql`EXISTS (SELECT FROM conversations.reports r WHERE r.timebank_id = ${conversations.timebankId}
    AND r.conversation_id = ${conversations.id} AND r.closed_at IS NULL)`
  const due = await tx.db
    .select({ id: conversations.id })
    .from(conversations)
    .where(
      and(
        eq(conversations.timebankId, tx.timebankId),
        after === null ? undefined : gt(conversations.id, after),
        lt(conversations.startedAt, before),
        sql`${oldest} < ${before.toISOString()}::timestamptz`,
        sql`NOT ${reported}`
      )
    )
    .orderBy(asc(conversations.id))
    .limit(atATime)
    .for('no key update')
  if (due.length === 0) return null
  const ids = sql.param(due.map(({ id }) => id))
  await tx.db
    .delete(messages)
    .where(
      and(
        eq(messages.timebankId, tx.timebankId),
        sql`${messages.conversationId} = ANY (${ids}::uuid[])`,
        lt(messages.createdAt, before)
      )
    )
  await tx.db.delete(conversations).where(
    and(
      eq(conversations.timebankId, tx.timebankId),
      sql`${conversations.id} = ANY (${ids}::uuid[])`,
      sql`NOT EXISTS (SELECT FROM conversations.messages m WHERE m.timebank_id = ${conversations.timebankId}
        AND m.conversation_id = ${conversations.id})`
    )
  )
  await tx.db
    .update(participants)
    .set({
      unread: sql`(SELECT count(*) FROM conversations.messages m WHERE m.timebank_id = ${participants.timebankId}
        AND m.conversation_id = ${participants.conversationId} AND m.number > ${participants.readUpTo}
        AND m.author_id <> ${participants.membershipId})`
    })
    .where(
      and(
        eq(participants.timebankId, tx.timebankId),
        sql`${participants.conversationId} = ANY (${ids}::uuid[])`,
        gt(participants.unread, 0)
      )
    )
  return due.at(-1)!.id
}

/** When a member is erased: nothing is left of what they wrote, nor of what was noted about conversations of theirs. */
export async function blankConversationsOf(tx: Tx, membershipId: string): Promise<void> {
  const { rowCount: blanked } = await tx.db
    .update(messages)
    .set({ text: '', erased: true })
    .where(and(eq(messages.timebankId, tx.timebankId), eq(messages.authorId, membershipId), eq(messages.erased, false)))
  await tx.db
    .update(reports)
    .set({ reason: '' })
    .where(and(eq(reports.timebankId, tx.timebankId), eq(reports.reportedBy, membershipId)))
  await tx.db
    .update(reports)
    .set({ note: null })
    .where(
      and(
        eq(reports.timebankId, tx.timebankId),
        sql`${reports.conversationId} IN (SELECT p.conversation_id FROM conversations.participants p
          WHERE p.timebank_id = ${tx.timebankId} AND p.membership_id = ${membershipId})`
      )
    )
  await audit(tx, {
    action: 'membership.messages-blanked',
    subject: { type: 'membership', id: membershipId },
    onBehalfOf: membershipId,
    changes: { messages: blanked ?? 0 }
  })
}
