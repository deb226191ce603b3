import { and, eq } from 'drizzle-orm'
import { actAs, type Tx } from '../../db/client.ts'
import { type Actor, systemActor } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { roundMinutes } from '../../shared/minutes.ts'
import type { ProblemCode } from '../../shared/problems.ts'
import { audit } from '../audit/index.ts'
import { beginAgreed } from '../exchanges/index.ts'
import { listingsById } from '../listings/index.ts'
import { partiesOf } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import type { Circle, CircleLink, Obstacle } from './circles.ts'
import { close } from './closing.ts'
import { circles, links } from './tables.ts'
import { tell } from './telling.ts'

/**
 * All have agreed: the exchanges of the ring begin, all of them or none. Where one cannot, nothing of the others remains, and
 * the circle is closed with what stood in the way, in general terms.
 */
export async function goAhead(tx: Tx, circle: Circle): Promise<void> {
  await tx.client.query('SAVEPOINT circle')
  let begun: Map<number, string>
  try {
    begun = await beginAll(tx, circle)
  } catch (error) {
    if (!(error instanceof DomainError) || error.status >= 500) throw error
    await tx.client.query('ROLLBACK TO SAVEPOINT circle')
    await close(tx, circle, { obstacle: obstacleOf(error.code) })
    return
  }
  for (const [position, exchangeId] of begun)
    await tx.db
      .update(links)
      .set({ exchangeId, standing: false })
      .where(and(eq(links.timebankId, tx.timebankId), eq(links.circleId, circle.id), eq(links.position, position)))
  await tx.db
    .update(circles)
    .set({ status: 'going_ahead', closedAt: tx.now })
    .where(and(eq(circles.timebankId, tx.timebankId), eq(circles.id, circle.id)))
  await noteAgreements(tx, circle)
  await audit(tx, {
    action: 'circle.going-ahead',
    subject: { type: 'circle', id: circle.id },
    changes: { status: ['proposed', 'going_ahead'], exchanges: [...begun.values()] }
  })
  await tell(tx, 'circle.going-ahead', circle, tx.actor.membershipId)
}

/** Position of the link to id of its exchange. Who said yes to each is known here; the service acts for them all. */
async function beginAll(tx: Tx, circle: Circle): Promise<Map<number, string>> {
  const service = actAs(tx, systemActor, tx.now)
  const { rules } = await currentPolicy(tx)
  // the policy may have changed since: then the credits would not be the minutes that all have agreed to
  if (roundMinutes(circle.minutes, rules.granularityMinutes, rules.rounding) !== circle.minutes)
    throw new DomainError('precondition-failed')
  const requests = await listingsById(
    tx,
    'request',
    circle.links.map(({ requestId }) => requestId)
  )
  const members = await partiesOf(
    tx,
    circle.links.map(({ receiverId }) => receiverId),
    []
  )
  // a hold locks the receiver's account: always in the same order
  const inOrder = [...circle.links].sort(
    (a, b) => members.member(a.receiverId).accountId - members.member(b.receiverId).accountId
  )
  const begun = new Map<number, string>()
  for (const { position, providerId, receiverId, offerId, requestId } of inOrder) {
    const request = requests.get(requestId)
    // one that somebody else has taken up since would be helped twice
    if (request?.status !== 'open') throw new DomainError('conflict', 'A request is no longer open.')
    const { id } = await beginAgreed(service, {
      provider: { capacity: 'citizen', memberId: providerId },
      receiver: { capacity: 'citizen', memberId: receiverId },
      categoryId: request.categoryId,
      offerId,
      requestId,
      description: '',
      minutes: circle.minutes
    })
    begun.set(position, id)
  }
  return begun
}

/**
 * Each agreement with who gave it, and for whom. Only now: of a circle that comes to nothing, the agreements would tell who
 * has not agreed.
 */
async function noteAgreements(tx: Tx, circle: Circle): Promise<void> {
  for (const link of circle.links) {
    // staff's have been written down when they were made
    if (link.agreedByMembership !== link.providerId) continue
    await audit(actAs(tx, actorOf(link), tx.now), {
      action: 'circle.agreed',
      subject: { type: 'circle', id: circle.id },
      changes: { at: link.agreedAt!.toISOString() }
    })
  }
}

const actorOf = (link: CircleLink): Actor => ({
  personId: link.agreedByPerson,
  membershipId: link.agreedByMembership,
  roles: [],
  operator: false,
  source: link.agreedSource as Actor['source'],
  ...(link.agreedSlip === null ? {} : { slipNumber: link.agreedSlip })
})

const limits: readonly ProblemCode[] = ['below-floor', 'above-ceiling', 'account-not-open']
const ofListings: readonly ProblemCode[] = ['conflict', 'wrong-state', 'category-closed']

function obstacleOf(code: ProblemCode): Obstacle {
  if (limits.includes(code)) return 'limit'
  if (ofListings.includes(code)) return 'listing'
  return code === 'party-not-active' ? 'member' : 'other'
}
