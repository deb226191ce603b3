import { and, desc, eq, isNotNull, or, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { addJob } from '../../db/jobs.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { type NoticeTopic, noticeTopics } from '../../shared/notice-kinds.ts'
import { audit } from '../audit/index.ts'
import { resolveMember } from '../members/index.ts'
import { currentPolicy, type MailWay, type Policy } from '../timebanks/index.ts'
import { mails, preferences, waiting } from './tables.ts'

export const gatherTask = 'mailings.gather'

type Choices = Partial<Record<NoticeTopic, MailWay>>

/** What a member has chosen, and what stands where they have not. */
export type Preferences = {
  /** topics that are not here follow the policy */
  choices: Choices
  /** of weekly mails; ISO: 1 is Monday */
  digestDay: number
  /** of daily and weekly mails, in the timebank's zone */
  digestHour: number
  /** minutes of the day in the timebank's zone, between which nothing is mailed at once */
  quiet: { from: number; to: number } | null
  /** whether the text of a message stands in the mail that tells of it */
  messageTexts: boolean
}

export type KeptPreferences = Preferences & {
  membershipId: string
  /** 0: nothing was ever chosen */
  rowVersion: number
}

/** As `mailings.with_mail` has them too. */
const standard: Preferences = { choices: {}, digestDay: 1, digestHour: 8, quiet: null, messageTexts: false }

const ofMember = (tx: Tx, membershipId: string) =>
  and(eq(preferences.timebankId, tx.timebankId), eq(preferences.membershipId, membershipId))

export async function preferencesOf(tx: Tx, membershipId: string): Promise<KeptPreferences> {
  const [row] = await tx.db.select().from(preferences).where(ofMember(tx, membershipId))
  if (!row) return { ...standard, membershipId, rowVersion: 0 }
  const { quietFrom, quietTo, choices, digestDay, digestHour, messageTexts, rowVersion } = row
  return {
    membershipId,
    choices: choices as Choices,
    digestDay,
    digestHour,
    quiet: quietFrom === null || quietTo === null ? null : { from: quietFrom, to: quietTo },
    messageTexts,
    rowVersion
  }
}

/** A mail that the mail server has refused for good, and with which code. */
export type Undelivered = { at: Date; code: number }

/** The newest mail to them, where it was refused for good: a wrong address, or a full box. */
export async function undeliveredTo(tx: Tx, membershipId: string): Promise<Undelivered | null> {
  const [last] = await tx.db
    .select({ at: mails.madeAt, refused: mails.refused })
    .from(mails)
    .where(
      and(
        eq(mails.timebankId, tx.timebankId),
        eq(mails.membershipId, membershipId),
        or(isNotNull(mails.sentAt), isNotNull(mails.refused))
      )
    )
    .orderBy(desc(mails.madeAt))
    .limit(1)
  const code = Number(last?.refused ?? Number.NaN)
  return last && Number.isInteger(code) ? { at: last.at, code } : null
}

/** One's own, or as staff a member's; to others they are not there. */
export async function getPreferences(tx: Tx, member: string): Promise<KeptPreferences> {
  return preferencesOf(tx, await ownedBy(tx, member))
}

async function ownedBy(tx: Tx, member: string): Promise<string> {
  const { id } = await resolveMember(tx, member)
  if (id !== tx.actor.membershipId && !isStaff(tx.actor)) throw notFound('member')
  return id
}

/** How a topic is told to them by mail. */
export const wayOf = ({ choices }: Preferences, topic: NoticeTopic, rules: Policy): MailWay =>
  choices[topic] ?? rules.mailDefaults[topic]

/** Replaces what was chosen. What waits to be mailed goes by the new choice. */
export async function choosePreferences(
  tx: Tx,
  member: string,
  chosen: Preferences,
  expected: number
): Promise<KeptPreferences> {
  const membershipId = await ownedBy(tx, member)
  await lockMailingsOf(tx, membershipId)
  const before = await preferencesOf(tx, membershipId)
  if (before.rowVersion !== expected) throw new DomainError('precondition-failed')
  return keep(tx, before, chosen)
}

/** Never again mails of these topics: by the address in a mail, whoever follows it. Again it changes nothing. */
export async function stopTopics(tx: Tx, membershipId: string, topics: readonly NoticeTopic[]): Promise<void> {
  await lockMailingsOf(tx, membershipId)
  const before = await preferencesOf(tx, membershipId)
  if (topics.every((topic) => before.choices[topic] === 'never')) return
  const stopped = Object.fromEntries(topics.map((topic) => [topic, 'never' as const]))
  await keep(tx, before, { ...before, choices: { ...before.choices, ...stopped } })
}

/** Until the transaction ends nobody else chooses for this member or makes a mail to them. */
export async function lockMailingsOf(tx: Tx, membershipId: string): Promise<void> {
  await tx.client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`mailings ${membershipId}`])
}

