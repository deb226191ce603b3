import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import type { Context, Exchange } from './exchanges.ts'
import { type Capacity, otherSide, resolveSide, type SideName, sideOf } from './sides.ts'

/** Which side a proposal is made from; a broker says for whom. */
export function beginningSide({ own, staff }: Context, forSide: SideName | undefined): SideName {
  const side = forSide ?? own[0]
  if (side && own.includes(side)) return side
  if (staff && side) return side
  throw staff
    ? new DomainError('validation-failed', 'Say for which side you propose.', {
        errors: [{ pointer: '/proposedBy', detail: 'Needed.' }]
      })
    : new DomainError('forbidden', 'You may propose for your own side.')
}

/** The side whose answer is asked for. Somebody who stands on both sides cannot agree with themselves. */
export function answeringSide({ own, staff }: Context, began: string): SideName {
  const side = otherSide(began as SideName)
  if (staff || (own.length === 1 && own[0] === side)) return side
  throw new DomainError('own-confirmation', `The ${side} answers; the ${began} proposed.`)
}

export function reporterOf({ own, staff, policy }: Context): SideName | 'broker' {
  const allowed = own.find((side) => policy.whoMayRecord.includes(side))
  if (allowed) return allowed
  if (staff && policy.whoMayRecord.includes('broker')) return 'broker'
  throw new DomainError('recording-not-allowed')
}

/** R2: who reported, side or person, does not confirm for the other. What a broker reported is confirmed by who is debited. */
export function confirmingSide(tx: Tx, { exchange, own, staff, policy }: Context): SideName | 'broker' {
  const { reportedBy, reportedByPerson } = exchange
  const side =
    policy.whoConfirms === 'other_side' || policy.whoConfirms === 'nobody' ? otherThan(reportedBy) : policy.whoConfirms
  const mayConfirm = side === 'broker' ? staff : (own.includes(side) && side !== reportedBy) || staff
  if (mayConfirm && reportedByPerson !== tx.actor.personId) return side
  throw new DomainError('own-confirmation', `The ${side} confirms; who reports cannot also confirm for the other side.`)
}

export const otherThan = (reportedBy: string | null): SideName => (reportedBy === 'receiver' ? 'provider' : 'receiver')

/** Membership for whom staff act; null where somebody acts for themselves. */
export function behalf(
  { exchange, staff }: Pick<Context, 'exchange' | 'staff'>,
  side: SideName | 'broker'
): string | null {
  if (!staff || side === 'broker') return null
  return sideOf(exchange, side).memberId
}

export function requireBroker({ staff }: Pick<Context, 'staff'>, does: string): void {
  if (!staff) throw new DomainError('forbidden', `A broker who is not one of its sides ${does}.`)
}

/** What counts is the day that it was, and what is known of that day now. */
export async function recheckCapacities(
  tx: Tx,
  { exchange, parties, policy }: Context,
  on: string
): Promise<Partial<Exchange>> {
  const again = async (name: SideName) => {
    const { capacity, memberId, organisationId } = sideOf(exchange, name)
    const side = await resolveSide(
      tx,
      parties,
      name,
      { capacity: capacity as Capacity, memberId: memberId ?? undefined, organisationId: organisationId ?? undefined },
      on,
      policy,
      false
    )
    return side.affiliationId
  }
  return { providerAffiliationId: await again('provider'), receiverAffiliationId: await again('receiver') }
}
