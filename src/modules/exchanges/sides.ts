import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { affiliationCovering, organisationsActedFor, type Parties } from '../members/index.ts'
import type { Policy } from '../timebanks/index.ts'

export const capacities = ['citizen', 'professional', 'organisation'] as const
export type Capacity = (typeof capacities)[number]

export const sideNames = ['provider', 'receiver'] as const
export type SideName = (typeof sideNames)[number]

/**
 * One side as it is asked for. `citizen`: a member. `professional`: a member, and the organisation that they work for.
 * `organisation`: an organisation, and optionally the member who acts for it.
 */
export type SideInput = { capacity: Capacity; memberId?: string | undefined; organisationId?: string | undefined }

export type Side = {
  capacity: Capacity
  memberId: string | null
  organisationId: string | null
  affiliationId: string | null
  /** The account that hours of this side move on; null where its time is recorded only. */
  accountId: number | null
}

/**
 * A side with its account, after checking that it may take part in this capacity on that day. Only to begin something new
 * must it be active: what was agreed before somebody took a pause is still reported and settled.
 */
export async function resolveSide(
  tx: Tx,
  parties: Parties,
  name: SideName,
  input: SideInput,
  on: string,
  policy: Policy,
  begins: boolean
): Promise<Side> {
  const { capacity, memberId, organisationId } = input
  const refuse = (field: string, detail: string) =>
    new DomainError('validation-failed', detail, { errors: [{ pointer: `/${name}${field}`, detail }] })
  if (capacity === 'organisation') {
    if (!organisationId) throw refuse('/organisationId', 'An organisation is needed for this capacity.')
    const organisation = parties.organisation(organisationId)
    if (begins && organisation.status !== 'active') throw notActive(name)
    const affiliation = memberId
      ? await affiliationCovering(tx, { membershipId: memberId, organisationId, actsFor: true, on })
      : null
    if (memberId && !affiliation) throw notCovered(name, 'does not act for that organisation')
    const affiliationId = affiliation?.id ?? null
    return { capacity, memberId: memberId ?? null, organisationId, affiliationId, accountId: organisation.accountId }
  }
  if (!memberId) throw refuse('/memberId', 'A member is needed for this capacity.')
  const member = parties.member(memberId)
  if (begins && member.status !== 'active') throw notActive(name)
  if (capacity === 'citizen') {
    if (organisationId) throw refuse('/organisationId', 'A citizen takes part for themselves, not for an organisation.')
    return { capacity, memberId, organisationId: null, affiliationId: null, accountId: member.accountId }
  }
  if (!organisationId) throw refuse('/organisationId', 'The organisation that the professional works for is needed.')
  const affiliation = await affiliationCovering(tx, { membershipId: memberId, organisationId, professional: true, on })
  if (!affiliation) throw notCovered(name, 'has no professional affiliation to that organisation')
  const employer = parties.organisation(organisationId)
  const holder = accountHolder(name, capacity, policy)
  const accountId = { member: member.accountId, organisation: employer.accountId, nobody: null }[holder]
  // who works for an organisation does not by that spend its hours
  const spends = name === 'receiver' && holder === 'organisation'
  if (spends && !(await affiliationCovering(tx, { membershipId: memberId, organisationId, actsFor: true, on })))
    throw notCovered(name, 'does not act for the organisation whose hours would be spent')
  return { capacity, memberId, organisationId, affiliationId: affiliation.id, accountId }
}

/**
 * Whose account the hours of a side move on. A professional's paid time goes where the policy says; what they receive at
 * work is their employer's to pay.
 */
export function accountHolder(name: SideName, capacity: string, policy: Policy): 'member' | 'organisation' | 'nobody' {
  if (capacity !== 'professional') return capacity === 'citizen' ? 'member' : 'organisation'
  if (policy.professionalPaidTime === 'credit_person') return 'member'
  return policy.professionalPaidTime === 'record_only' && name === 'provider' ? 'nobody' : 'organisation'
}

const notActive = (name: SideName) =>
  new DomainError('party-not-active', `The ${name} is not active.`, {
    errors: [{ pointer: `/${name}`, detail: 'Is not active.' }]
  })

const notCovered = (name: SideName, why: string) =>
  new DomainError('capacity-not-covered', `The ${name} ${why} on the service date.`, {
    errors: [{ pointer: `/${name}/capacity`, detail: `The member ${why} on the service date.` }]
  })

export type Sides = {
  providerId: string | null
  providerOrganisationId: string | null
  providerCapacity: string
  receiverId: string | null
  receiverOrganisationId: string | null
  receiverCapacity: string
}

/** One side of an exchange as it is kept. */
export const sideOf = (x: Sides, name: SideName) =>
  name === 'provider'
    ? { capacity: x.providerCapacity, memberId: x.providerId, organisationId: x.providerOrganisationId }
    : { capacity: x.receiverCapacity, memberId: x.receiverId, organisationId: x.receiverOrganisationId }

export type Standing = {
  /** the sides that the actor may speak for today */
  own: SideName[]
  /** one of the people, or acts for one of the organisations, of either side */
  involved: boolean
  /** staff act for either side, but not where they are involved: there they are like anybody else (R2) */
  staff: boolean
}

/** How the actor stands to an exchange. For an organisation speak those who act for it today, whoever was named then. */
export async function standingOf(tx: Tx, exchange: Sides, today: string): Promise<Standing> {
  const { membershipId } = tx.actor
  // the service itself: nightly jobs
  if (!membershipId) return { own: [], involved: false, staff: tx.actor.source === 'system' }
  const organisations = [exchange.providerOrganisationId, exchange.receiverOrganisationId].some((id) => id !== null)
    ? await organisationsActedFor(tx, membershipId, today)
    : []
  const acts = (organisation: string | null) => organisation !== null && organisations.includes(organisation)
  const own = sideNames.filter((name) => {
    const { capacity, memberId, organisationId } = sideOf(exchange, name)
    return capacity === 'organisation' ? acts(organisationId) : memberId === membershipId
  })
  const involved = sideNames.some((name) => {
    const { memberId, organisationId } = sideOf(exchange, name)
    return memberId === membershipId || acts(organisationId)
  })
  return { own, involved, staff: isStaff(tx.actor) && !involved }
}

export const otherSide = (side: SideName): SideName => (side === 'provider' ? 'receiver' : 'provider')
