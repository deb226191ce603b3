import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { resolveMember } from '../members/index.ts'
import { type About, aboutColumns, beginningOf } from './about.ts'
import { ownOf } from './conversations.ts'
import { say } from './messages.ts'
import { type Conversation, newParticipant, type Own, peopleOf, todayHere } from './people.ts'
import { conversations, participants } from './tables.ts'

/**
 * Writes about a listing, to the other side of an exchange, or from a broker to a member. Where the two already write to each
 * other about it, it is one more message there, and `started` is false.
 */
export async function startConversation(tx: Tx, given: About, text: string): Promise<{ own: Own; started: boolean }> {
  const { kind } = given
  const about = { kind, id: kind === 'member' ? (await resolveMember(tx, given.id)).id : given.id.toLowerCase() }
  const known = await lockAbout(tx, about)
  if (known) {
    const own = await ownOf(tx, known)
    return { own: (await say(tx, own, text)).own, started: false }
  }
  const beginning = await beginningOf(tx, about)
  const askerId = tx.actor.membershipId!
  if (beginning.askedId === askerId) throw new DomainError('own-listing')
  const [conversation] = await tx.db
    .insert(conversations)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      ...aboutColumns(about),
      askerId,
      ...beginning,
      startedAt: tx.now,
      firstReplyAt: null,
      lastMessageAt: tx.now,
      messages: 0
    })
    .onConflictDoNothing()
    .returning()
  // somebody else began it a moment ago
  if (!conversation) return startConversation(tx, about, text)
  const people = await peopleOf(tx, conversation, await todayHere(tx))
  people.set(askerId, { side: 'asker', organisationId: beginning.askerOrganisationId })
  const activity = newId()
  await tx.db
    .insert(participants)
    .values([...people].map(([membershipId, as]) => newParticipant(conversation, membershipId, as, activity)))
  await audit(tx, {
    action: 'conversation.started',
    subject: { type: 'conversation', id: conversation.id },
    changes: { about: about.kind, [`${about.kind}Id`]: about.id }
  })
  return { own: (await say(tx, await ownOf(tx, conversation), text)).own, started: true }
}

/** The conversation that there is about it: of an exchange the one, of a listing the caller's. */
async function lockAbout(tx: Tx, about: About): Promise<Conversation | undefined> {
  const mine = about.kind === 'exchange' ? undefined : eq(conversations.askerId, tx.actor.membershipId!)
  const column = { offer: 'offerId', request: 'requestId', exchange: 'exchangeId', member: 'memberId' } as const
  const [found] = await tx.db
    .select()
    .from(conversations)
    .where(and(eq(conversations.timebankId, tx.timebankId), eq(conversations[column[about.kind]], about.id), mine))
    .for('no key update')
  return found
}
