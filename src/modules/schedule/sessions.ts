import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { dateIn } from '../../shared/clock.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { instantOf } from '../../shared/local-time.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import { type NewGroup, reportAgreed, type SideInput, type SideName, sideOf } from '../exchanges/index.ts'
import type { Moved } from './appointments.ts'
import { getArrangement, type Held, lockArrangement, requireSpeaker } from './arrangements.ts'
import { type Arrangement, registeredIn, type Session, updateSession } from './planning.ts'
import { placesIn } from './registrations.ts'
import { expect, spanOf } from './slots.ts'
import { sessions } from './tables.ts'
import { concernedBy, note } from './telling.ts'

export type HeldSession = Held & { session: Session }

const one = (tx: Tx, id: string) => and(eq(sessions.timebankId, tx.timebankId), eq(sessions.id, id))

/** To who may see its arrangement; to others it is not there. */
export async function getSession(tx: Tx, id: string): Promise<HeldSession> {
  const [session] = await tx.db.select().from(sessions).where(one(tx, id))
  if (!session) throw notFound('session')
  return { ...(await seen(tx, session.arrangementId)), session }
}

/** Locked until the end of the transaction, so that of two steps at once the second sees the first. */
export async function lockSession(tx: Tx, id: string): Promise<HeldSession> {
  const [session] = await tx.db.select().from(sessions).where(one(tx, id)).for('update')
  if (!session) throw notFound('session')
  const held = await seen(tx, session.arrangementId)
  requireSpeaker(held)
  return { ...held, session }
}

/** A session that one may not see is not there, and neither is its arrangement. */
const seen = (tx: Tx, arrangementId: string): Promise<Held> =>
  getArrangement(tx, arrangementId).catch((error: unknown) => {
    throw error instanceof DomainError && error.code === 'not-found' ? notFound('session') : error
  })

/** One session at another time or place. The arrangement, and the other sessions, stay as they are. */
export async function changeSession(tx: Tx, id: string, change: Moved, expected: number): Promise<Session> {
  const held = await lockSession(tx, id)
  const { session } = held
  requireSessionStatus(session, ['planned'], 'changed')
  if (session.rowVersion !== expected) throw new DomainError('precondition-failed')
  const { startsAt: localStart = session.localStart, timeZone = session.timeZone } = change
  const after = await updateSession(tx, session, {
    localStart,
    timeZone,
    startsAt: instantOf(localStart, timeZone),
    minutes: change.minutes ?? session.minutes,
    place: change.place === undefined ? session.place : change.place || null,
    onlineLink: change.onlineLink === undefined ? session.onlineLink : change.onlineLink || null,
    changed: true
  })
  await noteSession(tx, held, 'changed', { changes: { startsAt: [session.startsAt, after.startsAt] } })
  return after
}

/** It does not take place; the next ones do. It needs no reason. */
export async function skipSession(tx: Tx, id: string, reason: string | null): Promise<Session> {
  const held = await lockSession(tx, id)
  requireSessionStatus(held.session, ['planned'], 'skipped')
  const after = await updateSession(tx, held.session, { status: 'skipped', reason, closedAt: tx.now })
  await noteSession(tx, held, 'skipped', { reason })
  return after
}

/** It takes place after all, or they had come after all. Not of an arrangement that has ended, where it lies ahead. */
export async function restoreSession(tx: Tx, id: string): Promise<Session> {
  // who ends it at the same time does not see this one among those that lie ahead: the arrangement is locked first, as there
  await lockArrangement(tx, (await getSession(tx, id)).arrangement.id)
  const held = await lockSession(tx, id)
  requireSessionStatus(held.session, ['skipped', 'no_show'], 'restored')
  if (held.arrangement.status !== 'active' && held.session.startsAt > tx.now)
    throw new DomainError('wrong-state', 'Its arrangement has ended.', { figures: { state: held.arrangement.status } })
  const after = await updateSession(tx, held.session, { status: 'planned', reason: null, absent: null, closedAt: null })
  // who has registered while it was skipped was not expected at it
  const there = [...(await placesIn(tx, after)).keys()]
  await expect(
    tx,
    there.map((memberId) => ({ memberId, subject: 'session', subjectId: after.id, ...spanOf(after) }))
  )
  await noteSession(tx, held, 'restored')
  return after
}

