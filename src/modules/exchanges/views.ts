import type { z } from 'zod'
import { type Actor, hasRole, isStaff } from '../../shared/actor.ts'
import type { Seen } from './exchanges.ts'
import { quoteOf } from './quote.ts'
import type { exchangeSchema } from './schemas.ts'
import { type SideName, sideOf } from './sides.ts'

export type ExchangeView = z.output<typeof exchangeSchema>

/**
 * An exchange with the names of its sides. The sides of an exchange know each other; an auditor who is neither a side nor
 * staff sees numbers, not names or what was written, nor who stayed away.
 */
export function viewOf(actor: Actor, { parties, terms, ...exchange }: Seen): ExchangeView {
  const side = (name: SideName) => {
    const { capacity, memberId, organisationId } = sideOf(exchange, name)
    const member = memberId === null ? null : parties.member(memberId)
    const organisation = organisationId === null ? null : parties.organisation(organisationId)
    return {
      capacity: capacity as 'citizen',
      memberId,
      memberNumber: member?.number ?? null,
      organisationId,
      name: (capacity === 'organisation' ? organisation?.name : member?.displayName) ?? null
    }
  }
  const staff = isStaff(actor)
  const auditor = hasRole(actor, 'auditor')
  const isSide = exchange.providerId === actor.membershipId || exchange.receiverId === actor.membershipId
  const open = exchange.settledAt === null && exchange.closedAt === null
  const knows = staff ? null : actor.membershipId === null ? [] : [actor.membershipId]
  const view: ExchangeView = {
    ...(exchange as unknown as ExchangeView),
    provider: side('provider'),
    receiver: side('receiver'),
    correctsExchangeId: exchange.correctsId,
    correctedByExchangeId: exchange.correctedById,
    recordedBy: exchange.recordedByMember,
    // who gives need not know whether, and by whom, somebody's hours are paid for
    budgetId: staff || auditor || exchange.providerId !== actor.membershipId ? exchange.budgetId : null,
    quote: open && terms ? quoteOf({ exchange, parties, ...terms }, knows) : null
  }
  if (!auditor || staff || isSide) return view
  const nameless = <T extends object>(shown: T) => ({ ...shown, name: null })
  return {
    ...view,
    provider: nameless(view.provider),
    receiver: nameless(view.receiver),
    description: '',
    reason: null,
    noShow: null
  }
}
