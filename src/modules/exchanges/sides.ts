import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, type Fault } from '../../shared/errors.ts'
import { affiliationCovering, memberParty, organisationParty } from '../members/index.ts'
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

/** A side with its account, after checking that it may take part in this capacity on that day. */
export async function resolveSide(tx: Tx, name: SideName, input: SideInput, on: string, policy: Policy): Promise<Side> {
  const fault = (field: string, detail: string): Fault => ({ pointer: `/${name}${field}`, detail })
  const refuse = (field: string, detail: string) =>
    new DomainError('validation-failed', detail, { errors: [fault(field, detail)] })
  const { capacity, memberId, organisationId } = input
  if (capacity === 'organisation') {
    if (!organisationId) throw refuse('/organisationId', 'An organisation is needed for this capacity.')
    const organisation = await organisationParty(tx, organisationId)
    if (organisation.status !== 'active') throw notActive(name)
    const affiliation = memberId
      ? await affiliationCovering(tx, { membershipId: memberId, organisationId, actsFor: true, on })
      : null
    if (memberId && !affiliation) throw notCovered(name, 'does not act for that organisation')
    return {
      capacity,
      memberId: memberId ?? null,
      organisationId,
      affiliationId: affiliation?.id ?? null,
      accountId: organisation.accountId
    }
  }
  if (!memberId) throw refuse('/memberId', 'A member is needed for this capacity.')
  const member = await memberParty(tx, memberId)
  if (member.status !== 'active') throw notActive(name)
  if (capacity === 'citizen') {
    if (organisationId) throw refuse('/organisationId', 'A citizen takes part for themselves, not for an organisation.')
    return { capacity, memberId, organisationId: null, affiliationId: null, accountId: member.accountId }
  }
  if (!organisationId) throw refuse('/organisationId', 'The organisation that the professional works for is needed.')
  const affiliation = await affiliationCovering(tx, { membershipId: memberId, organisationId, professional: true, on })
  if (!affiliation) throw notCovered(name, 'has no professional affiliation to that organisation')
  const employer = await organisationParty(tx, organisationId)
  return {
    capacity,
    memberId,
    organisationId,
    affiliationId: affiliation.id,
    accountId: accountOfProfessional(name, policy, employer.accountId, member.accountId)
  }
}

/** A professional's paid time goes where the policy says; what they receive at work is their employer's to pay. */
function accountOfProfessional(name: SideName, policy: Policy, employer: number, person: number): number | null {
  if (policy.professionalPaidTime === 'credit_person') return person
  if (policy.professionalPaidTime === 'record_only' && name === 'provider') return null
  return employer
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

/** The sides that the actor may speak for today: their own, and those of organisations that they act for. */
export async function ownSides(tx: Tx, exchange: Sides, today: string): Promise<SideName[]> {
  const { membershipId } = tx.actor
  if (!membershipId) return []
  const speaksFor = async (member: string | null, organisation: string | null, capacity: string): Promise<boolean> => {
    if (member === membershipId) return true
    if (capacity !== 'organisation' || !organisation) return false
    return (
      (await affiliationCovering(tx, { membershipId, organisationId: organisation, actsFor: true, on: today })) !== null
    )
  }
  const own: SideName[] = []
  if (await speaksFor(exchange.providerId, exchange.providerOrganisationId, exchange.providerCapacity))
    own.push('provider')
  if (await speaksFor(exchange.receiverId, exchange.receiverOrganisationId, exchange.receiverCapacity))
    own.push('receiver')
  return own
}

export const otherSide = (side: SideName): SideName => (side === 'provider' ? 'receiver' : 'provider')

/** Staff act for either side, but never in an exchange that is their own: there they are a side like any other (R2). */
export const actsAsStaff = (tx: Tx, own: readonly SideName[]): boolean => isStaff(tx.actor) && own.length === 0