export type SessionReport = Pick<NewGroup, 'guardianConsent' | 'budgetId'> & { minutes?: number | undefined }

/**
 * One side, or a broker, reports that it took place, which makes an exchange of it that goes its ordinary way: the other side
 * confirms, or as the policy says. `minutes`: the real time; left out: as planned.
 */
export async function reportSession(
  tx: Tx,
  id: string,
  { minutes, guardianConsent, budgetId }: SessionReport = {}
): Promise<Session> {
  const held = await lockSession(tx, id)
  const { session, arrangement, policy } = held
  requirePair(arrangement)
  requireSessionStatus(session, ['planned'], 'reported')
  requireBegun(tx, session)
  const exchange = await reportAgreed(tx, {
    provider: sideInput(arrangement, 'provider'),
    receiver: sideInput(arrangement, 'receiver'),
    categoryId: arrangement.categoryId,
    description: arrangement.title,
    minutes: minutes ?? session.minutes,
    performedOn: dateIn(policy.timeZone, session.startsAt),
    agreedMinutes: arrangement.agreedMinutes,
    approvedMinutes: arrangement.approvedMinutes,
    guardianConsent,
    budgetId
  })
  const after = await updateSession(tx, session, { status: 'held', exchangeId: exchange.id, closedAt: tx.now })
  // the other side is told of the exchange, which is what they answer
  await noteSession(tx, held, 'held', { changes: { exchangeId: exchange.id } })
  return after
}

/** Somebody did not come. No hours move; the other side may say that it was otherwise, by restoring and reporting it. */
export async function noShow(tx: Tx, id: string, side: SideName): Promise<Session> {
  const held = await lockSession(tx, id)
  requirePair(held.arrangement)
  requireSessionStatus(held.session, ['planned'], 'a no-show')
  requireBegun(tx, held.session)
  const after = await updateSession(tx, held.session, { status: 'no_show', absent: side, closedAt: tx.now })
  await noteSession(tx, held, 'no-show', { changes: { side } })
  return after
}

export function requireSessionStatus(session: Session, allowed: readonly string[], done: string): void {
  if (!allowed.includes(session.status))
    throw new DomainError('wrong-state', `A session that is ${session.status} cannot be ${done}.`, {
      figures: { state: session.status }
    })
}

function requirePair(arrangement: Arrangement): void {
  if (arrangement.kind === 'group')
    throw new DomainError('wrong-state', 'Sessions of a group are recorded by who came to them (attendance).')
}

/** R3, to the minute: nobody tells of what has not begun. */
export function requireBegun(tx: Tx, session: Session): void {
  if (session.startsAt > tx.now)
    refuseFaults([{ detail: `The session begins at ${session.startsAt.toISOString()}.` }], 'future-service-date')
}

function sideInput(arrangement: Arrangement, name: SideName): SideInput {
  const { capacity, memberId, organisationId } = sideOf(arrangement, name)
  return {
    capacity: capacity as SideInput['capacity'],
    memberId: memberId ?? undefined,
    organisationId: organisationId ?? undefined
  }
}

type SessionStep = 'changed' | 'skipped' | 'restored' | 'held' | 'no-show' | 'attended' | 'recorded'
const told = {
  changed: 'session.changed',
  skipped: 'session.skipped',
  restored: 'session.restored',
  'no-show': 'session.no-show',
  // told as exchanges
  held: null,
  recorded: null,
  attended: null
} as const satisfies Record<SessionStep, NoticeKind | null>

export async function noteSession(
  tx: Tx,
  { session, arrangement, today, own, staff }: HeldSession,
  step: SessionStep,
  more: { reason?: string | null; changes?: Record<string, unknown> } = {}
): Promise<void> {
  const kind = told[step]
  const people =
    kind === null ? [] : [...(await concernedBy(tx, arrangement, today)), ...(await registeredIn(tx, arrangement))]
  await note(
    tx,
    {
      action: `session.${step}`,
      subject: { type: 'session', id: session.id },
      onBehalfOf: staff && own.length === 0 ? (arrangement.receiverId ?? arrangement.providerId) : null,
      ...more
    },
    kind,
    people
  )
}
