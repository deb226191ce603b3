import type { Tx } from '../../db/client.ts'
import { lockForBroker } from './desk.ts'
import { endWith, restListing, wakeListing } from './ending.ts'
import { follow } from './following.ts'
import { statusAfter } from './moves.ts'
import { lockServiceRequest, type ServiceRequest } from './service-requests.ts'
import type { Outcome, reasons } from './vocabulary.ts'
import { move, partOf } from './writing.ts'

type ReasonOf<S extends keyof typeof reasons> = (typeof reasons)[S][number]

/** Puts it off, with a reason: nobody new answers meanwhile. */
export async function hold(tx: Tx, id: string, reason: ReasonOf<'on_hold'>): Promise<ServiceRequest> {
  const before = await lockForBroker(tx, id)
  statusAfter('hold', before.status, 'broker')
  await restListing(tx, before.listingId)
  return move(tx, before, 'hold', 'broker', { reason })
}

/** Goes on with it. */
export async function resume(tx: Tx, id: string): Promise<ServiceRequest> {
  const before = await lockForBroker(tx, id)
  statusAfter('resume', before.status, 'broker')
  await wakeListing(tx, before.listingId)
  return follow(tx, await move(tx, before, 'resume', 'broker'))
}

/** Says what came of it. */
export async function complete(tx: Tx, id: string, outcome: Outcome): Promise<ServiceRequest> {
  return endWith(tx, await lockForBroker(tx, id), 'complete', 'broker', { outcome })
}

/** It could not be done, and why. */
export async function fail(tx: Tx, id: string, reason: ReasonOf<'failed'>): Promise<ServiceRequest> {
  return endWith(tx, await lockForBroker(tx, id), 'fail', 'broker', { reason })
}

/** Called off by the agency that asked, or by a broker. */
export async function cancel(tx: Tx, id: string, reason: ReasonOf<'cancelled'>): Promise<ServiceRequest> {
  return endWith(tx, await lockByPart(tx, id), 'cancel', partOf(tx), { reason })
}

/** It should never have been: by the agency, or by a broker. Its words are gone. */
export async function enterInError(tx: Tx, id: string): Promise<ServiceRequest> {
  return endWith(tx, await lockByPart(tx, id), 'enterInError', partOf(tx), {})
}

const lockByPart = (tx: Tx, id: string): Promise<ServiceRequest> =>
  partOf(tx) === 'broker' ? lockForBroker(tx, id) : lockServiceRequest(tx, id)