async function keep(tx: Tx, before: KeptPreferences, chosen: Preferences): Promise<KeptPreferences> {
  const { membershipId } = before
  const { choices, digestDay, digestHour, quiet, messageTexts } = chosen
  const values = { choices, digestDay, digestHour, messageTexts, rowVersion: before.rowVersion + 1 }
  const row = { ...values, quietFrom: quiet?.from ?? null, quietTo: quiet?.to ?? null }
  await tx.db
    .insert(preferences)
    .values({ timebankId: tx.timebankId, membershipId, ...row })
    .onConflictDoUpdate({ target: [preferences.timebankId, preferences.membershipId], set: row })
  await reschedule(tx, membershipId, chosen)
  await audit(tx, {
    action: 'notice-preferences.changed',
    subject: { type: 'membership', id: membershipId },
    onBehalfOf: membershipId,
    changes: changesOf(before, chosen)
  })
  return { ...chosen, membershipId, rowVersion: row.rowVersion }
}

const changesOf = (before: Preferences, after: Preferences): Record<string, unknown> =>
  Object.fromEntries([
    ...noticeTopics.flatMap((topic) =>
      before.choices[topic] === after.choices[topic]
        ? []
        : [[topic, [before.choices[topic] ?? null, after.choices[topic] ?? null]]]
    ),
    ...(['digestDay', 'digestHour', 'quiet', 'messageTexts'] as const).flatMap((name) =>
      JSON.stringify(before[name]) === JSON.stringify(after[name]) ? [] : [[name, [before[name], after[name]]]]
    )
  ])

/** What waits already is due as if it were told now. */
async function reschedule(tx: Tx, membershipId: string, chosen: Preferences): Promise<void> {
  const mine = and(eq(waiting.timebankId, tx.timebankId), eq(waiting.membershipId, membershipId))
  const topics = await tx.db.selectDistinct({ topic: waiting.topic }).from(waiting).where(mine)
  if (topics.length === 0) return
  const { rules } = await currentPolicy(tx)
  let soonest: Date | undefined
  for (const { topic } of topics) {
    const ofTopic = and(mine, eq(waiting.topic, topic))
    const how = wayOf(chosen, topic as NoticeTopic, rules)
    if (how === 'never') await tx.db.delete(waiting).where(ofTopic)
    else {
      const dueAt = await dueAtFor(tx, chosen, how, tx.now, rules)
      await tx.db.update(waiting).set({ how, dueAt }).where(ofTopic)
      if (how === 'at_once') soonest = dueAt
    }
  }
  if (soonest) await addJob(tx.db, gatherTask, { timebank: tx.timebankId, member: membershipId }, { runAt: soonest })
}

/** When something told at `at` is due. */
export async function dueAtFor(
  tx: Tx,
  { digestDay, digestHour, quiet }: Preferences,
  how: MailWay,
  at: Date,
  { timeZone }: Policy
): Promise<Date> {
  const { rows } = await tx.client.query<{ due: Date }>({
    name: 'mailings.due_at',
    text: 'SELECT mailings.due_at($1, $2, $3, $4, $5, $6, $7) AS due',
    values: [how, at, timeZone, digestDay, digestHour, quiet?.from ?? null, quiet?.to ?? null]
  })
  return rows[0]!.due
}

/** When a member leaves, nothing is mailed to them any more. */
export async function stopMailingsTo(tx: Tx, membershipId: string): Promise<void> {
  await lockMailingsOf(tx, membershipId)
  await tx.db.delete(waiting).where(and(eq(waiting.timebankId, tx.timebankId), eq(waiting.membershipId, membershipId)))
}

/** When a member is erased: neither what they chose nor which mails there were. */
export async function removeMailingsOf(tx: Tx, membershipId: string): Promise<void> {
  await stopMailingsTo(tx, membershipId)
  await tx.db.delete(preferences).where(ofMember(tx, membershipId))
  await tx.db.execute(
    sql`DELETE FROM mailings.mails WHERE timebank_id = ${tx.timebankId} AND membership_id = ${membershipId}`
  )
}
