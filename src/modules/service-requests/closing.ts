import { and, eq, inArray, isNull, lt, lte, or } from 'drizzle-orm'
import { actAs, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { dayMs } from '../../shared/clock.ts'
import { findMembership } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { putToItsEnd } from './answering.ts'
import { endWith } from './ending.ts'
import { lockAll } from './service-requests.ts'
import { requests } from './tables.ts'
import { forgetTexts, move } from './writing.ts'

const atATime = 200

/** What nobody has said yes to for as long as the policy says is put on its way to its end. Gives how many; as many again may wait. */
export async function putStale(tx: Tx): Promise<number> {
  const { rules } = await currentPolicy(tx)
  const before = new Date(tx.now.getTime() - rules.referralExpiresDays * dayMs)
  const stale = await lockAll(
    tx,
    and(
      eq(requests.status, 'requested'),
      eq(requests.kind, 'referral'),
      isNull(requests.closesAt),
      isNull(requests.consentedAt),
      lt(requests.createdAt, before)
    ),
    atATime
  )
  for (const request of stale) await putToItsEnd(tx, request)
  return stale.length
}

/**
 * Hourly: what is on its way to its end is closed when the day is over, all with the same reason. Gives how many were closed; as
 * many again may wait. `by`: as if it were so late, for sandboxes, where nobody waits for the evening.
 */
export async function closeDue(tx: Tx, by: Date = tx.now): Promise<number> {
  const due = await lockAll(tx, and(eq(requests.status, 'requested'), lte(requests.closesAt, by)), atATime)
  const service = actAs(tx, systemActor, tx.now)
  for (const request of due)
    await move(service, request, 'close', 'service', {
      reason: 'not_taken_up',
      set: { consentedAt: null, consentId: null, verifiedAt: null, verifiedBy: null }
    })
  return due.length
}

/** When a member leaves: what waits for them is not taken up, what has begun stops, and they look after nothing. */
export async function endServiceRequestsOf(tx: Tx, membershipId: string): Promise<void> {
  for (const request of await lockAll(tx, eq(requests.membershipId, membershipId))) {
    if (request.status === 'requested') await putToItsEnd(tx, request)
    else if (['accepted', 'in_progress', 'on_hold'].includes(request.status))
      await endWith(tx, request, 'stop', 'service', { reason: 'no_longer_needed' })
  }
  await tx.db
    .update(requests)
    .set({ assigneeId: null })
    .where(and(eq(requests.timebankId, tx.timebankId), eq(requests.assigneeId, membershipId)))
}

/** When a member is erased: nothing is left of what was written about them, and by which number they were named. */
export async function blankServiceRequestsOf(tx: Tx, membershipId: string): Promise<void> {
  const number = (await findMembership(tx, membershipId))?.number
  const byNumber =
    number === undefined ? undefined : and(isNull(requests.membershipId), eq(requests.claimedNumber, number))
  const theirs = await lockAll(tx, or(eq(requests.membershipId, membershipId), byNumber))
  const ids = theirs.map(({ id }) => id)
  await forgetTexts(tx, ids)
  if (ids.length > 0)
    await tx.db
      .update(requests)
      .set({ claimedNumber: null })
      .where(and(eq(requests.timebankId, tx.timebankId), inArray(requests.id, ids)))
}
