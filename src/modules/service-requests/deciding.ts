import type { Tx } from '../../db/client.ts'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { holdConsents } from '../consents/index.ts'
import { createListing, type NewListing } from '../listings/index.ts'
import { membersActingFor, organisationLabels } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { putToItsEnd } from './answering.ts'
import { lockForBroker } from './desk.ts'
import { statusAfter, wrongState } from './moves.ts'
import { allowed } from './seeing.ts'
import { readServiceRequest, type ServiceRequest, type Texts, textsOf } from './service-requests.ts'
import type { Reason, reasons } from './vocabulary.ts'
import { move } from './writing.ts'

/** What members are to see: in words that the person has agreed to. */
export type Listed = Pick<NewListing, 'title'> & {
  [K in
    | 'description'
    | 'availability'
    | 'languages'
    | 'area'
    | 'expiresOn'
    | 'estimatedMinutes'
    | 'helpersNeeded'
    | 'mode'
    | 'setting'
    | 'categoryId']?: NewListing[K] | undefined
}

export type Acceptance = {
  listing?: Listed | undefined
  /** of an own need: the member who stands for the organisation; default: somebody who acts for it */
  memberId?: string | undefined
}

/**
 * A broker takes it up: of a referral only with the person's yes. What members see is an ordinary request of the person's, or
 * of the organisation for its own need.
 */
export async function accept(tx: Tx, id: string, { listing, memberId }: Acceptance): Promise<ServiceRequest> {
  const asked = await readServiceRequest(tx, id)
  if (asked.membershipId !== null) await holdConsents(tx, asked.membershipId, asked.organisationId)
  const before = await lockForBroker(tx, id)
  statusAfter('accept', before.status, 'broker')
  if (before.kind === 'referral') await refuseWithoutYes(tx, before)
  const texts = await textsOf(tx, id)
  const words = await wordsOf(tx, before, texts, listing)
  const owner =
    before.kind === 'referral'
      ? { memberId: before.membershipId! }
      : { memberId: await standsFor(tx, before, memberId), organisationId: before.organisationId }
  const made = await createListing(tx, 'request', {
    ...words,
    categoryId: words.categoryId ?? before.categoryId,
    mode: words.mode ?? 'do',
    setting: words.setting ?? (before.setting as NewListing['setting']),
    estimatedMinutes: words.estimatedMinutes ?? before.estimatedMinutes,
    helpersNeeded: words.helpersNeeded ?? before.helpersNeeded,
    ...owner,
    open: true,
    followed: true
  })
  return move(tx, before, 'accept', 'broker', {
    set: { listingId: made.id, subStatus: 'looking_for_helper' }
  })
}

async function refuseWithoutYes(tx: Tx, request: ServiceRequest): Promise<void> {
  if (request.membershipId === null || request.consentedAt === null) throw new DomainError('person-not-agreed')
  if (!(await allowed(tx, [request]))(request).has('contact')) throw new DomainError('person-not-agreed')
}

async function wordsOf(tx: Tx, request: ServiceRequest, texts: Texts, listing: Listed | undefined): Promise<Listed> {
  if (request.kind === 'own_need') return listing ?? { title: texts.title, description: texts.whatMatters ?? '' }
  if (!listing) return refuse([{ pointer: '/listing', detail: 'listing: is needed, in words agreed with the person.' }])
  const name = (await organisationLabels(tx, [request.organisationId])).get(request.organisationId)!.name
  const faults: Fault[] = []
  for (const field of ['title', 'description', 'area'] as const) {
    const text = listing[field] ?? ''
    if (holds(text, name)) faults.push({ pointer: `/listing/${field}`, detail: `${field}: must not name the agency.` })
    const secrets = [texts.whatMatters, texts.knownRisks, texts.accessNeeds].filter((one) => (one?.length ?? 0) >= 12)
    if (secrets.some((secret) => holds(text, secret!)))
      faults.push({
        pointer: `/listing/${field}`,
        detail: `${field}: repeats what the agency has written of the person.`
      })
  }
  refuseFaults(faults)
  return listing
}

const refuse = (faults: Fault[]): never => {
  refuseFaults(faults)
  throw new Error('there was nothing to refuse')
}

const holds = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase())

/** Who stands for the organisation: the professional where they act for it, or somebody who does. */
async function standsFor(tx: Tx, request: ServiceRequest, named: string | undefined): Promise<string> {
  const { rules } = await currentPolicy(tx)
  const acting = await membersActingFor(tx, [request.organisationId], today(tx, rules))
  const chosen = named ?? (acting.includes(request.professionalId) ? request.professionalId : acting.sort()[0])
  if (chosen === undefined || !acting.includes(chosen))
    throw new DomainError('capacity-not-covered', 'Nobody named acts for that organisation today.', {
      errors: [{ pointer: '/memberId', detail: 'memberId: has to act for the organisation.' }]
    })
  return chosen
}

/**
 * A broker does not take it up. A referral that could not be arranged, whatever the reason, is closed at the end of the day with
 * all others of which that is said, by the service; see `sayNo`. All else is said at once, and by whom.
 */
export async function reject(tx: Tx, id: string, reason: (typeof reasons.rejected)[number]): Promise<ServiceRequest> {
  const before = await lockForBroker(tx, id)
  if (before.status !== 'requested') throw wrongState(before.status)
  if (before.kind === 'referral' && reason === 'not_taken_up') return putToItsEnd(tx, before)
  return move(tx, before, 'reject', 'broker', { reason: reason as Reason })
}
