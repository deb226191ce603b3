import { DomainError } from '../../shared/errors.ts'
import { roundMinutes } from '../../shared/minutes.ts'
import { approvalReasons, lacksVetting } from './clearance.ts'
import type { Context, NewExchange } from './exchanges.ts'
import { accounts, holdsAtAgreement } from './settle.ts'

type About = Pick<Context, 'exchange' | 'parties' | 'policy' | 'category' | 'today'>

/** The memberships of whom facts may be told that only they and staff know; null: of everybody. */
type Knows = readonly string[] | null

/** What an exchange will cost and what it has to pass, before anybody agrees to it. */
export type Quote = ReturnType<typeof quoteOf>

/** What the ledger would move for so many service minutes; 0 for what is recorded only. */
export const creditFor = (about: About, minutes: number): number =>
  accounts(about) === null ? 0 : roundMinutes(minutes, about.policy.granularityMinutes, about.policy.rounding)

export function quoteOf(about: About, knows: Knows) {
  const { exchange, policy, category } = about
  const minutes = exchange.serviceMinutes ?? exchange.agreedMinutes ?? exchange.proposedMinutes
  const creditMinutes = creditFor(about, minutes)
  const because = approvalReasons(about, minutes)
  return {
    serviceMinutes: minutes,
    creditMinutes,
    recordOnly: accounts(about) === null,
    granularityMinutes: policy.granularityMinutes,
    rounding: policy.rounding,
    policyVersion: exchange.policyVersion,
    brokerApproval: { needed: because.length > 0, because },
    vetting: vettingOf(about, knows),
    guardian: guardianOf(about, knows),
    heldMinutes: holdsAtAgreement(about) ? creditMinutes : 0,
    confirmedBy: policy.whoConfirms,
    silenceDays: category.risk === 'high' || silent(about, knows) ? null : policy.autoConfirmAfterDays || null
  }
}

const known = (knows: Knows, memberId: string): boolean => knows === null || knows.includes(memberId)

function vettingOf(about: About, knows: Knows): 'not_needed' | 'needed' | 'noted' | 'missing' {
  const { providerId } = about.exchange
  if (!about.category.vetting || providerId === null) return 'not_needed'
  if (!known(knows, providerId)) return 'needed'
  return lacksVetting(about) ? 'missing' : 'noted'
}

function guardianOf(about: About, knows: Knows): 'not_needed' | 'if_minor' | 'needed' | 'given' {
  const { exchange, parties, policy, today } = about
  if (exchange.guardianConsent !== null) return 'given'
  const members = [exchange.providerId, exchange.receiverId].filter((id) => id !== null)
  const minor = (id: string) => known(knows, id) && parties.member(id).isMinor(exchange.performedOn ?? today)
  if (members.some(minor)) return 'needed'
  return policy.minorsAllowed && members.some((id) => !known(knows, id)) ? 'if_minor' : 'not_needed'
}

/** Whether silence never counts: a broker confirms, or one of those is protected of whom the caller may know. */
function silent({ exchange, parties, policy, today }: About, knows: Knows): boolean {
  if (policy.whoConfirms === 'broker') return true
  return [exchange.providerId, exchange.receiverId].some((id) => {
    if (id === null || !known(knows, id)) return false
    const member = parties.member(id)
    return member.supported || member.isMinor(exchange.performedOn ?? today)
  })
}

/** Refuses a proposal or an agreement that rests on other figures than those that hold now. */
export function refuseStale(said: Readonly<Record<string, number | undefined>>, holds: Record<string, number>): void {
  if (Object.entries(said).every(([name, value]) => value === undefined || value === holds[name])) return
  throw new DomainError('stale-quote', undefined, { figures: holds })
}

export type QuotedBy = { creditMinutes?: number | undefined; policyVersion?: number | undefined }
export type Proposal = NewExchange & { quote?: QuotedBy | undefined }
