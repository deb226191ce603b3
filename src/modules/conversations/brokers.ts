import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { findMembership, getMembership } from '../members/index.ts'
import { lockConversation } from './conversations.ts'
import { notify } from './messages.ts'
import { isBroker, newParticipant, type Own, peopleIn } from './people.ts'
import { participants } from './tables.ts'

/**
 * On the wish of somebody who takes part a broker does too, from the next message on: what the other side wrote before is not
 * for one of them alone to show.
 */
export async function addBroker(tx: Tx, id: string, memberId: string | undefined): Promise<Own> {
  const own = await lockConversation(tx, id)
  const { conversation, me } = own
  if (me.side === 'broker') throw new DomainError('forbidden', 'A broker is added by those whose conversation it is.')
  const wanted = memberId?.toLowerCase() ?? (await getMembership(tx, me.membershipId)).brokerId
  const broker = wanted === null ? null : await findMembership(tx, wanted)
  if (!isBroker(broker)) {
    const detail = memberId === undefined ? 'memberId: you have no broker of your own.' : 'memberId: is no broker here.'
    throw new DomainError('validation-failed', detail, { errors: [{ pointer: '/memberId', detail }] })
  }
  const people = await peopleIn(tx, conversation.id)
  if (people.some(({ membershipId }) => membershipId === broker.id)) return own
  const as = { side: 'broker', organisationId: null }
  const joining = newParticipant(conversation, broker.id, as, newId(), conversation.messages + 1)
  await tx.db.insert(participants).values(joining)
  await audit(tx, {
    action: 'conversation.broker-added',
    subject: { type: 'conversation', id: conversation.id },
    changes: { memberId: broker.id, fromNumber: joining.fromNumber }
  })
  await notify(tx, conversation.id, [joining], 'conversation.invited')
  await notify(
    tx,
    conversation.id,
    people.filter(({ side }) => side !== 'broker'),
    'conversation.broker-added'
  )
  return own
}
