import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { newId } from '../../shared/ids.ts'
import { type Occurrence, occurrencesOf } from './rule.ts'
import { expect, moveSlots, spanOf } from './slots.ts'
import { arrangements, registrations, sessions } from './tables.ts'
import { membersOnSides } from './telling.ts'

export type Arrangement = typeof arrangements.$inferSelect
export type Session = typeof sessions.$inferSelect

export const arrangementStatuses = [
  'proposed',
  'awaiting_approval',
  'active',
  'ended',
  'cancelled',
  'declined'
] as const

/** Sessions of a rule are made for so long ahead; a single one at once. */
export const horizonMs = 8 * 7 * 86_400_000
const forGood = new Date('9999-01-01T00:00:00Z')

const ofArrangement = (tx: Tx, { id }: Pick<Arrangement, 'id'>) =>
  and(eq(sessions.timebankId, tx.timebankId), eq(sessions.arrangementId, id))

/**
 * Makes the sessions of an arrangement that lie ahead and are not there yet, up to the horizon. What lies behind when it is
 * agreed to is not made up for. Done again it changes nothing. The arrangement is locked, or has just been made.
 */
export async function planSessions(tx: Tx, arrangement: Arrangement): Promise<Arrangement> {
  const horizon = horizonOf(tx)
  const from = arrangement.plannedThrough ?? tx.now
  const found = upTo(arrangement, from, horizon)
  await makeSessions(tx, arrangement, found.occurrences)
  const [after] = await tx.db
    .update(arrangements)
    .set({ plannedThrough: found.exhausted ? forGood : horizon })
    .where(and(eq(arrangements.timebankId, tx.timebankId), eq(arrangements.id, arrangement.id)))
    .returning()
  return after!
}

const horizonOf = (tx: Tx): Date => new Date(tx.now.getTime() + horizonMs)

function upTo(arrangement: Arrangement, after: Date, horizon: Date): { occurrences: Occurrence[]; exhausted: boolean } {
  const found: Occurrence[] = []
  for (const occurrence of occurrencesOf(arrangement)) {
    if (arrangement.rrule !== null && occurrence.startsAt > horizon) return { occurrences: found, exhausted: false }
    if (occurrence.startsAt > after) found.push(occurrence)
  }
  return { occurrences: found, exhausted: true }
}

/** When its sessions of the next weeks would be, for telling conflicts before there are any. */
export const plannedSpans = (tx: Tx, arrangement: Arrangement) =>
  upTo(arrangement, tx.now, horizonOf(tx)).occurrences.map(({ startsAt }) =>
    spanOf({ startsAt, minutes: arrangement.minutes })
  )

async function makeSessions(tx: Tx, arrangement: Arrangement, occurrences: readonly Occurrence[]): Promise<void> {
  if (occurrences.length === 0) return
  const { timeZone, minutes, place, onlineLink } = arrangement
  const made = await tx.db
    .insert(sessions)
    .values(
      occurrences.map(({ date, local, startsAt }) => ({
        timebankId: tx.timebankId,
        id: newId(),
        arrangementId: arrangement.id,
        ruleDate: date,
        localStart: local,
        timeZone,
        minutes,
        place,
        onlineLink,
        startsAt,
        status: 'planned',
        updatedAt: tx.now
      }))
    )
    .onConflictDoNothing()
    .returning()
  await expectAtAll(tx, arrangement, made)
}

/** Expects at sessions those who come to all of them. */
async function expectAtAll(tx: Tx, arrangement: Arrangement, those: readonly Session[]): Promise<void> {
  if (those.length === 0) return
  const people = await expectedAtAll(tx, arrangement)
  await expect(
    tx,
    those.flatMap((session) =>
      people.map((memberId) => ({ memberId, subject: 'session' as const, subjectId: session.id, ...spanOf(session) }))
    )
  )
}

/** Who is expected at every session: both sides; of a group the leader and those registered for all. */
async function expectedAtAll(tx: Tx, arrangement: Arrangement): Promise<string[]> {
  const sides = await membersOnSides(tx, arrangement)
  if (arrangement.kind === 'pair') return sides
  const rows = await tx.db
    .select({ memberId: registrations.memberId })
    .from(registrations)
    .where(
      and(
        eq(registrations.timebankId, tx.timebankId),
        eq(registrations.arrangementId, arrangement.id),
        eq(registrations.status, 'registered'),
        sql`${registrations.sessionId} is null`
      )
    )
  return [...new Set([...sides, ...rows.map(({ memberId }) => memberId)])]
}

