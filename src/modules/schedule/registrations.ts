import { and, asc, eq, gt, inArray, isNull, ne, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import type { SideName } from '../exchanges/index.ts'
import { memberParty } from '../members/index.ts'
import { getArrangement, lockArrangement, requireStatus } from './arrangements.ts'
import type { Arrangement, Session } from './planning.ts'
import { excuse, expect, spanOf } from './slots.ts'
import { registrations, sessions } from './tables.ts'
import { note } from './telling.ts'

export type Registration = typeof registrations.$inferSelect

/** For all sessions of a group, or for one. */
export type NewRegistration = { as: SideName; memberId?: string | undefined; sessionId?: string | undefined }

const inForce = ['registered', 'waiting']

const ofGroup = (tx: Tx, arrangementId: string) =>
  and(eq(registrations.timebankId, tx.timebankId), eq(registrations.arrangementId, arrangementId))

/** In which of these groups the actor has a place. */
export async function isRegistered(tx: Tx, arrangementIds: readonly string[]): Promise<(id: string) => boolean> {
  if (arrangementIds.length === 0 || tx.actor.membershipId === null) return () => false
  const rows = await tx.db
    .select({ id: registrations.arrangementId })
    .from(registrations)
    .where(
      and(
        eq(registrations.timebankId, tx.timebankId),
        eq(registrations.memberId, tx.actor.membershipId),
        inArray(registrations.arrangementId, [...arrangementIds]),
        eq(registrations.status, 'registered')
      )
    )
  const ids = new Set(rows.map(({ id }) => id))
  return (id) => ids.has(id)
}

/**
 * A member takes part in a group, or a broker enters one who has said so: to give or to receive, in all sessions or in one.
 * Places are for receivers; where there is none left, they wait. Of two who want the last place at once one waits.
 */
export async function register(tx: Tx, arrangementId: string, input: NewRegistration): Promise<Registration> {
  const { arrangement } = await lockArrangement(tx, arrangementId)
  requireStatus(arrangement, ['active'], 'joined')
  if (arrangement.kind !== 'group') throw new DomainError('wrong-state', 'Only groups have places.')
  const me = tx.actor.membershipId
  const member = await memberParty(tx, (input.memberId ?? me!).toLowerCase())
  if (member.membershipId !== me && !isStaff(tx.actor))
    throw new DomainError('forbidden', 'You may register yourself; a broker enters others.')
  if (member.status !== 'active') throw new DomainError('party-not-active')
  if (member.membershipId === arrangement.providerId)
    throw new DomainError('conflict', 'Who leads a group is there anyway.')
  const ahead = await sessionsAhead(tx, arrangement)
  const sessionId = input.sessionId?.toLowerCase() ?? null
  if (sessionId !== null && !ahead.some(({ id }) => id === sessionId))
    refuseFaults([{ pointer: '/sessionId', detail: 'Is no session of this group that lies ahead.' }])
  const theirs = await tx.db
    .select()
    .from(registrations)
    .where(
      and(
        ofGroup(tx, arrangement.id),
        eq(registrations.memberId, member.membershipId),
        inArray(registrations.status, inForce)
      )
    )
  if (theirs.some((other) => other.sessionId === null || other.sessionId === sessionId))
    throw new DomainError('already-exists', 'They have, or wait for, a place in it.')
  // who comes to all of them needs no place in one
  if (sessionId === null) for (const single of theirs) await end(tx, single, ahead)
  const wanted = { role: input.as, sessionId }
  const free = await hasPlace(tx, arrangement, wanted, ahead)
  const [registration] = await tx.db
    .insert(registrations)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      arrangementId: arrangement.id,
      sessionId,
      memberId: member.membershipId,
      role: input.as,
      status: free ? 'registered' : 'waiting',
      registeredAt: tx.now
    })
    .returning()
  if (free) await expectAt(tx, registration!, ahead)
  await note(
    tx,
    {
      action: 'arrangement.registered',
      subject: { type: 'arrangement', id: arrangement.id },
      onBehalfOf: member.membershipId,
      changes: { status: registration!.status, role: input.as }
    },
    'arrangement.registered',
    [member.membershipId]
  )
  return registration!
}

/** A member gives up their place, or a broker for them. It goes to the first of those who wait. */
export async function unregister(tx: Tx, arrangementId: string, id: string): Promise<Registration> {
  const { arrangement } = await lockArrangement(tx, arrangementId)
  const [registration] = await tx.db
    .select()
    .from(registrations)
    .where(and(ofGroup(tx, arrangement.id), eq(registrations.id, id)))
  const own = registration?.memberId === tx.actor.membershipId
  if (!registration || !(own || isStaff(tx.actor))) throw notFound('registration')
  if (!inForce.includes(registration.status))
    throw new DomainError('wrong-state', 'It has ended already.', { figures: { state: registration.status } })
  const ahead = await sessionsAhead(tx, arrangement)
  const ended = await end(tx, registration, ahead)
  await note(
    tx,
    {
      action: 'arrangement.unregistered',
      subject: { type: 'arrangement', id: arrangement.id },
      onBehalfOf: registration.memberId
    },
    null,
    []
  )
  await fillPlaces(tx, arrangement, ahead)
  return ended
}

