import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { getExchange, otherSide, sideOf, standingOf } from '../exchanges/index.ts'
import { isOwn, type Listing, readListing } from '../listings/index.ts'
import { resolveMember } from '../members/index.ts'
import { type Conversation, todayHere } from './people.ts'

export const aboutKinds = ['offer', 'request', 'exchange', 'member'] as const
export type AboutKind = (typeof aboutKinds)[number]

/** What a conversation is about; `member`: what a broker has to say to a member. */
export type About = { kind: AboutKind; id: string }

export const aboutColumns = ({ kind, id }: About) => ({
  offerId: kind === 'offer' ? id : null,
  requestId: kind === 'request' ? id : null,
  exchangeId: kind === 'exchange' ? id : null,
  memberId: kind === 'member' ? id : null
})

export function aboutOf({ offerId, requestId, exchangeId, memberId }: Conversation): About {
  if (offerId !== null) return { kind: 'offer', id: offerId }
  if (requestId !== null) return { kind: 'request', id: requestId }
  return exchangeId === null ? { kind: 'member', id: memberId! } : { kind: 'exchange', id: exchangeId }
}

type Beginning = Pick<Conversation, 'askerOrganisationId' | 'askedId' | 'askedOrganisationId'>

/** Whom the caller would write to, after checking that they may. */
export function beginningOf(tx: Tx, about: About): Promise<Beginning> {
  if (about.kind === 'exchange') return onExchange(tx, about.id)
  return about.kind === 'member' ? toMember(tx, about.id) : onListing(tx, about.kind, about.id)
}

/** States in which a listing can be asked about. */
const asked: readonly Listing['status'][] = ['open', 'matched', 'in_progress']

async function onListing(tx: Tx, kind: 'offer' | 'request', id: string): Promise<Beginning> {
  const listing = await readListing(tx, kind, id)
  if (await isOwn(tx, listing)) throw new DomainError('own-listing')
  if (!asked.includes(listing.status))
    throw new DomainError('wrong-state', `A conversation begins while the ${kind} is open.`, {
      figures: { state: listing.status }
    })
  const { membershipId, organisationId } = listing
  return {
    askerOrganisationId: null,
    askedId: organisationId === null ? membershipId : null,
    askedOrganisationId: organisationId
  }
}

/** Only its sides: staff who are none do not step between them. */
async function onExchange(tx: Tx, id: string): Promise<Beginning> {
  const exchange = await getExchange(tx, id)
  const { own } = await standingOf(tx, exchange, await todayHere(tx))
  const [mine] = own
  if (!mine) throw notFound('exchange')
  const speaks = (name: typeof mine) => {
    const { capacity, memberId, organisationId } = sideOf(exchange, name)
    return capacity === 'organisation' ? { memberId: null, organisationId } : { memberId, organisationId: null }
  }
  const other = speaks(otherSide(mine))
  // who speaks for both sides has nobody to write to, nor has who stands beside an anonymous party of imported history
  if (own.length > 1 || (other.memberId === null && other.organisationId === null))
    throw new DomainError('nobody-there')
  return {
    askerOrganisationId: speaks(mine).organisationId,
    askedId: other.memberId,
    askedOrganisationId: other.organisationId
  }
}

async function toMember(tx: Tx, id: string): Promise<Beginning> {
  if (!isStaff(tx.actor)) throw new DomainError('forbidden')
  const member = await resolveMember(tx, id)
  if (member.status !== 'active' && member.status !== 'paused') throw new DomainError('nobody-there')
  return { askerOrganisationId: null, askedId: member.id, askedOrganisationId: null }
}