/** All who have, or wait for, a place in a group or one of its sessions. */
export async function registeredIn(tx: Tx, arrangement: Pick<Arrangement, 'id' | 'kind'>): Promise<string[]> {
  if (arrangement.kind === 'pair') return []
  const rows = await tx.db
    .selectDistinct({ memberId: registrations.memberId })
    .from(registrations)
    .where(
      and(
        eq(registrations.timebankId, tx.timebankId),
        eq(registrations.arrangementId, arrangement.id),
        inArray(registrations.status, ['registered', 'waiting'])
      )
    )
  return rows.map(({ memberId }) => memberId)
}

/**
 * After a change: sessions that lie ahead and were not changed by themselves get the time and place of now, those that the rule
 * no longer gives are cancelled, new ones are made. Gives who, beside the two sides, should know.
 */
export async function replanSessions(tx: Tx, arrangement: Arrangement): Promise<string[]> {
  const { occurrences, exhausted } = upTo(arrangement, tx.now, horizonOf(tx))
  const wanted = new Map(occurrences.map((occurrence) => [occurrence.date, occurrence]))
  const ahead = await tx.db
    .select()
    .from(sessions)
    .where(and(ofArrangement(tx, arrangement), gt(sessions.startsAt, tx.now)))
    .orderBy(asc(sessions.startsAt))
    .for('update')
  const { timeZone, minutes, place, onlineLink } = arrangement
  for (const session of ahead) {
    const occurrence = wanted.get(session.ruleDate)
    wanted.delete(session.ruleDate)
    if (session.changed || !['planned', 'cancelled'].includes(session.status)) continue
    if (!occurrence) {
      if (session.status === 'planned') await updateSession(tx, session, { status: 'cancelled', closedAt: tx.now })
      continue
    }
    const next = {
      localStart: occurrence.local,
      startsAt: occurrence.startsAt,
      status: 'planned',
      closedAt: null,
      timeZone,
      minutes,
      place,
      onlineLink
    }
    const same = (Object.keys(next) as (keyof typeof next)[]).every(
      (field) => String(session[field]) === String(next[field])
    )
    if (same) continue
    const after = await updateSession(tx, session, next)
    // who came to it while it was cancelled was not expected at it
    if (session.status === 'cancelled') await expectAtAll(tx, arrangement, [after])
  }
  await makeSessions(tx, arrangement, [...wanted.values()])
  await tx.db
    .update(arrangements)
    .set({ plannedThrough: exhausted ? forGood : horizonOf(tx) })
    .where(and(eq(arrangements.timebankId, tx.timebankId), eq(arrangements.id, arrangement.id)))
  return registeredIn(tx, arrangement)
}

/** Writes what has become of a session that is locked, and moves those who are expected at it. */
export async function updateSession(tx: Tx, before: Session, change: Partial<Session>): Promise<Session> {
  const [after] = await tx.db
    .update(sessions)
    .set({ ...change, updatedAt: tx.now, rowVersion: before.rowVersion + 1 })
    .where(and(eq(sessions.timebankId, tx.timebankId), eq(sessions.id, before.id)))
    .returning()
  await moveSlots(tx, before.id, spanOf(after!), after!.status === 'skipped' || after!.status === 'cancelled')
  return after!
}

/**
 * When an arrangement ends: sessions that lie ahead are cancelled; `everything`: also those behind that nobody has reported.
 * Gives who, beside the two sides, should know.
 */
export async function cancelPlanned(tx: Tx, arrangement: Arrangement, everything: boolean): Promise<string[]> {
  const planned = await tx.db
    .select()
    .from(sessions)
    .where(
      and(
        ofArrangement(tx, arrangement),
        eq(sessions.status, 'planned'),
        everything ? undefined : gt(sessions.startsAt, tx.now)
      )
    )
    .orderBy(asc(sessions.startsAt))
    .for('update')
  for (const session of planned) await updateSession(tx, session, { status: 'cancelled', closedAt: tx.now })
  const others = await registeredIn(tx, arrangement)
  if (arrangement.kind === 'group')
    await tx.db
      .update(registrations)
      .set({ status: 'ended', endedAt: tx.now })
      .where(
        and(
          eq(registrations.timebankId, tx.timebankId),
          eq(registrations.arrangementId, arrangement.id),
          inArray(registrations.status, ['registered', 'waiting'])
        )
      )
  return others
}
