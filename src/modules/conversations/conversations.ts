import { and, desc, eq, inArray, isNull, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { organisationsActedFor } from '../members/index.ts'
import { type Conversation, type Message, type Own, type Participant, participationOf, todayHere } from './people.ts'
import { conversations, messages, participants } from './tables.ts'

const one = (tx: Tx, id: string) => and(eq(conversations.timebankId, tx.timebankId), eq(conversations.id, id))

/** For those who take part; to everybody else, staff included, it is not there. */
export async function getConversation(tx: Tx, id: string): Promise<Own> {
  const [conversation] = await tx.db.select().from(conversations).where(one(tx, id))
  return ownOf(tx, conversation)
}

/** The same, locked: messages, marks and retention take turns. */
export async function lockConversation(tx: Tx, id: string): Promise<Own> {
  const [conversation] = await tx.db.select().from(conversations).where(one(tx, id)).for('no key update')
  return ownOf(tx, conversation)
}

export async function ownOf(tx: Tx, conversation: Conversation | undefined): Promise<Own> {
  const me = conversation && (await participationOf(tx, conversation))
  if (!conversation || !me) throw notFound('conversation')
  return { conversation, me }
}

/** The caller's own: those of an organisation while they act for it. */
export async function ownOnly(tx: Tx): Promise<SQL | undefined> {
  const me = tx.actor.membershipId!
  const organisations = await organisationsActedFor(tx, me, await todayHere(tx))
  return and(
    eq(participants.timebankId, tx.timebankId),
    eq(participants.membershipId, me),
    isStaff(tx.actor) ? undefined : ne(participants.side, 'broker'),
    organisations.length === 0
      ? isNull(participants.organisationId)
      : or(isNull(participants.organisationId), inArray(participants.organisationId, organisations))
  )
}

/** Newest activity first; `before` is the `activity` of the last one seen. One more than `limit` where there are more. */
export async function listConversations(
  tx: Tx,
  filter: { unread: boolean; heard: boolean; before: string | null },
  limit: number
): Promise<Own[]> {
  return tx.db
    .select({ conversation: conversations, me: participants })
    .from(participants)
    .innerJoin(
      conversations,
      and(eq(conversations.timebankId, participants.timebankId), eq(conversations.id, participants.conversationId))
    )
    .where(
      and(
        await ownOnly(tx),
        // written out: a parameter would keep the partial index from being used
        filter.unread ? sql`${participants.unread} > 0` : undefined,
        filter.heard ? sql`not ${participants.muted}` : undefined,
        filter.before === null ? undefined : lt(participants.activity, filter.before)
      )
    )
    .orderBy(desc(participants.activity))
    .limit(limit + 1)
}

/** Of some conversations all who take part, and the newest message that the caller may see. */
export async function detailsOf(
  tx: Tx,
  own: readonly Own[]
): Promise<{ people: Participant[]; newest: Map<string, Message> }> {
  if (own.length === 0) return { people: [], newest: new Map() }
  const ids = own.map(({ conversation }) => conversation.id)
  const people = await tx.db
    .select()
    .from(participants)
    .where(and(eq(participants.timebankId, tx.timebankId), inArray(participants.conversationId, ids)))
  const last = await tx.db
    .select()
    .from(messages)
    .where(
      and(
        eq(messages.timebankId, tx.timebankId),
        inArray(messages.conversationId, ids),
        sql`(${messages.conversationId}, ${messages.number}) IN (SELECT * FROM unnest(
          ${sql.param(ids)}::uuid[], ${sql.param(own.map(({ conversation }) => conversation.messages))}::integer[]))`
      )
    )
  return { people, newest: new Map(last.map((message) => [message.conversationId, message])) }
}
