import { and, asc, eq, inArray, isNotNull, lt, lte } from 'drizzle-orm'
import { actAs, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { audit } from '../audit/index.ts'
import { type Circle, lockCircles, type Obstacle } from './circles.ts'
import { circles, links } from './tables.ts'
import { tell } from './telling.ts'

/**
 * A locked circle does not go ahead. Whoever or whatever brought that about, it reads the same afterwards, here and in the
 * audit: somebody has declined, the time is over, or an offer is gone. Who had agreed is forgotten, since it would tell who had not.
 */
export async function close(
  tx: Tx,
  circle: Circle,
  { obstacle = null, but = [] }: { obstacle?: Obstacle | null; but?: (string | null)[] } = {}
): Promise<void> {
  await tx.db
    .update(links)
    .set({
      standing: false,
      agreedAt: null,
      agreedByPerson: null,
      agreedByMembership: null,
      agreedSource: null,
      agreedSlip: null
    })
    .where(and(eq(links.timebankId, tx.timebankId), eq(links.circleId, circle.id)))
  await tx.db
    .update(circles)
    .set({ status: 'not_going_ahead', closedAt: tx.now, obstacle })
    .where(and(eq(circles.timebankId, tx.timebankId), eq(circles.id, circle.id)))
  await audit(actAs(tx, systemActor, tx.now), {
    action: 'circle.closed',
    subject: { type: 'circle', id: circle.id },
    changes: { status: [circle.status, 'not_going_ahead'], ...(obstacle ? { obstacle } : {}) }
  })
  await tell(tx, 'circle.closed', circle, ...but)
}

const atATime = 200

/** Hourly: the time is over, or somebody or something in it is no longer to be had. Gives how many; as many again may wait. */
export async function closeDue(tx: Tx): Promise<number> {
  const late = await tx.db
    .select({ id: circles.id })
    .from(circles)
    .where(and(eq(circles.timebankId, tx.timebankId), eq(circles.status, 'proposed'), lte(circles.expiresAt, tx.now)))
    .orderBy(asc(circles.expiresAt))
    .limit(atATime)
  const { rows: broken } = await tx.client.query<{ id: string }>({
    name: 'circles.broken',
    text: `SELECT DISTINCT l.circle_id AS id
             FROM circles.links l
             JOIN members.memberships m ON m.timebank_id = $1 AND m.id = l.provider_id
             JOIN listings.offers o ON o.timebank_id = $1 AND o.id = l.offer_id
             JOIN listings.requests r ON r.timebank_id = $1 AND r.id = l.request_id
            WHERE l.timebank_id = $1 AND l.standing
              AND (m.status <> 'active' OR o.status <> 'open' OR r.status <> 'open')
            LIMIT ${atATime}`,
    values: [tx.timebankId]
  })
  const ids = [...new Set([...late, ...broken].map(({ id }) => id))]
  const due = (await lockCircles(tx, ids)).filter(({ status }) => status === 'proposed')
  for (const circle of due) await close(tx, circle)
  return due.length
}

/** When a member leaves: circles that wait for them do not go ahead, and suggested ones are no more. */
export async function closeCirclesOf(tx: Tx, membershipId: string): Promise<void> {
  const theirs = await lockCircles(tx, await idsOf(tx, membershipId))
  for (const circle of theirs) if (circle.status === 'proposed') await close(tx, circle, { but: [membershipId] })
  await remove(
    tx,
    theirs.filter(({ status }) => status === 'suggested').map(({ id }) => id)
  )
}

/** When a member is erased: of circles that came to nothing nothing is left, and of the others not by which login they agreed. */
export async function forgetCirclesOf(tx: Tx, membershipId: string): Promise<void> {
  const theirs = await lockCircles(tx, await idsOf(tx, membershipId))
  await remove(
    tx,
    theirs.filter(({ status }) => status === 'suggested' || status === 'not_going_ahead').map(({ id }) => id)
  )
  await tx.db
    .update(links)
    .set({ agreedByPerson: null })
    .where(
      and(
        eq(links.timebankId, tx.timebankId),
        eq(links.providerId, membershipId),
        eq(links.agreedByMembership, membershipId),
        isNotNull(links.agreedByPerson)
      )
    )
}

async function idsOf(tx: Tx, membershipId: string): Promise<string[]> {
  const rows = await tx.db
    .select({ id: links.circleId })
    .from(links)
    .where(and(eq(links.timebankId, tx.timebankId), eq(links.providerId, membershipId)))
  return rows.map(({ id }) => id)
}

/** For so long the links of a circle that came to nothing are not suggested again; afterwards it is forgotten. */
const restDays = 60

export async function forgetClosed(tx: Tx): Promise<void> {
  const before = new Date(tx.now.getTime() - restDays * 24 * 60 * 60 * 1000)
  const old = await tx.db
    .select({ id: circles.id })
    .from(circles)
    .where(
      and(eq(circles.timebankId, tx.timebankId), eq(circles.status, 'not_going_ahead'), lt(circles.closedAt, before))
    )
    .limit(1000)
  await remove(
    tx,
    old.map(({ id }) => id)
  )
}

/** Only circles that nothing has come of. */
export async function remove(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.db.delete(links).where(and(eq(links.timebankId, tx.timebankId), inArray(links.circleId, [...ids])))
  await tx.db.delete(circles).where(and(eq(circles.timebankId, tx.timebankId), inArray(circles.id, [...ids])))
}
