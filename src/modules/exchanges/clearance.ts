import { DomainError } from '../../shared/errors.ts'
import type { Flags } from '../listings/index.ts'
import type { Parties } from '../members/index.ts'
import type { Policy } from '../timebanks/index.ts'
import type { exchanges } from './tables.ts'

/** What an agreed exchange may have to wait for, in this order, before it may take place. */
export type Awaiting = 'awaiting_risk' | 'awaiting_vetting' | 'awaiting_guardian'

type About = {
  exchange: typeof exchanges.$inferSelect
  parties: Parties
  policy: Policy
  category: Flags
  today: string
}

/** Why a broker has to look at it by the policy, and has not yet done so for as long a time; empty: they need not. */
export function approvalReasons(
  { exchange, policy, category }: Pick<About, 'exchange' | 'policy' | 'category'>,
  minutes: number
): ('risk' | 'length')[] {
  const approved = exchange.approvedMinutes
  const above = policy.brokerApprovalAboveMinutes
  const reasons: ('risk' | 'length')[] = []
  if (approved === null && policy.brokerApprovalRisks.includes(category.risk)) reasons.push('risk')
  if (above !== null && minutes > above && (approved === null || minutes > approved)) reasons.push('length')
  return reasons
}

export const needsApproval = (about: Pick<About, 'exchange' | 'policy' | 'category'>, minutes: number): boolean =>
  approvalReasons(about, minutes).length > 0

const dayOf = ({ exchange, today }: Pick<About, 'exchange' | 'today'>): string => exchange.performedOn ?? today

/** Whether the category asks for vetting that the member who gives has not, for the day. Bodies vet their own people. */
export const lacksVetting = (about: About, on = dayOf(about)): boolean =>
  about.category.vetting &&
  about.exchange.providerId !== null &&
  !about.parties.member(about.exchange.providerId).isVetted(on)

export const minorsOf = ({ exchange, parties, today }: Pick<About, 'exchange' | 'parties' | 'today'>): string[] =>
  [exchange.providerId, exchange.receiverId].filter(
    (id): id is string => id !== null && parties.member(id).isMinor(exchange.performedOn ?? today)
  )

/** What it still waits for; null: nothing. */
export function waitsFor(about: About, minutes: number): Awaiting | null {
  if (needsApproval(about, minutes)) return 'awaiting_risk'
  if (lacksVetting(about)) return 'awaiting_vetting'
  return about.exchange.guardianConsent === null && minorsOf(about).length > 0 ? 'awaiting_guardian' : null
}

/** What has taken place without an agreement here has not waited for anything: it goes around neither vetting nor guardians. */
export function refuseUncleared(about: About, { byBroker = false, on = dayOf(about) } = {}): void {
  // who was vetted at agreement, and is not any more, has given the time all the same: a broker may say so
  if (!byBroker && lacksVetting(about, on)) throw new DomainError('vetting-needed')
  const minors = minorsOf({ ...about, exchange: { ...about.exchange, performedOn: on } })
  if (about.exchange.guardianConsent === null && minors.length > 0) throw new DomainError('guardian-consent-needed')
}

export function refuseMinors(about: About): void {
  if (!about.policy.minorsAllowed && minorsOf(about).length > 0) throw new DomainError('minors-not-allowed')
}

/** Between citizens only: who gives time at work does so for their organisation. */
export function refuseFamily(policy: Policy, providerCapacity: string, receiverCapacity: string): void {
  if (policy.familyExchanges === 'allowed') return
  if (providerCapacity === 'citizen' && receiverCapacity === 'citizen') throw new DomainError('family-unofficial-only')
}
