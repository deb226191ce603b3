import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { memberParty } from '../members/index.ts'
import { type Circle, type CircleLink, getCircle, isIn, lockCircle } from './circles.ts'
import { close } from './closing.ts'
import { goAhead } from './going-ahead.ts'
import { links } from './tables.ts'

export type Answer = {
  /** on behalf of this member; for staff */
  memberId?: string | undefined
  /** as the caller has read them */
  minutes?: number | undefined
}

/**
 * A member agrees to give what is asked and to receive what is offered; staff for one who is offline. The last one's
 * agreement begins all exchanges of the ring, or none. Again it changes nothing.
 */
export async function agree(tx: Tx, id: string, { memberId, minutes }: Answer): Promise<Circle> {
  const { circle, party, forOther } = await lockOpen(tx, id, memberId)
  if (minutes !== undefined && minutes !== circle.minutes)
    throw new DomainError('conflict', 'The minutes are not those of the circle; read it again.', {
      figures: { minutes: circle.minutes }
    })
  if ((await memberParty(tx, party.providerId)).status !== 'active') throw new DomainError('party-not-active')
  if (party.agreedAt !== null) return circle
  const agreed = {
    agreedAt: tx.now,
    agreedByPerson: tx.actor.personId,
    agreedByMembership: tx.actor.membershipId,
    agreedSource: tx.actor.source,
    agreedSlip: tx.actor.slipNumber ?? null
  }
  await tx.db
    .update(links)
    .set(agreed)
    .where(and(eq(links.timebankId, tx.timebankId), eq(links.circleId, id), eq(links.position, party.position)))
  // what staff do in somebody's name is written down at once; what members do, when the circle goes ahead (see `goAhead`)
  if (forOther)
    await audit(tx, { action: 'circle.agreed', subject: { type: 'circle', id }, onBehalfOf: party.providerId })
  const answered = circle.links.map((link) => (link === party ? { ...link, ...agreed } : link))
  if (answered.every(({ agreedAt }) => agreedAt !== null)) await goAhead(tx, { ...circle, links: answered })
  return getCircle(tx, id)
}

/** A member does not want to, and needs no reason. To all others the circle has come to nothing, as many do. */
export async function decline(tx: Tx, id: string, { memberId }: Answer): Promise<Circle> {
  const { circle, party } = await lockOpen(tx, id, memberId)
  await close(tx, circle, { but: [party.providerId, tx.actor.membershipId] })
  return getCircle(tx, id)
}

/** The circle, locked and waiting for answers, and the link that its member answers for. */
async function lockOpen(
  tx: Tx,
  id: string,
  memberId: string | undefined
): Promise<{ circle: Circle; party: CircleLink; forOther: boolean }> {
  const circle = await lockCircle(tx, id)
  const me = tx.actor.membershipId
  const whose = memberId?.toLowerCase() ?? me
  const forOther = whose !== me
  if (forOther && !isStaff(tx.actor)) throw new DomainError('forbidden', 'Only staff answer for others.')
  if (forOther && isIn(circle, me))
    throw new DomainError('own-confirmation', 'You are in this circle yourself: somebody else of the staff answers.')
  const party = circle.links.find(({ providerId }) => providerId === whose)
  if (!party) {
    if (memberId !== undefined) throw notFound('member of this circle')
    throw new DomainError('validation-failed', 'Say for whom you answer.', {
      errors: [{ pointer: '/memberId', detail: 'Needed: you are not in this circle.' }]
    })
  }
  // what the hourly job has not come to yet is over all the same
  if (circle.status !== 'proposed' || circle.expiresAt! <= tx.now)
    throw new DomainError('wrong-state', 'It does not wait for answers.', {
      figures: { state: circle.status === 'proposed' ? 'not_going_ahead' : circle.status }
    })
  return { circle, party, forOther }
}
