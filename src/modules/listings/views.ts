import type { Tx } from '../../db/client.ts'
import { findMembership, isVisibleToMembers, memberLabels, organisationLabels } from '../members/index.ts'
import { isOwn, type Listing, seesAll } from './listings.ts'
import type { Found } from './search.ts'

type Seen = Listing & Pick<Found, 'own' | 'ownerShown' | 'distanceKm'>

export type ListingView = Omit<
  Listing,
  'kind' | 'membershipId' | 'organisationId' | 'latitude' | 'longitude' | 'status' | 'helpersNeeded'
> & {
  // the union of both kinds on the way to the serialiser of one
  status: never
  helpersNeeded: never
  own: boolean
  owner: { memberId: string; memberNumber: number; displayName: string } | null
  organisation: { id: string; name: string } | null
  coordinates: { latitude: number; longitude: number } | null
  distanceKm: number | null
}

const present = (ids: (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))]

/** As the asking member may see them: never contact data, and the place only as a distance unless it is one's own. */
export async function viewsOf(tx: Tx, listings: readonly Seen[]): Promise<ListingView[]> {
  const all = seesAll(tx)
  const shown = listings.filter(({ own, ownerShown }) => all || own || ownerShown)
  const members = await memberLabels(tx, present(shown.map(({ membershipId }) => membershipId)))
  const organisations = await organisationLabels(tx, present(listings.map(({ organisationId }) => organisationId)))
  return listings.map((listing) => {
    const { kind: _, membershipId, organisationId, latitude, longitude, own, ownerShown, ...rest } = listing
    const member = all || own || ownerShown ? members.get(membershipId) : undefined
    const organisation = organisationId === null ? undefined : organisations.get(organisationId)
    return {
      ...(rest as typeof rest & { status: never; helpersNeeded: never }),
      own,
      owner: member ? { memberId: membershipId, memberNumber: member.number, displayName: member.displayName } : null,
      organisation: organisation && organisationId !== null ? { id: organisationId, name: organisation.name } : null,
      coordinates: (all || own) && latitude !== null && longitude !== null ? { latitude, longitude } : null
    }
  })
}

export async function viewOf(tx: Tx, listing: Listing): Promise<ListingView> {
  const owner = await findMembership(tx, listing.membershipId)
  const ownerShown = owner !== null && isVisibleToMembers(owner)
  const [view] = await viewsOf(tx, [{ ...listing, own: await isOwn(tx, listing), ownerShown, distanceKm: null }])
  return view!
}
