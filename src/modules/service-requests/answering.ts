import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, refuseFaults } from '../../shared/errors.ts'
import {
  type Giving,
  giveConsent,
  holdConsents,
  readConsent,
  type Withdrawn,
  withdrawConsent
} from '../consents/index.ts'
import { currentPolicy, dayEnd, today } from '../timebanks/index.ts'
import { endWith } from './ending.ts'
import { wrongState } from './moves.ts'
import { lockAll, lockServiceRequest, readServiceRequest, type ServiceRequest } from './service-requests.ts'
import { requests } from './tables.ts'
import { change, partOf } from './writing.ts'

export type Yes = Pick<Giving, 'scopes' | 'wordingVersion' | 'language' | 'how' | 'givenBy' | 'validTo'>

/**
 * The person says yes, or who may say it for them: by themselves, or to a broker who writes it down. What they really allow is
 * kept as a consent of its own; what the agency has claimed plays no part in it.
 */
export async function sayYes(tx: Tx, id: string, yes: Yes): Promise<ServiceRequest> {
  const before = await lockWithConsents(tx, id)
  if (before.kind !== 'referral') throw new DomainError('wrong-state', 'It is about nobody but the agency.')
  if (before.status !== 'requested') throw wrongState(before.status)
  const { membershipId, organisationId } = before
  if (membershipId === null)
    throw new DomainError('wrong-state', 'Say first which member it is about: only somebody known can say yes.')
  // without it there is nothing to be done for them
  if (!yes.scopes.includes('contact'))
    refuseFaults([{ pointer: '/scopes', detail: 'scopes: without contact it is a no.' }])
  const subject = { type: 'service_request', id }
  const given = await giveConsent(
    tx,
    { membershipId, organisationId, purpose: 'referral', subject, ...yes },
    endWithout
  )
  return change(
    tx,
    before,
    { consentedAt: tx.now, consentId: given.id, subStatus: 'awaiting_decision', closesAt: null },
    { action: 'agreed' }
  )
}

/**
 * The person says no. It is closed with all that is not taken up, whatever the reason, at the end of the day, and nothing
 * that is written down tells it from these: no entry in the audit, no kept answer, no instant of a change.
 */
export async function sayNo(tx: Tx, id: string, how?: Yes['how']): Promise<ServiceRequest> {
  const before = await lockWithConsents(tx, id)
  if (before.kind !== 'referral') throw new DomainError('wrong-state', 'It is about nobody but the agency.')
  if (before.status !== 'requested') throw wrongState(before.status)
  const { consentId, consentedAt } = before
  if (consentId === null || consentedAt === null) return putToItsEnd(tx, before)
  if ((await readConsent(tx, consentId)).status === 'given') {
    // takes itself back by the way of all that is withdrawn; see endWithout
    await withdrawConsent(tx, { consentId, how }, endWithout)
    return lockServiceRequest(tx, id)
  }
  // the consent has run out, or another request's has taken its place and stands
  return putToItsEnd(tx, before, withoutYes)
}

const withoutYes = { consentedAt: null, consentId: null, subStatus: 'awaiting_contact' } as const

/** It is closed with the rest of the day's. Already on its way there it stays so. */
export async function putToItsEnd(
  tx: Tx,
  before: ServiceRequest,
  more: Partial<ServiceRequest> = {}
): Promise<ServiceRequest> {
  const { rules } = await currentPolicy(tx)
  const closesAt = before.closesAt ?? (await dayEnd(tx, today(tx, rules)))
  await tx.db
    .update(requests)
    .set({ closesAt, ...more })
    .where(and(eq(requests.timebankId, tx.timebankId), eq(requests.id, before.id)))
  return { ...before, closesAt, ...more }
}

/** The person stops it, at any time after it was taken up (before that they say no): what has been agreed with helpers stays theirs. */
export async function stop(tx: Tx, id: string): Promise<ServiceRequest> {
  const before = await lockWithConsents(tx, id)
  if (partOf(tx) !== 'person' && before.membershipId !== tx.actor.membershipId)
    throw new DomainError('forbidden', 'This is for the person whom it is about.')
  return endWith(tx, before, 'stop', 'person', { reason: 'no_longer_needed' })
}

/**
 * Consents are locked before requests, by whoever locks both: a withdrawal comes from there.
 */
async function lockWithConsents(tx: Tx, id: string): Promise<ServiceRequest> {
  const { membershipId, organisationId } = await readServiceRequest(tx, id)
  if (membershipId !== null) await holdConsents(tx, membershipId, organisationId)
  return lockServiceRequest(tx, id)
}

/**
 * What rests on a consent ends with it: where an agency may no longer be in touch about somebody, what it has asked for them is
 * not taken up, or stops. Given to the consents module by whoever withdraws one.
 */
export async function endWithout(tx: Tx, { membershipId, organisationId, remaining }: Withdrawn): Promise<void> {
  if (remaining.has('contact')) return
  // all at once, also where several consents end in one transaction: the clock is taken last
  const theirs = await lockAll(tx, eq(requests.membershipId, membershipId))
  for (const request of theirs) {
    if (request.organisationId !== organisationId) continue
    if (request.status === 'requested') {
      if (request.consentedAt !== null) await putToItsEnd(tx, request, withoutYes)
    } else if (['accepted', 'in_progress', 'on_hold'].includes(request.status))
      await endWith(tx, request, 'stop', 'service', { reason: 'no_longer_needed' })
  }
}
