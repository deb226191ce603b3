import { and, asc, desc, eq, inArray, lt, ne } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { circles, links } from './tables.ts'

export const circleStatuses = ['suggested', 'proposed', 'going_ahead', 'not_going_ahead'] as const
export type CircleStatus = (typeof circleStatuses)[number]

/** In general terms, for staff: what stood in the way of a circle to which all had agreed. */
export const obstacles = ['limit', 'listing', 'member', 'other'] as const
export type Obstacle = (typeof obstacles)[number]

type CircleRow = typeof circles.$inferSelect
export type CircleLink = typeof links.$inferSelect

/** With its links in the order of the ring. */
export type Circle = Omit<CircleRow, 'status' | 'obstacle'> & {
  status: CircleStatus
  obstacle: Obstacle | null
  links: CircleLink[]
}

const ofTimebank = (tx: Tx) => eq(circles.timebankId, tx.timebankId)

export const isIn = (circle: Circle, membershipId: string | null): boolean =>
  circle.links.some(({ providerId }) => providerId === membershipId)

/** Members see the circles that have been proposed to them, staff all. To everybody else there is none. */
export const sees = (tx: Tx, circle: Circle): boolean =>
  isStaff(tx.actor) || (circle.status !== 'suggested' && isIn(circle, tx.actor.membershipId))

export async function getCircle(tx: Tx, id: string): Promise<Circle> {
  const rows = await tx.db
    .select()
    .from(circles)
    .where(and(ofTimebank(tx), eq(circles.id, id)))
  const [circle] = await withLinks(tx, rows)
  if (!circle || !sees(tx, circle)) throw notFound('circle')
  return circle
}

/** Locked until the end of the transaction, so that of two answers at once the second sees the first. */
export async function lockCircle(tx: Tx, id: string): Promise<Circle> {
  const [circle] = await lockCircles(tx, [id])
  if (!circle || !sees(tx, circle)) throw notFound('circle')
  return circle
}

/** In the order of their ids, so that two who lock several do not wait for each other. */
export async function lockCircles(tx: Tx, ids: readonly string[]): Promise<Circle[]> {
  if (ids.length === 0) return []
  const rows = await tx.db
    .select()
    .from(circles)
    .where(and(ofTimebank(tx), inArray(circles.id, [...ids])))
    .orderBy(asc(circles.id))
    .for('update')
  return withLinks(tx, rows)
}

/** Their links in one look-up for any number of them. */
async function withLinks(tx: Tx, rows: readonly CircleRow[]): Promise<Circle[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const found = await tx.db
    .select()
    .from(links)
    .where(and(eq(links.timebankId, tx.timebankId), inArray(links.circleId, ids)))
    .orderBy(asc(links.circleId), asc(links.position))
  const linksOf = new Map(ids.map((id): [string, CircleLink[]] => [id, []]))
  for (const link of found) linksOf.get(link.circleId)!.push(link)
  return rows.map((row) => ({ ...(row as Omit<Circle, 'links'>), links: linksOf.get(row.id)! }))
}

export type CircleFilter = {
  status?: CircleStatus | undefined
  search?: string | undefined
  /** that this exchange is part of */
  exchange?: string | undefined
  /** only those in which the caller is; what members see in any case */
  mine?: boolean | undefined
}

/** Newest first; `before` is the id of the last one seen. One more than `limit` where there are more. */
export async function listCircles(
  tx: Tx,
  filter: CircleFilter,
  before: string | null,
  limit: number
): Promise<Circle[]> {
  const conditions = [
    ofTimebank(tx),
    filter.status === undefined ? undefined : eq(circles.status, filter.status),
    filter.search === undefined ? undefined : eq(circles.searchId, filter.search)
  ]
  const own = filter.mine || !isStaff(tx.actor)
  // a link is found by its provider or its exchange; without either of these none is needed
  if (!own && filter.exchange === undefined) {
    const rows = await tx.db
      .select()
      .from(circles)
      .where(and(...conditions, before === null ? undefined : lt(circles.id, before)))
      .orderBy(desc(circles.id))
      .limit(limit + 1)
    return withLinks(tx, rows)
  }
  const rows = await tx.db
    .select({ circle: circles })
    .from(links)
    .innerJoin(circles, and(eq(circles.timebankId, links.timebankId), eq(circles.id, links.circleId)))
    .where(
      and(
        eq(links.timebankId, tx.timebankId),
        own ? eq(links.providerId, tx.actor.membershipId!) : undefined,
        own ? ne(circles.status, 'suggested') : undefined,
        filter.exchange === undefined ? undefined : inCircleOf(tx, filter.exchange),
        before === null ? undefined : lt(links.circleId, before),
        ...conditions
      )
    )
    .orderBy(desc(links.circleId))
    .limit(limit + 1)
  const once = new Map(rows.map(({ circle }) => [circle.id, circle]))
  return withLinks(tx, [...once.values()])
}

/** Links of the circle that an exchange is part of. */
const inCircleOf = (tx: Tx, exchange: string) =>
  inArray(
    links.circleId,
    tx.db
      .select({ id: links.circleId })
      .from(links)
      .where(and(eq(links.timebankId, tx.timebankId), eq(links.exchangeId, exchange)))
  )
