import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { memberLabels, organisationLabels } from '../members/index.ts'
import type { Exchange } from './exchanges.ts'
import type { exchangeSchema } from './schemas.ts'

export type ExchangeView = z.output<typeof exchangeSchema>

/**
 * Exchanges with the names of their sides, in two look-ups for any number of them. The sides of an exchange know each
 * other; an auditor who is neither a side nor staff sees numbers, not names or what was written.
 */
export async function viewsOf(tx: Tx, exchanges: readonly Exchange[]): Promise<ExchangeView[]> {
  const present = (ids: (string | null)[]) => [...new Set(ids.filter((id) => id !== null))]
  const me = tx.actor.membershipId
  const isSide = (x: Exchange) => x.providerId === me || x.receiverId === me
  const onlyAudits = (x: Exchange) => hasRole(tx.actor, 'auditor') && !isStaff(tx.actor) && !isSide(x)
  const members = await memberLabels(tx, present(exchanges.flatMap((x) => [x.providerId, x.receiverId])))
  const organisations = await organisationLabels(
    tx,
    present(exchanges.flatMap((x) => [x.providerOrganisationId, x.receiverOrganisationId]))
  )
  const side = (capacity: string, memberId: string | null, organisationId: string | null) => {
    const member = memberId === null ? undefined : members.get(memberId)
    const organisation = organisationId === null ? undefined : organisations.get(organisationId)
    return {
      capacity: capacity as 'citizen',
      memberId,
      memberNumber: member?.number ?? null,
      organisationId,
      name: (capacity === 'organisation' ? organisation?.name : member?.displayName) ?? null
    }
  }
  const nameless = <T extends object>(shown: T) => ({ ...shown, name: null })
  return exchanges.map((x) => {
    const provider = side(x.providerCapacity, x.providerId, x.providerOrganisationId)
    const receiver = side(x.receiverCapacity, x.receiverId, x.receiverOrganisationId)
    const view = { ...(x as unknown as ExchangeView), provider, receiver }
    return onlyAudits(x)
      ? { ...view, provider: nameless(provider), receiver: nameless(receiver), description: '', reason: null }
      : view
  })
}

export async function viewOf(tx: Tx, exchange: Exchange): Promise<ExchangeView> {
  const [view] = await viewsOf(tx, [exchange])
  return view!
}
