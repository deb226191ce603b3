import { and, count, eq, inArray, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { dayMs } from '../../shared/clock.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { propose as proposeExchange } from '../exchanges/index.ts'
import { getCategory, getOffer, getRequest, isOwn, type Listing, lockListing, type Request } from '../listings/index.ts'
import { areFamily, findMembership, isVisibleToMembers, memberParty } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { otherSide, type SideName, sideOf, speaksForEveryone, standingOf, toldOn } from './standing.ts'
import { matches } from './tables.ts'
import { changeMatch, findMatch, insertMatch, lockMatch, type Match, note, open } from './writing.ts'

/** Whom a match brings together: a request with an offer, or with a member who has none for it. */
export type Pair = {
  requestId: string
  offerId?: string | undefined
  /** Where there is no offer; who proposes without either proposes themselves. */
  memberId?: string | undefined
}

/** At most so many more are asked at one time than a request has places for. */
const askedBeyondNeed = 4

/** A broker suggests somebody to the request's owner, who may propose it to them. They themselves hear nothing of it. */
export async function suggest(tx: Tx, pair: Pair): Promise<Match> {
  const { match } = await begin(tx, pair)
  const before = await between(tx, match)
  if (before.some(({ status, proposedBy }) => open.includes(status) || proposedBy === 'receiver')) throw askedAlready()
  const written = await insertMatch(tx, { ...match, suggestedBy: tx.actor.membershipId })
  await note(tx, [{ match: written, action: 'suggested', before: null, told: await toldOn(tx, written, 'receiver') }])
  return written
}

/** One side proposes to the other that they come together; staff may for either. */
export async function proposeMatch(tx: Tx, pair: Pair, forSide?: SideName): Promise<Match> {
  const { match, request } = await begin(tx, pair)
  const { own, staff } = await standingOf(tx, match)
  const side = own ?? (staff ? forSide : undefined)
  if (!side)
    throw staff
      ? new DomainError('validation-failed', 'Say for which side you propose.', {
          errors: [{ pointer: '/proposedBy', detail: 'Needed.' }]
        })
      : notFound('request')
  if (forSide && forSide !== side) throw new DomainError('forbidden', 'You may propose for your own side.')
  const before = await between(tx, match)
  const waiting = before.find(({ status }) => open.includes(status))
  if (before.some(({ status, proposedBy }) => proposedBy === side || status === 'accepted')) throw askedAlready()
  if (waiting?.proposedBy)
    throw new DomainError('conflict', 'The other side has proposed it: answer that.', {
      figures: { match: waiting.id }
    })
  if (side === 'receiver') await refuseTooMany(tx, request)
  const proposal = { status: 'proposed', proposedBy: side, proposedAt: tx.now, expiresAt: match.expiresAt }
  // a suggestion that is taken up; whoever has put it aside has thought better of it
  const written = waiting
    ? await changeMatch(tx, waiting, { ...proposal, offerId: match.offerId })
    : await insertMatch(tx, { ...match, ...proposal })
  await note(tx, [
    {
      match: written,
      action: 'proposed',
      before: waiting ? 'suggested' : null,
      onBehalfOf: staff ? sideOf(written, side).memberId : null,
      told: await toldOn(tx, written, otherSide(side))
    }
  ])
  return written
}

/** The owner of the request proposes what a broker has suggested. */
export async function takeUp(tx: Tx, id: string): Promise<Match> {
  const { match } = await seen(tx, await findMatch(tx, id))
  if (match.proposedBy !== null || !open.includes(match.status)) throw wrongState('proposed')
  const { requestId, offerId, providerId } = match
  return proposeMatch(tx, offerId ? { requestId, offerId } : { requestId, memberId: providerId }, 'receiver')
}

export type Acceptance = { minutes?: number | undefined; performedOn?: string | undefined }

/**
 * The side that was asked says yes: an exchange is proposed from it to the other, who agrees there to minutes and day. No more
 * are accepted than the request has places for; one that is full may have a place again, and until then the others wait.
 */
export async function accept(tx: Tx, id: string, { minutes, performedOn }: Acceptance): Promise<Match> {
  const { requestId } = (await seen(tx, await findMatch(tx, id))).match
  // before the match, as everywhere: of two for the last place the second sees the first
  const request = (await lockListing(tx, 'request', requestId)) as Request
  const { match, staff } = await seen(tx, await lockMatch(tx, id))
  const side = await answering(tx, match)
  if (match.proposedBy === null || !open.includes(match.status) || match.expiresAt <= tx.now)
    throw wrongState('accepted')
  if ((await placesTaken(tx, requestId)) >= request.helpersNeeded)
    throw new DomainError('conflict', 'The request needs nobody more at present.', {
      figures: { helpersNeeded: request.helpersNeeded }
    })
  const offer = match.offerId === null ? null : await getOffer(tx, match.offerId)
  const agreed = minutes ?? request.estimatedMinutes ?? offer?.estimatedMinutes
  if (!agreed)
    throw new DomainError('validation-failed', 'Say for how many minutes: neither the request nor the offer does.', {
      errors: [{ pointer: '/minutes', detail: 'Needed.' }]
    })
  const partOf = (name: SideName) => {
    const { memberId, organisationId } = sideOf(match, name)
    return organisationId === null
      ? { capacity: 'citizen' as const, memberId }
      : { capacity: 'organisation' as const, organisationId }
  }
  const exchange = await proposeExchange(
    tx,
    {
      provider: partOf('provider'),
      receiver: partOf('receiver'),
      categoryId: request.categoryId,
      requestId,
      offerId: match.offerId ?? undefined,
      description: request.title,
      minutes: agreed,
      performedOn
    },
    side
  )
  const after = await changeMatch(tx, match, { status: 'accepted', exchangeId: exchange.id, closedAt: tx.now })
  await note(tx, [
    {
      match: after,
      action: 'accepted',
      before: 'proposed',
      onBehalfOf: staff ? sideOf(after, side).memberId : null,
      told: await toldOn(tx, after, otherSide(side))
    }
  ])
  return after
}

/**
 * The side that was asked says no, or the owner of a request puts a suggestion aside. To everybody else it stands as before
 * until its time is over, and then it has expired like one that nobody answered. Nothing is noted, and nobody is told.
 */
export async function declineMatch(tx: Tx, id: string): Promise<Match> {
  const { match } = await seen(tx, await lockMatch(tx, id))
  await answering(tx, match)
  if (!open.includes(match.status) || match.expiresAt <= tx.now) throw wrongState('declined')
  return changeMatch(tx, match, { status: 'declined' })
}

/** Who has proposed it, or staff who have suggested it, take it back. */
export async function withdrawMatch(tx: Tx, id: string): Promise<Match> {
  const { match, own, staff } = await seen(tx, await lockMatch(tx, id))
  if (match.proposedBy === null ? !staff : !staff && own !== match.proposedBy)
    throw new DomainError('forbidden', 'Who has proposed it takes it back; you may decline it.')
  if (!open.includes(match.status)) throw wrongState('withdrawn')
  const after = await changeMatch(tx, match, { status: 'withdrawn', closedAt: tx.now })
  const side = (match.proposedBy ?? 'provider') as SideName
  await note(tx, [
    {
      match: after,
      action: 'withdrawn',
      before: match.proposedBy === null ? 'suggested' : 'proposed',
      onBehalfOf: staff && match.proposedBy !== null ? sideOf(after, side).memberId : null,
      // who has said no has done with it
      told: match.status === 'declined' ? [] : await toldOn(tx, after, otherSide(side)),
      notice: 'closed'
    }
  ])
  return after
}

/** A match with how the actor stands to it; to others it is not there, nor is a suggestion to the one who is suggested. */
export async function seen(tx: Tx, match: Match): Promise<{ match: Match; own: SideName | null; staff: boolean }> {
  const { own, staff } = await standingOf(tx, match)
  if (!staff && (own === null || (own === 'provider' && match.proposedBy === null))) throw notFound('match')
  return { match, own, staff }
}

async function answering(tx: Tx, match: Match): Promise<SideName> {
  const side = match.proposedBy === null ? 'receiver' : otherSide(match.proposedBy as SideName)
  const { own, staff } = await standingOf(tx, match)
  if (own === side || staff) return side
  throw new DomainError('own-confirmation', `The ${side} answers; the ${otherSide(side)} proposed.`)
}

/** Locks the request, so that what is counted of it stays; checks that these two may come together. */
async function begin(tx: Tx, pair: Pair): Promise<{ match: Match; request: Request }> {
  const { requestId, offerId, memberId } = pair
  if (offerId && memberId)
    throw new DomainError('validation-failed', 'An offer has its member: give one of the two.', {
      errors: [{ pointer: '/memberId', detail: 'Not beside offerId.' }]
    })
  await visible(tx, await getRequest(tx, requestId))
  const request = (await lockListing(tx, 'request', requestId)) as Request
  const offer = offerId ? await visible(tx, await getOffer(tx, offerId)) : null
  const provider = offer
    ? { memberId: offer.membershipId, organisationId: offer.organisationId }
    : { memberId: await helper(tx, memberId), organisationId: null }
  const { rules } = await currentPolicy(tx)
  const match: Match = {
    timebankId: tx.timebankId,
    id: newId(),
    status: 'suggested',
    requestId: request.id,
    offerId: offer?.id ?? null,
    providerId: provider.memberId,
    providerOrganisationId: provider.organisationId,
    receiverId: request.membershipId,
    receiverOrganisationId: request.organisationId,
    suggestedBy: null,
    proposedBy: null,
    proposedAt: null,
    expiresAt: new Date(tx.now.getTime() + rules.matchExpiresDays * dayMs),
    closedAt: null,
    exchangeId: null,
    createdAt: tx.now
  }
  if (match.providerId === match.receiverId || sameOrganisation(match)) throw new DomainError('same-party')
  if (!['open', 'matched', 'in_progress'].includes(request.status))
    throw notOpen('/requestId', 'The request is not open.')
  if (offer && offer.status !== 'open') throw notOpen('/offerId', 'The offer is not open.')
  if ((await getCategory(tx, request.categoryId)).closed) throw new DomainError('category-closed')
  for (const side of [match.providerId, match.receiverId])
    if ((await memberParty(tx, side)).status !== 'active') throw new DomainError('party-not-active')
  const citizens = match.providerOrganisationId === null && match.receiverOrganisationId === null
  if (rules.familyExchanges !== 'allowed' && citizens && (await areFamily(tx, match.providerId, match.receiverId)))
    throw new DomainError('family-unofficial-only')
  if ((await placesTaken(tx, request.id)) >= request.helpersNeeded)
    throw new DomainError('conflict', 'The request needs nobody more at present.', {
      figures: { helpersNeeded: request.helpersNeeded }
    })
  return { match, request }
}

const sameOrganisation = ({ providerOrganisationId, receiverOrganisationId }: Match): boolean =>
  providerOrganisationId !== null && providerOrganisationId === receiverOrganisationId

/** Of others one sees what is open and whose owner takes part; all else is not there. */
async function visible<T extends Listing>(tx: Tx, listing: T): Promise<T> {
  if (speaksForEveryone(tx) || (await isOwn(tx, listing))) return listing
  if (listing.status === 'open' && (await memberParty(tx, listing.membershipId)).status === 'active') return listing
  throw notFound(listing.kind)
}

/** A member without an offer: oneself, or somebody whose profile one sees. */
async function helper(tx: Tx, memberId: string | undefined): Promise<string> {
  const id = memberId?.toLowerCase() ?? tx.actor.membershipId
  if (id === null) throw notFound('member')
  if (id === tx.actor.membershipId) return id
  const member = await findMembership(tx, id)
  if (!member || !(isVisibleToMembers(member) || speaksForEveryone(tx))) throw notFound('member')
  return id
}

/** All that there has been between the two about this request. */
const between = (tx: Tx, { requestId, providerId, providerOrganisationId }: Match): Promise<Match[]> =>
  tx.db
    .select()
    .from(matches)
    .where(
      and(
        eq(matches.timebankId, tx.timebankId),
        eq(matches.requestId, requestId),
        sql`coalesce(${matches.providerOrganisationId}, ${matches.providerId}) = ${providerOrganisationId ?? providerId}`
      )
    )
    .for('update')

/** Those who have said no count: that one more may be asked would tell of them. */
async function refuseTooMany(tx: Tx, request: Request): Promise<void> {
  const [asked] = await tx.db
    .select({ n: count() })
    .from(matches)
    .where(
      and(
        eq(matches.timebankId, tx.timebankId),
        eq(matches.requestId, request.id),
        eq(matches.proposedBy, 'receiver'),
        inArray(matches.status, open)
      )
    )
  const most = request.helpersNeeded + askedBeyondNeed
  if (asked!.n >= most)
    throw new DomainError('conflict', 'As many have been asked as may be at one time.', { figures: { most } })
}

/** Places of a request that are filled: agreed exchanges, and those proposed by who has accepted. */
export async function placesTaken(tx: Tx, requestId: string): Promise<number> {
  const { rows } = await tx.client.query<{ n: number }>({
    name: 'matching.places_taken',
    text: `SELECT ${placesTakenSql('$1', '$2')}::integer AS n`,
    values: [tx.timebankId, requestId]
  })
  return rows[0]!.n
}

export const placesTakenSql = (timebank: string, request: string): string => `(
  SELECT count(*) FROM exchanges.exchanges e
   WHERE e.timebank_id = ${timebank} AND e.request_id = ${request} AND e.status NOT IN ('declined', 'cancelled', 'reversed')
     AND (e.status <> 'proposed' OR EXISTS (
       SELECT FROM matching.matches m WHERE m.timebank_id = e.timebank_id AND m.exchange_id = e.id AND m.status = 'accepted')))`

const notOpen = (pointer: string, detail: string) =>
  new DomainError('conflict', detail, { errors: [{ pointer, detail }] })

const askedAlready = () => new DomainError('already-exists', 'They have been asked for this request already.')

const wrongState = (step: string) => new DomainError('wrong-state', `A match that is no longer open cannot be ${step}.`)
