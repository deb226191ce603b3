import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { listingsById } from '../listings/index.ts'
import { memberLabels } from '../members/index.ts'
import { type Circle, type CircleLink, isIn } from './circles.ts'
import type { circleSchema, searchSchema } from './schemas.ts'
import type { Search } from './searches.ts'

type CircleView = z.output<typeof circleSchema>
type LinkView = NonNullable<CircleView['gives']>

export const searchView = ({ budgetMs, milliseconds, ...search }: Search): z.output<typeof searchSchema> => ({
  ...(search as Omit<z.output<typeof searchSchema>, 'seconds' | 'budgetSeconds'>),
  seconds: milliseconds === null ? null : milliseconds / 1000,
  budgetSeconds: budgetMs / 1000
})

/** Circles as the caller may see them, in one look-up of each kind for any number of them. */
export async function viewsOf(tx: Tx, circles: readonly Circle[]): Promise<CircleView[]> {
  const all = circles.flatMap(({ links }) => links)
  const people = await memberLabels(tx, [...new Set(all.map(({ providerId }) => providerId))])
  const offers = await listingsById(
    tx,
    'offer',
    all.map(({ offerId }) => offerId)
  )
  const requests = await listingsById(
    tx,
    'request',
    all.map(({ requestId }) => requestId)
  )
  const me = tx.actor.membershipId
  const staff = isStaff(tx.actor)

  const person = (id: string, circle: Circle) => {
    const known = staff || id === me || circle.status === 'going_ahead' || people.get(id)!.visible
    return known ? { memberId: id, name: people.get(id)!.displayName } : { memberId: null, name: null }
  }
  const linkView = (link: CircleLink, circle: Circle): LinkView => ({
    provider: person(link.providerId, circle),
    receiver: person(link.receiverId, circle),
    offerId: link.offerId,
    offerTitle: offers.get(link.offerId)!.title,
    requestId: link.requestId,
    requestTitle: requests.get(link.requestId)!.title,
    categoryId: requests.get(link.requestId)!.categoryId,
    exchangeId: link.exchangeId
  })

  return circles.map((circle) => {
    const gives = circle.links.find(({ providerId }) => providerId === me)
    const receives = circle.links.find(({ receiverId }) => receiverId === me)
    return {
      id: circle.id,
      status: circle.status,
      minutes: circle.minutes,
      size: circle.size,
      proposedAt: circle.proposedAt,
      expiresAt: circle.expiresAt,
      agreed: tellsHowMany(circle, me) ? circle.links.filter(({ agreedAt }) => agreedAt !== null).length : null,
      gives: gives ? linkView(gives, circle) : null,
      receives: receives ? linkView(receives, circle) : null,
      haveAgreed: gives?.agreedAt != null,
      links: staff ? circle.links.map((link) => linkView(link, circle)) : null,
      searchId: staff ? circle.searchId : null,
      obstacle: staff ? circle.obstacle : null
    }
  })
}

/** Somebody in a ring of two or three who knows their own answer would learn too much from the number. */
const tellsHowMany = (circle: Circle, me: string | null): boolean =>
  circle.status === 'proposed' && (!isIn(circle, me) || circle.size >= 4)

export async function viewOf(tx: Tx, circle: Circle): Promise<CircleView> {
  const [view] = await viewsOf(tx, [circle])
  return view!
}