/** Those who wait get what has become free, first come first served. The arrangement is locked. */
export async function fillPlaces(tx: Tx, arrangement: Arrangement, given?: readonly Session[]): Promise<void> {
  if (arrangement.kind !== 'group' || arrangement.status !== 'active') return
  const ahead = given ?? (await sessionsAhead(tx, arrangement))
  const waiting = await tx.db
    .select()
    .from(registrations)
    .where(and(ofGroup(tx, arrangement.id), eq(registrations.status, 'waiting')))
    .orderBy(asc(registrations.id))
  for (const registration of waiting) {
    // for a session that is over nobody waits any more
    const over = registration.sessionId !== null && !ahead.some(({ id }) => id === registration.sessionId)
    if (over || !(await hasPlace(tx, arrangement, registration, ahead))) continue
    await tx.db
      .update(registrations)
      .set({ status: 'registered' })
      .where(and(ofGroup(tx, arrangement.id), eq(registrations.id, registration.id)))
    await expectAt(tx, registration, ahead)
    await note(
      tx,
      { action: 'arrangement.place-given', subject: { type: 'arrangement', id: arrangement.id } },
      'arrangement.place-given',
      [registration.memberId]
    )
  }
}

/** Places taken in all sessions, and the most that are taken beside in any one that lies ahead (or in that one). */
async function hasPlace(
  tx: Tx,
  arrangement: Arrangement,
  { role, sessionId }: Pick<Registration, 'role' | 'sessionId'>,
  ahead: readonly Session[]
): Promise<boolean> {
  if (role === 'provider') return true
  const rows = await tx.db
    .select({ sessionId: registrations.sessionId, taken: sql<number>`count(*)::integer` })
    .from(registrations)
    .where(and(ofGroup(tx, arrangement.id), eq(registrations.status, 'registered'), eq(registrations.role, 'receiver')))
    .groupBy(registrations.sessionId)
  const taken = new Map(rows.map((row) => [row.sessionId, row.taken]))
  const at = sessionId === null ? ahead.map(({ id }) => id) : [sessionId]
  const beside = Math.max(0, ...at.map((id) => taken.get(id) ?? 0))
  return (taken.get(null) ?? 0) + beside < arrangement.capacity!
}

const sessionsAhead = (tx: Tx, { id }: Arrangement): Promise<Session[]> =>
  tx.db
    .select()
    .from(sessions)
    .where(
      and(
        eq(sessions.timebankId, tx.timebankId),
        eq(sessions.arrangementId, id),
        gt(sessions.startsAt, tx.now),
        inArray(sessions.status, ['planned', 'skipped'])
      )
    )
    .orderBy(asc(sessions.startsAt))

const meant = ({ sessionId }: Pick<Registration, 'sessionId'>, ahead: readonly Session[]): Session[] =>
  ahead.filter(({ id }) => sessionId === null || sessionId === id)

const expectAt = (tx: Tx, registration: Registration, ahead: readonly Session[]): Promise<void> =>
  expect(
    tx,
    meant(registration, ahead)
      .filter(({ status }) => status === 'planned')
      .map((session) => ({
        memberId: registration.memberId,
        subject: 'session',
        subjectId: session.id,
        ...spanOf(session)
      }))
  )

async function end(tx: Tx, registration: Registration, ahead: readonly Session[]): Promise<Registration> {
  const [ended] = await tx.db
    .update(registrations)
    .set({ status: 'ended', endedAt: tx.now })
    .where(and(eq(registrations.timebankId, tx.timebankId), eq(registrations.id, registration.id)))
    .returning()
  await excuse(
    tx,
    registration.memberId,
    meant(registration, ahead).map(({ id }) => id)
  )
  return ended!
}

/** The leader and staff see all that are in force, in their order; others their own. One more than `limit` where there are more. */
export async function listRegistrations(
  tx: Tx,
  arrangementId: string,
  after: string | null,
  limit: number
): Promise<Registration[]> {
  const { own, staff, arrangement } = await getArrangement(tx, arrangementId)
  const all = own.length > 0 || staff || isStaff(tx.actor)
  return tx.db
    .select()
    .from(registrations)
    .where(
      and(
        ofGroup(tx, arrangement.id),
        ne(registrations.status, 'ended'),
        all ? undefined : eq(registrations.memberId, tx.actor.membershipId!),
        after === null ? undefined : gt(registrations.id, after)
      )
    )
    .orderBy(asc(registrations.id))
    .limit(limit + 1)
}

/** Who has a place in a session, as what: by a registration for all of them or for it. */
export async function placesIn(tx: Tx, { arrangementId, id }: Session): Promise<Map<string, SideName>> {
  const rows = await tx.db
    .select({ memberId: registrations.memberId, role: registrations.role })
    .from(registrations)
    .where(
      and(
        ofGroup(tx, arrangementId),
        eq(registrations.status, 'registered'),
        sql`(${isNull(registrations.sessionId)} OR ${eq(registrations.sessionId, id)})`
      )
    )
  return new Map(rows.map(({ memberId, role }) => [memberId, role as SideName]))
}

/** When a member leaves: others get their places. */
export async function giveUpPlaces(tx: Tx, membershipId: string): Promise<void> {
  const theirs = await tx.db
    .selectDistinct({ id: registrations.arrangementId })
    .from(registrations)
    .where(
      and(
        eq(registrations.timebankId, tx.timebankId),
        eq(registrations.memberId, membershipId),
        inArray(registrations.status, inForce)
      )
    )
    .orderBy(registrations.arrangementId)
  for (const { id } of theirs) {
    const { arrangement } = await lockArrangement(tx, id)
    await tx.db
      .update(registrations)
      .set({ status: 'ended', endedAt: tx.now })
      .where(and(ofGroup(tx, id), eq(registrations.memberId, membershipId), inArray(registrations.status, inForce)))
    await fillPlaces(tx, arrangement)
  }
}
