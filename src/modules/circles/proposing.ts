import { and, eq, inArray, or } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { dayMs } from '../../shared/clock.ts'
import { DomainError } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { listingsById } from '../listings/index.ts'
import { partiesOf } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { type Circle, getCircle, lockCircle, lockCircles } from './circles.ts'
import { getSearch } from './searches.ts'
import { circles, links } from './tables.ts'
import { tell } from './telling.ts'

/** Staff put a circle to all its members. Nothing is agreed by that. */
export async function proposeCircle(tx: Tx, id: string): Promise<Circle> {
  const circle = await lockCircle(tx, id)
  if (circle.status !== 'suggested')
    throw new DomainError('wrong-state', 'It has been proposed already.', { figures: { state: circle.status } })
  const [open] = await thatStillHold(tx, [circle])
  if (!open)
    throw new DomainError(
      'conflict',
      'An offer or a request in it is no longer open or stands in another proposed circle, or somebody in it is not active.'
    )
  await propose(tx, [circle])
  return getCircle(tx, id)
}

/** All that a search has suggested and that still holds, at once. */
export async function proposeSearch(tx: Tx, searchId: string): Promise<{ proposed: number; left: number }> {
  await getSearch(tx, searchId)
  const suggested = await tx.db
    .select({ id: circles.id })
    .from(circles)
    .where(and(eq(circles.timebankId, tx.timebankId), eq(circles.searchId, searchId), eq(circles.status, 'suggested')))
  const locked = await lockCircles(
    tx,
    suggested.map(({ id }) => id)
  )
  // one that has been proposed since is not there twice
  const waiting = locked.filter(({ status }) => status === 'suggested')
  const open = await thatStillHold(tx, waiting)
  await propose(tx, open)
  return { proposed: open.length, left: waiting.length - open.length }
}

/** Those whose members are active, whose offers and requests are open, and stand in no other proposed circle. */
async function thatStillHold(tx: Tx, found: readonly Circle[]): Promise<Circle[]> {
  const all = found.flatMap((circle) => circle.links)
  if (all.length === 0) return []
  const offerIds = all.map(({ offerId }) => offerId)
  const requestIds = all.map(({ requestId }) => requestId)
  const offers = await listingsById(tx, 'offer', offerIds)
  const requests = await listingsById(tx, 'request', requestIds)
  const members = await partiesOf(
    tx,
    all.map(({ providerId }) => providerId),
    []
  )
  const taken = await tx.db
    .select({ offerId: links.offerId, requestId: links.requestId })
    .from(links)
    .where(
      and(
        eq(links.timebankId, tx.timebankId),
        eq(links.standing, true),
        or(inArray(links.offerId, offerIds), inArray(links.requestId, requestIds))
      )
    )
  const offersTaken = new Set(taken.map(({ offerId }) => offerId))
  const requestsTaken = new Set(taken.map(({ requestId }) => requestId))
  return found.filter((circle) =>
    circle.links.every(
      ({ providerId, offerId, requestId }) =>
        members.member(providerId).status === 'active' &&
        offers.get(offerId)?.status === 'open' &&
        requests.get(requestId)?.status === 'open' &&
        !offersTaken.has(offerId) &&
        !requestsTaken.has(requestId)
    )
  )
}

async function propose(tx: Tx, open: readonly Circle[]): Promise<void> {
  if (open.length === 0) return
  const ids = open.map(({ id }) => id)
  const { rules } = await currentPolicy(tx)
  const standing = tx.db
    .update(links)
    .set({ standing: true })
    .where(and(eq(links.timebankId, tx.timebankId), inArray(links.circleId, ids)))
  const taken = () =>
    new DomainError('conflict', 'An offer or a request in it has just been proposed in another circle: try again.')
  await onDuplicate('links_standing_offer', onDuplicate('links_standing_request', standing.execute(), taken), taken)
  const expiresAt = new Date(tx.now.getTime() + rules.circleExpiresDays * dayMs)
  await tx.db
    .update(circles)
    .set({ status: 'proposed', proposedAt: tx.now, expiresAt })
    .where(and(eq(circles.timebankId, tx.timebankId), inArray(circles.id, ids)))
  await audit(
    tx,
    ...open.map(({ id, minutes, size }) => ({
      action: 'circle.proposed',
      subject: { type: 'circle', id },
      changes: { status: ['suggested', 'proposed'], minutes, size }
    }))
  )
  for (const circle of open) await tell(tx, 'circle.proposed', circle)
}
