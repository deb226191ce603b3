import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { disclose, scopesGiven } from '../consents/index.ts'
import {
  listedViews,
  listServiceRequests,
  readServiceRequest,
  type ServiceRequest,
  seeing
} from '../service-requests/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type Open, openAround } from './open.ts'
import { nextOf } from './page.ts'
import { overlapsOf, type Standing } from './picture.ts'
import type { AgencyView } from './schemas.ts'

type Item = AgencyView['contributions'][number]
type Category = Item['category']
type Allowed = { status: boolean; attendance: boolean; others: boolean }

const openStatuses: readonly string[] = ['requested', 'accepted', 'in_progress', 'on_hold']
const nothing: Allowed = { status: false, attendance: false, others: false }
/** Of one agency about one person, the newest. */
const mostOwn = 200

/**
 * What an agency sees around the person of a request of its own, by what that person allows at this moment. Before they have
 * said yes to that very request it is the request alone: whether a member number is anybody's, and whose, is not told.
 */
export async function agencyPageOf(tx: Tx, id: string): Promise<AgencyView> {
  const { agency } = tx.actor
  if (agency === undefined) throw notFound('service request')
  const asked = await readServiceRequest(tx, id)
  if (asked.kind !== 'referral') throw new DomainError('wrong-state', 'It is about nobody but the agency.')
  const { membershipId, consentedAt } = asked
  const person = consentedAt === null ? null : membershipId
  const allowed = person === null ? nothing : await allowedBy(tx, person, agency.organisationId)
  const day = today(tx, (await currentPolicy(tx)).rules)
  const around = person === null ? [] : await openAround(tx, person, day, true)
  // what waits for the person's yes is told of to nobody here; a budget is its funder's own
  const open = around.filter(({ agreed, kind }) => agreed || kind === 'budget')
  const requests = person === null ? [asked] : await ownAbout(tx, person, asked)
  const own = [
    ...(await referralItems(tx, requests, { open, day, allowed })),
    ...otherItems(open, agency.organisationId, day, allowed)
  ]
  const listed = new Set(own.map(({ id: itemId }) => itemId))
  const others = allowed.others ? othersIn(open, agency.organisationId) : null
  const overlaps = overlapsOf([...own.map(standingOf), ...(others ?? []).map(standingOf)])
  const overlapping = new Set(overlaps.map(({ category }) => category.id))
  const isOverlap = (category: Category) => category !== null && overlapping.has(category.id)
  await disclose(tx, [
    ...own.map((item) => ({
      membershipId,
      subject: { type: item.kind, id: item.id },
      // of a referral the rest is written down with its listing
      parts: [...(item.kind === 'service_request' ? [] : ['status']), ...(item.next === null ? [] : ['next'])]
    })),
    {
      membershipId,
      subject: { type: 'service_request', id },
      parts: others === null ? ['joined_up'] : ['joined_up', 'others_involved']
    }
  ])
  return {
    serviceRequestId: id,
    asOf: tx.now,
    contributions: own.map(({ source: _, ...item }) => ({
      ...item,
      partOf: item.partOf !== null && listed.has(item.partOf) ? item.partOf : null,
      overlap: isOverlap(item.category)
    })),
    others:
      others?.map(({ organisation, category }) => ({ organisation, category, overlap: isOverlap(category) })) ?? null,
    overlaps: overlaps.map(({ category }) => category),
    withheld: others === null ? ['others'] : []
  }
}

async function allowedBy(tx: Tx, membershipId: string, organisationId: string): Promise<Allowed> {
  const given = (await scopesGiven(tx, { organisationId, membershipIds: [membershipId] })).get(membershipId)!
  return {
    status: given.has('share_status'),
    attendance: given.has('share_attendance'),
    others: given.has('see_others_involved')
  }
}

/** Its referrals about the person; of those that wait for a yes only the one that was asked for. */
async function ownAbout(tx: Tx, person: string, asked: ServiceRequest): Promise<ServiceRequest[]> {
  const all = await listServiceRequests(tx, { memberId: person, kind: 'referral' }, null, mostOwn)
  return all.filter(({ id, consentedAt }) => id === asked.id || consentedAt !== null).reverse()
}

type Own = Omit<Item, 'overlap'> & { source: string }
type Around = { open: readonly Open[]; day: string; allowed: Allowed }

/**
 * Those that are open as far as the agency may know: one whose end it may not learn of stays, without its status, and nothing
 * else of it tells that either. What is read of each is written down with it.
 */
async function referralItems(tx: Tx, requests: readonly ServiceRequest[], around: Around): Promise<Own[]> {
  const see = await seeing(tx, requests)
  const listed = requests.filter((request) => {
    const { status } = see(request)
    return status === null || openStatuses.includes(status)
  })
  const { attendance } = around.allowed
  return (await listedViews(tx, listed)).map(({ id, category, title, status, createdAt, occurrence }) => {
    const firstOn = occurrence?.firstOn ?? null
    return {
      kind: 'service_request',
      id,
      partOf: null,
      source: id,
      category,
      title: title === '' ? null : title,
      status,
      since: createdAt,
      next: attendance ? nextOf({ id, firstOn, nextAt: null, nextOn: null }, around.open, around.day) : null,
      withheld: [...(status === null ? (['status'] as const) : []), ...(attendance ? [] : (['next'] as const))]
    }
  })
}

/** What its own people give, as far as the person has agreed to it and shares how things stand; and the budgets that it funds. */
function otherItems(open: readonly Open[], organisationId: string, day: string, allowed: Allowed): Own[] {
  return open
    .filter(({ organisation }) => organisation?.id === organisationId)
    .filter(
      ({ kind, agreed, givesCapacity }) =>
        kind === 'budget' ||
        ((kind === 'exchange' || kind === 'arrangement') && agreed && givesCapacity !== 'citizen' && allowed.status)
    )
    .map((one) => ({
      kind: one.kind,
      id: one.id,
      partOf: one.partOf,
      source: one.source,
      category: one.category,
      title: null,
      status: one.status,
      since: one.since,
      next: allowed.attendance ? nextOf(one, open, day) : null,
      withheld: allowed.attendance || one.kind === 'budget' ? [] : ['next']
    }))
}

type Other = { organisation: string; category: Category; partOf: string | null }

/** Each organisation and category once, of what the person has agreed to; in the order of their names, which tells nothing. */
function othersIn(open: readonly Open[], organisationId: string): Other[] {
  const found = new Map<string, Other>()
  for (const { agreed, organisation, category, partOf } of open) {
    if (!agreed || organisation === null || organisation.id === organisationId) continue
    const key = `${organisation.id} ${category?.id}`
    const before = found.get(key)
    found.set(key, { organisation: organisation.name, category, partOf: before ? null : partOf })
  }
  const text = ({ organisation, category }: Other) => `${organisation} ${category?.name ?? ''}`
  return [...found.values()].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

const standingOf = ({ category, partOf, ...one }: Own | Other, at: number): Standing => ({
  id: 'id' in one ? one.id : `other ${at}`,
  source: 'source' in one ? one.source : `other ${at}`,
  partOf,
  category
})
