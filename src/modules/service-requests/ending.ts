import { actAs, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { getRequest, moveListing } from '../listings/index.ts'
import type { MoveName, Part } from './moves.ts'
import type { ServiceRequest } from './service-requests.ts'
import { forgetTexts, type Moved, move } from './writing.ts'

/** Ends a locked request, and with it what others see of it. */
export async function endWith(
  tx: Tx,
  before: ServiceRequest,
  name: Extract<MoveName, 'complete' | 'fail' | 'cancel' | 'stop' | 'enterInError'>,
  part: Part,
  moved: Moved
): Promise<ServiceRequest> {
  if (before.listingId !== null) await endListing(tx, before.listingId, name === 'complete')
  const after = await move(tx, before, name, part, moved)
  // what should never have been written is gone
  if (name === 'enterInError') await forgetTexts(tx, [after.id])
  return after
}

/** By the service, whoever ends it: nobody sees from a listing what it came of. */
async function endListing(tx: Tx, listingId: string, isDone: boolean): Promise<void> {
  const service = actAs(tx, systemActor, tx.now)
  const { status } = await getRequest(tx, listingId)
  if (status === 'in_progress' && isDone) await moveListing(service, 'request', listingId, 'fulfil')
  if (status === 'draft' || status === 'open' || status === 'matched')
    await moveListing(service, 'request', listingId, 'withdraw')
}

/** While it is put off nobody new answers; what is agreed already goes on. */
export async function restListing(tx: Tx, listingId: string | null): Promise<void> {
  if (listingId === null) return
  const { status } = await getRequest(tx, listingId)
  if (status === 'open') await moveListing(actAs(tx, systemActor, tx.now), 'request', listingId, 'rest')
}

export async function wakeListing(tx: Tx, listingId: string | null): Promise<void> {
  if (listingId === null) return
  const { status } = await getRequest(tx, listingId)
  if (status === 'draft') await moveListing(actAs(tx, systemActor, tx.now), 'request', listingId, 'open')
}
