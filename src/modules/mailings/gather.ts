import { and, asc, desc, eq, gt, inArray, lte } from 'drizzle-orm'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import { addJob } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { dayMs } from '../../shared/clock.ts'
import { newId } from '../../shared/ids.ts'
import type { NoticeTopic } from '../../shared/notice-kinds.ts'
import { findMembership, type Membership } from '../members/index.ts'
import { findNotices } from '../notices/index.ts'
import { currentPolicy, everyTimebank, getTimebank, type Policy } from '../timebanks/index.ts'
import { dueAtFor, type KeptPreferences, lockMailingsOf, preferencesOf, wayOf } from './preferences.ts'
import { mails, waiting } from './tables.ts'

export const sendTask = 'mailings.send'

/** The queue goes by the database's clock, and the service by its own: a job that runs a moment early does its work. */
const toleranceMs = 60_000

/** Who is sent mails at all. Brokers speak to those who have no address. */
export const isReached = (member: Membership | null): member is Membership & { email: string } =>
  member !== null && member.email !== null && (member.status === 'active' || member.status === 'paused')

/**
 * Makes one mail of all that is due for a member and puts its sending into the queue, in one transaction; gives its id, or null
 * where there is nothing to mail. What has been read meanwhile, or is not wanted any more, is left out. Of two at once the
 * second finds nothing. Beyond the most mails of the policy, all waits for the next daily mail that fits.
 */
export async function gather(tx: Tx, membershipId: string): Promise<string | null> {
  await lockMailingsOf(tx, membershipId)
  const due = await tx.db
    .select({ noticeId: waiting.noticeId, topic: waiting.topic })
    .from(waiting)
    .where(dueFor(tx, membershipId))
    .orderBy(asc(waiting.noticeId))
  if (due.length === 0) return null
  const { rules } = await currentPolicy(tx)
  const chosen = await preferencesOf(tx, membershipId)
  const told = await worthMailing(tx, membershipId, due, chosen, rules)
  if (told.length > 0) {
    const room = await roomFrom(tx, membershipId, rules.mailsPerWeek)
    if (room) {
      const dueAt = await dueAtFor(tx, chosen, 'daily', room, rules)
      await tx.db
        .update(waiting)
        .set({ dueAt })
        .where(these(tx, membershipId, due))
      return null
    }
  }
  await tx.db.delete(waiting).where(these(tx, membershipId, due))
  if (told.length === 0) return null
  const id = newId()
  await tx.db.insert(mails).values({
    timebankId: tx.timebankId,
    id,
    membershipId,
    noticeIds: told.map(({ noticeId }) => noticeId),
    topics: [...new Set(told.map(({ topic }) => topic))],
    madeAt: tx.now
  })
  await addJob(tx.db, sendTask, { timebank: tx.timebankId, mail: id })
  return id
}

type Due = { noticeId: string; topic: string }

const dueFor = (tx: Tx, membershipId: string) =>
  and(
    eq(waiting.timebankId, tx.timebankId),
    eq(waiting.membershipId, membershipId),
    lte(waiting.dueAt, new Date(tx.now.getTime() + toleranceMs))
  )

const these = (tx: Tx, membershipId: string, due: readonly Due[]) =>
  and(
    eq(waiting.timebankId, tx.timebankId),
    eq(waiting.membershipId, membershipId),
    inArray(
      waiting.noticeId,
      due.map(({ noticeId }) => noticeId)
    )
  )

async function worthMailing(
  tx: Tx,
  membershipId: string,
  due: readonly Due[],
  chosen: KeptPreferences,
  rules: Policy
): Promise<Due[]> {
  // nobody is behind an address of a sandbox
  if ((await getTimebank(tx)).sandbox || !isReached(await findMembership(tx, membershipId))) return []
  const found = await findNotices(
    tx,
    membershipId,
    due.map(({ noticeId }) => noticeId)
  )
  const unread = new Set(found.flatMap(({ id, readAt }) => (readAt === null ? [id] : [])))
  return due.filter(
    ({ noticeId, topic }) => unread.has(noticeId) && wayOf(chosen, topic as NoticeTopic, rules) !== 'never'
  )
}

/** Null where one more mail is within the most of seven days; otherwise the instant from which it is. */
async function roomFrom(tx: Tx, membershipId: string, most: number): Promise<Date | null> {
  const [last] = await tx.db
    .select({ madeAt: mails.madeAt })
    .from(mails)
    .where(
      and(
        eq(mails.timebankId, tx.timebankId),
        eq(mails.membershipId, membershipId),
        gt(mails.madeAt, new Date(tx.now.getTime() - 7 * dayMs))
      )
    )
    .orderBy(desc(mails.madeAt))
    .limit(1)
    .offset(most - 1)
  return last ? new Date(last.madeAt.getTime() + 7 * dayMs) : null
}

/** How many notices are looked up at a time. */
const batch = 500

type DuePlace = { dueAt: string; member: string }

/**
 * Makes the mails of everybody for whom something is due, in all timebanks: digests, and what was to be told at once and has
 * no job any more. Each member in a transaction of their own, so that one who fails holds up no other. Several may do so at
 * once.
 */
export async function gatherAllDue(database: Database): Promise<void> {
  const failures: unknown[] = []
  for (const { id } of await everyTimebank(database)) {
    let after: DuePlace | null = null
    do {
      const places: DuePlace[] = await inTimebank(database, id, systemActor, (tx) => nextDue(tx, after), {
        readOnly: true
      })
      for (const member of new Set(places.map((place) => place.member)))
        await inTimebank(database, id, systemActor, (tx) => gather(tx, member)).catch((error) => failures.push(error))
      after = places.length < batch ? null : places.at(-1)!
    } while (after)
  }
  if (failures.length > 0) throw failures[0]
}

/** In the order of an index: it reads what is due, and nothing else. */
async function nextDue(tx: Tx, after: DuePlace | null): Promise<DuePlace[]> {
  const { rows } = await tx.client.query<DuePlace>({
    name: 'mailings.next_due',
    text: `SELECT due_at::text AS "dueAt", membership_id AS member FROM mailings.waiting
            WHERE timebank_id = $1 AND due_at <= $2 AND (due_at, membership_id) > ($3::timestamptz, $4::uuid)
            ORDER BY due_at, membership_id LIMIT ${batch}`,
    values: [tx.timebankId, tx.now, after?.dueAt ?? '-infinity', after?.member ?? lowestId]
  })
  return rows
}

const lowestId = '00000000-0000-0000-0000-000000000000'
