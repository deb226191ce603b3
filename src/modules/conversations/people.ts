import { and, asc, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { type Membership, membersActingFor, organisationsActedFor } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type conversations, type messages, participants, type reports } from './tables.ts'

export type Conversation = typeof conversations.$inferSelect
export type Message = typeof messages.$inferSelect
export type Participant = typeof participants.$inferSelect
export type Report = typeof reports.$inferSelect

/** A conversation as one of those who take part has it. */
export type Own = { conversation: Conversation; me: Participant }

export const todayHere = async (tx: Tx): Promise<string> => today(tx, (await currentPolicy(tx)).rules)

const sidesOf = (conversation: Conversation) =>
  [
    { side: 'asker', memberId: conversation.askerId, organisationId: conversation.askerOrganisationId },
    { side: 'asked', memberId: conversation.askedId, organisationId: conversation.askedOrganisationId }
  ] as const

/** Who stands on the two sides today: a member, or all who act for an organisation. */
export async function peopleOf(
  tx: Tx,
  conversation: Conversation,
  day: string
): Promise<Map<string, Pick<Participant, 'side' | 'organisationId'>>> {
  const people = new Map<string, Pick<Participant, 'side' | 'organisationId'>>()
  for (const { side, memberId, organisationId } of sidesOf(conversation)) {
    const ids = organisationId === null ? [memberId] : await membersActingFor(tx, [organisationId], day)
    for (const id of ids) if (id !== null && !people.has(id)) people.set(id, { side, organisationId })
  }
  return people
}

/** Somebody who begins to take part, with everything from `fromNumber` on unread. */
export const newParticipant = (
  conversation: Conversation,
  membershipId: string,
  as: Pick<Participant, 'side' | 'organisationId'>,
  activity: string,
  fromNumber = 1
): Participant => ({
  timebankId: conversation.timebankId,
  conversationId: conversation.id,
  membershipId,
  ...as,
  fromNumber,
  readUpTo: fromNumber - 1,
  unread: conversation.messages - fromNumber + 1,
  muted: false,
  wrote: false,
  noticeId: null,
  activity
})

/**
 * How the caller takes part; null: not at all. Who acts for an organisation that is a side takes part while they do, also where
 * they began to after its last message and no row of theirs stands yet.
 */
export async function participationOf(tx: Tx, conversation: Conversation): Promise<Participant | null> {
  const me = tx.actor.membershipId
  if (me === null) return null
  const [row] = await tx.db
    .select()
    .from(participants)
    .where(
      and(
        eq(participants.timebankId, tx.timebankId),
        eq(participants.conversationId, conversation.id),
        eq(participants.membershipId, me)
      )
    )
  // a broker takes part while they are one
  if (row?.side === 'broker' && !isStaff(tx.actor)) return null
  if (row && row.organisationId === null) return row
  const acting = await organisationsActedFor(tx, me, await todayHere(tx))
  if (row) return acting.includes(row.organisationId!) ? row : null
  const mine = sidesOf(conversation).find(
    ({ organisationId }) => organisationId !== null && acting.includes(organisationId)
  )
  if (!mine) return null
  const [other] = await tx.db
    .select({ activity: participants.activity })
    .from(participants)
    .where(and(eq(participants.timebankId, tx.timebankId), eq(participants.conversationId, conversation.id)))
    .limit(1)
  const { side, organisationId } = mine
  return newParticipant(conversation, me, { side, organisationId }, other!.activity)
}

/** The rows of all who take part. */
export const peopleIn = (tx: Tx, conversationId: string): Promise<Participant[]> =>
  tx.db
    .select()
    .from(participants)
    .where(and(eq(participants.timebankId, tx.timebankId), eq(participants.conversationId, conversationId)))
    .orderBy(asc(participants.membershipId))

/** Staff, who may be asked to take part. */
export const isBroker = (member: Membership | null): member is Membership =>
  member?.status === 'active' && member.roles.some((role) => role === 'broker' || role === 'admin')
