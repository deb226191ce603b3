import type { Tx } from '../../db/client.ts'
import { addDays } from '../../shared/clock.ts'
import { audit } from '../audit/index.ts'
import {
  checkCategory,
  checkOwner,
  kinds,
  type Listing,
  lockListing,
  lockOwn,
  type MoveName,
  type Request,
  store,
  todayHere,
  wrongState
} from './listings.ts'
import type { Kind } from './vocabulary.ts'

/** One step of the owner or of staff along the states. */
export async function moveListing(
  tx: Tx,
  kind: Kind,
  id: string,
  name: MoveName,
  reason: string | null = null
): Promise<Listing> {
  const before = await lockOwn(tx, kind, id)
  const move = (kinds[kind].moves as Record<string, { from: readonly string[]; to: string; action: string }>)[name]
  if (!move?.from.includes(before.status)) throw wrongState(before, move?.action ?? name)
  const opening = move.to === 'open' ? await beforeOpening(tx, before) : {}
  const after = await store(tx, before, { status: move.to as Listing['status'], ...opening })
  await audit(tx, {
    action: `${kind}.${move.action}`,
    subject: { type: kind, id },
    onBehalfOf: before.membershipId,
    changes: { status: [before.status, after.status] },
    reason
  })
  return after
}

/** What must hold when others are to see it: an active owner, a category in use, a day that it stands to. */
async function beforeOpening(tx: Tx, listing: Listing): Promise<Partial<Listing>> {
  await checkOwner(tx, listing.membershipId, listing.organisationId, null)
  if (listing.status === 'draft') await checkCategory(tx, listing.categoryId)
  const day = await todayHere(tx)
  const expiresOn =
    listing.expiresOn !== null && listing.expiresOn >= day
      ? listing.expiresOn
      : addDays(day, kinds[listing.kind].standsDays)
  return { expiresOn, openedAt: listing.openedAt ?? tx.now }
}

const chain = ['open', 'matched', 'in_progress', 'fulfilled'] as const

/**
 * What exchanges make of a request. Forwards along open, matched, in progress, fulfilled (steps in between are passed), or
 * back to open when nothing came of it; never backwards otherwise, since several helpers stand at several points. A request
 * that has ended stays as it is: an exchange may outlive it. Whoever acts has been checked by the exchange.
 */
export async function markRequest(tx: Tx, id: string, status: (typeof chain)[number]): Promise<Request> {
  const before = (await lockListing(tx, 'request', id)) as Request
  const rests = before.status === 'draft'
  // nobody new while it rests; what began before goes on
  if (rests && status === 'matched') throw wrongState(before, 'matched')
  const from = rests ? 0 : chain.indexOf(before.status as (typeof chain)[number])
  const stays = from === -1 || (rests && status === 'open') || before.status === 'fulfilled' || before.status === status
  if (stays || (status !== 'open' && chain.indexOf(status) < from)) return before
  const after = (await store(tx, before, { status })) as Request
  await audit(tx, {
    action: `request.${status === 'open' ? 'reopened' : status}`,
    subject: { type: 'request', id },
    onBehalfOf: before.membershipId,
    changes: { status: [before.status, status] }
  })
  return after
}
