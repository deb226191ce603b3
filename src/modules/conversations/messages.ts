import { and, desc, eq, gt, gte, lt, ne, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import { beganBetween } from '../exchanges/index.ts'
import { findMembership, partiesOf } from '../members/index.ts'
import { addNotices, holdUnread, insertNotices, markKnown, noticesJson } from '../notices/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { getConversation, lockConversation } from './conversations.ts'
import {
  type Conversation,
  isBroker,
  type Message,
  newParticipant,
  type Own,
  type Participant,
  peopleIn,
  peopleOf,
  todayHere
} from './people.ts'
import { conversations, messages, participants } from './tables.ts'

/** Who has left is told nothing more. */
const here: readonly string[] = ['active', 'paused', 'suspended']

const hourMs = 60 * 60 * 1000

/** One more message in a conversation that the caller takes part in. */
export async function postMessage(tx: Tx, id: string, text: string): Promise<{ own: Own; message: Message }> {
  return say(tx, await lockConversation(tx, id), text)
}

/** The same in one that is locked. */
export async function say(tx: Tx, own: Own, text: string): Promise<{ own: Own; message: Message }> {
  await refuseFlood(tx)
  const { conversation } = own
  const day = await todayHere(tx)
  const people = await peopleOf(tx, conversation, day)
  const activity = newId()
  const rows = await withNewcomers(tx, own, people, activity)
  // of an organisation's people those who act for it now
  const others = rows.filter(
    (row) => row.membershipId !== own.me.membershipId && (row.organisationId === null || people.has(row.membershipId))
  )
  const present = await stillHere(tx, others)
  // a broker who was added is not whom it is written to
  if (!present.some(({ side }) => side !== 'broker' && side !== own.me.side)) throw new DomainError('nobody-there')
  const number = conversation.messages + 1
  const isReply = conversation.firstReplyAt === null && own.me.side === 'asked'
  const [changed] = await tx.db
    .update(conversations)
    .set({
      messages: number,
      lastMessageAt: tx.now,
      // an exchange that the two have begun meanwhile was a reply already
      ...(isReply
        ? { firstReplyAt: sql`coalesce(${beganBetween(conversations)}, ${tx.now.toISOString()}::timestamptz)` }
        : {})
    })
    .where(and(eq(conversations.timebankId, tx.timebankId), eq(conversations.id, conversation.id)))
    .returning()
  const [message] = await tx.db
    .insert(messages)
    .values({
      timebankId: tx.timebankId,
      conversationId: conversation.id,
      number,
      authorId: own.me.membershipId,
      text,
      source: tx.actor.source,
      createdAt: tx.now
    })
    .returning()
  const me = { ...own.me, wrote: true, activity }
  await tx.db
    .update(participants)
    .set({
      activity,
      unread: sql`${participants.unread} + (${participants.membershipId} <> ${me.membershipId})::integer`,
      wrote: sql`${participants.wrote} or ${participants.membershipId} = ${me.membershipId}`
    })
    .where(ofConversation(tx, conversation.id))
  await tell(tx, conversation.id, present)
  return { own: { conversation: changed!, me }, message: message! }
}

const ofConversation = (tx: Tx, id: string) =>
  and(eq(participants.timebankId, tx.timebankId), eq(participants.conversationId, id))

/** All rows of a conversation, with those who have begun to act for a side since the last message. */
async function withNewcomers(
  tx: Tx,
  { conversation, me }: Own,
  people: Awaited<ReturnType<typeof peopleOf>>,
  activity: string
): Promise<Participant[]> {
  const rows = await peopleIn(tx, conversation.id)
  const known = new Set(rows.map(({ membershipId }) => membershipId))
  const newcomers = [...people]
    .filter(([membershipId]) => !known.has(membershipId))
    .map(([membershipId, as]) => newParticipant(conversation, membershipId, as, activity))
  if (newcomers.length > 0) await tx.db.insert(participants).values(newcomers)
  return [...rows, ...newcomers].map((row) => (row.membershipId === me.membershipId ? me : row))
}

async function stillHere(tx: Tx, people: readonly Participant[]): Promise<Participant[]> {
  const ids = people.map(({ membershipId }) => membershipId)
  const parties = await partiesOf(tx, ids, [])
  const present: Participant[] = []
  for (const person of people) {
    if (!here.includes(parties.member(person.membershipId).status)) continue
    // a broker takes part while they are one
    if (person.side === 'broker' && !isBroker(await findMembership(tx, person.membershipId))) continue
    present.push(person)
  }
  return present
}

/** Tells some who take part of something about a conversation that is no message, but not who did it. */
export async function notify(
  tx: Tx,
  conversationId: string,
  people: readonly Participant[],
  kind: NoticeKind
): Promise<void> {
  const present = await stillHere(tx, people)
  const told = present.filter(({ membershipId }) => membershipId !== tx.actor.membershipId)
  await addNotices(
    tx,
    told.map(({ membershipId }) => ({ membershipId, kind, subjectId: conversationId }))
  )
}

/** One unread notice for each conversation, however many messages wait in it; none where it is muted. */
async function tell(tx: Tx, conversationId: string, others: readonly Participant[]): Promise<void> {
  const heard = others.filter(({ muted }) => !muted)
  const standing = await holdUnread(
    tx,
    heard.flatMap(({ membershipId, noticeId }) => (noticeId === null ? [] : [{ membershipId, id: noticeId }]))
  )
  const due = heard.filter(({ noticeId }) => noticeId === null || !standing.has(noticeId))
  if (due.length === 0) return
  const told = due.map(({ membershipId }) => ({
    membershipId,
    id: newId(),
    kind: 'conversation.message' as const,
    subjectId: conversationId
  }))
  await tx.client.query({
    name: 'conversations.tell',
    text: `WITH told AS (${insertNotices('$1')})
           UPDATE conversations.participants p SET notice_id = r.notice_id
             FROM unnest($4::uuid[], $5::uuid[]) AS r (membership_id, notice_id)
            WHERE p.timebank_id = $2 AND p.conversation_id = $3 AND p.membership_id = r.membership_id`,
    values: [
      noticesJson(tx, told),
      tx.timebankId,
      conversationId,
      told.map(({ membershipId }) => membershipId),
      told.map(({ id }) => id)
    ]
  })
}

/** A gentle limit: nobody who writes by hand comes near it. */
async function refuseFlood(tx: Tx): Promise<void> {
  const { rules } = await currentPolicy(tx)
  const since = new Date(tx.now.getTime() - hourMs)
  // of as many as an hour may have the oldest: when it is an hour old, there is room again
  const [oldest] = await tx.db
    .select({ createdAt: messages.createdAt })
    .from(messages)
    .where(
      and(
        eq(messages.timebankId, tx.timebankId),
        eq(messages.authorId, tx.actor.membershipId!),
        gt(messages.createdAt, since)
      )
    )
    .orderBy(desc(messages.createdAt))
    .offset(rules.messagesPerHour - 1)
    .limit(1)
  if (!oldest) return
  throw new DomainError('rate-limited', `At most ${rules.messagesPerHour} messages an hour.`, {
    retryAfterSeconds: Math.max(1, Math.ceil((oldest.createdAt.getTime() - since.getTime()) / 1000))
  })
}

/** Newest first; `before` is the number of the last one seen. One more than `limit` where there are more. */
export async function listMessages(
  tx: Tx,
  id: string,
  before: number | null,
  limit: number
): Promise<{ own: Own; found: Message[] }> {
  const own = await getConversation(tx, id)
  return { own, found: await messagesOf(tx, own.conversation, own.me.fromNumber, before, limit) }
}

export function messagesOf(
  tx: Tx,
  { id }: Pick<Conversation, 'id'>,
  from: number,
  before: number | null,
  limit: number
): Promise<Message[]> {
  return tx.db
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.timebankId, tx.timebankId),
        eq(messages.conversationId, id),
        gte(messages.number, from),
        before === null ? undefined : lt(messages.number, before)
      )
    )
    .orderBy(desc(messages.number))
    .limit(limit + 1)
}

