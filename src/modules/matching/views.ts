import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { memberLabels, organisationLabels } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import type { Candidates, Kind } from './candidates.ts'
import { localesOf, titlesOf, visibleMembers } from './labels.ts'
import type { SeenMatch, WaitingRequest } from './read.ts'
import { reasonsFor } from './reasons.ts'
import type { candidateSchema, matchSchema, waitingSchema } from './schemas.ts'
import { type SideName, sideOf } from './standing.ts'

const present = (ids: readonly (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))]

/** Candidates with names and reasons. Members see as much of each as the list of offers and the profile show. */
export async function candidateViews(
  tx: Tx,
  kind: Kind,
  { about, items, tree, own }: Candidates
): Promise<z.output<typeof candidateSchema>[]> {
  const staff = isStaff(tx.actor)
  const listed = kind === 'request' ? 'offer' : 'request'
  const listings = await titlesOf(tx, listed, present(items.map(({ listing }) => listing)))
  const seen = items.filter(({ shown }) => shown || staff)
  const members = await memberLabels(tx, present(seen.map(({ member }) => member)))
  const organisations = await organisationLabels(tx, present(items.map(({ organisation }) => organisation)))
  const names = new Map(tree.map(({ id, name }) => [id, name]))
  const telling = {
    kind,
    locales: await localesOf(tx, (await currentPolicy(tx)).rules.locale),
    own,
    staff,
    categoryName: (id: string) => names.get(id) ?? null,
    topic: names.get(about.categoryId) ?? null,
    area: about.area
  }
  return items.map((candidate) => {
    const member = members.get(candidate.member)
    const organisation = candidate.organisation === null ? undefined : organisations.get(candidate.organisation)
    return {
      kind: candidate.listing === null ? 'member' : listed,
      listing: candidate.listing === null ? null : (listings.get(candidate.listing) ?? null),
      owner: member
        ? { memberId: candidate.member, memberNumber: member.number, displayName: member.displayName }
        : null,
      organisation: organisation ? { id: candidate.organisation!, name: organisation.name } : null,
      reasons: reasonsFor(candidate, telling).map(({ code, text, part }) => ({
        code,
        text,
        ...(staff ? { part: candidate.parts[part] } : {})
      }))
    }
  })
}

export type MatchView = z.output<typeof matchSchema>

/** Matches with titles and names, in one look-up for any number of them. Who proposes shows themselves by that. */
export async function matchViews(tx: Tx, found: readonly SeenMatch[]): Promise<MatchView[]> {
  const requests = await titlesOf(tx, 'request', present(found.map(({ requestId }) => requestId)))
  const offers = await titlesOf(tx, 'offer', present(found.map(({ offerId }) => offerId)))
  const people = present(found.flatMap(({ providerId, receiverId }) => [providerId, receiverId]))
  const members = await memberLabels(tx, people)
  const visible = await visibleMembers(tx, people)
  const organisations = await organisationLabels(
    tx,
    present(found.flatMap((x) => [x.providerOrganisationId, x.receiverOrganisationId]))
  )
  const staff = isStaff(tx.actor)
  return found.map((match) => {
    const side = (name: SideName) => {
      const { memberId, organisationId } = sideOf(match, name)
      const shows =
        staff || match.own === name || match.proposedBy === name || match.status === 'accepted' || visible.has(memberId)
      const member = organisationId === null && shows ? members.get(memberId) : undefined
      const organisation = organisationId === null ? undefined : organisations.get(organisationId)
      return {
        member: member ? { memberId, memberNumber: member.number, displayName: member.displayName } : null,
        organisation: organisation ? { id: organisationId!, name: organisation.name } : null
      }
    }
    const { id, status, suggestedBy, proposedBy, own, proposedAt, expiresAt, exchangeId, createdAt } = match
    // that a broker suggested somebody is between them and the request's owner
    const suggested = suggestedBy !== null && own !== 'provider'
    return {
      id,
      status: status as MatchView['status'],
      request: requests.get(match.requestId)!,
      offer: match.offerId === null ? null : offers.get(match.offerId)!,
      provider: side('provider'),
      receiver: side('receiver'),
      suggested,
      proposedBy: proposedBy as SideName | null,
      own,
      proposedAt,
      expiresAt,
      exchangeId,
      createdAt
    }
  })
}

export async function waitingViews(
  tx: Tx,
  found: readonly WaitingRequest[]
): Promise<z.output<typeof waitingSchema>[]> {
  const members = await memberLabels(tx, present(found.map(({ membershipId }) => membershipId)))
  const organisations = await organisationLabels(tx, present(found.map(({ organisationId }) => organisationId)))
  return found.map(({ id, membershipId, organisationId, status, ...rest }) => {
    const { number, displayName } = members.get(membershipId)!
    return {
      ...rest,
      requestId: id,
      status: status as 'open' | 'matched' | 'in_progress',
      owner: { memberId: membershipId, memberNumber: number, displayName },
      organisation:
        organisationId === null ? null : { id: organisationId, name: organisations.get(organisationId)!.name }
    }
  })
}