/** Notes how far the caller has read; backwards makes messages unread again. Its notice counts as read when all is. */
export async function markReadUpTo(tx: Tx, id: string, upTo: number): Promise<Own> {
  const own = await lockConversation(tx, id)
  const { conversation, me } = own
  const readUpTo = Math.min(Math.max(upTo, me.fromNumber - 1), conversation.messages)
  const unread = await unreadAfter(tx, conversation.id, me.membershipId, readUpTo)
  if (unread === 0 && me.noticeId !== null) await markKnown(tx, me.membershipId, [me.noticeId])
  return { conversation, me: await keep(tx, { ...me, readUpTo, unread }) }
}

/** Messages of others after a mark. */
export async function unreadAfter(tx: Tx, conversationId: string, membershipId: string, mark: number): Promise<number> {
  return tx.db.$count(
    messages,
    and(
      eq(messages.timebankId, tx.timebankId),
      eq(messages.conversationId, conversationId),
      gt(messages.number, mark),
      ne(messages.authorId, membershipId)
    )
  )
}

/** No more notices of a conversation, and none of it in the inbox; or again. */
export async function mute(tx: Tx, id: string, muted: boolean): Promise<Own> {
  const { conversation, me } = await lockConversation(tx, id)
  if (muted && me.noticeId !== null) await markKnown(tx, me.membershipId, [me.noticeId])
  return { conversation, me: await keep(tx, { ...me, muted }) }
}

/** Who acts for an organisation may have no row yet. */
async function keep(tx: Tx, me: Participant): Promise<Participant> {
  const { readUpTo, unread, muted } = me
  const [row] = await tx.db
    .insert(participants)
    .values(me)
    .onConflictDoUpdate({
      target: [participants.timebankId, participants.conversationId, participants.membershipId],
      set: { readUpTo, unread, muted }
    })
    .returning()
  return row!
}
