import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { instantOf } from '../../shared/local-time.ts'
import { beforeReport, getExchange, lockExchange } from '../exchanges/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import { expect, moveSlots, spanOf } from './slots.ts'
import { appointments } from './tables.ts'
import { concernedBy, membersOnSides, note } from './telling.ts'

export type Appointment = typeof appointments.$inferSelect

/** When and where, as it is asked for. Without a zone: that of the timebank. Minutes. */
export type WhenAndWhere = {
  /** local, `2026-03-29T10:00` */
  startsAt: string
  timeZone?: string | undefined
  minutes: number
  place?: string | null | undefined
  onlineLink?: string | null | undefined
}

/** What of it is to be changed. */
export type Moved = { [K in keyof WhenAndWhere]?: WhenAndWhere[K] | undefined }

const calledOff: readonly string[] = ['declined', 'cancelled']

const one = (tx: Tx, exchangeId: string) =>
  and(eq(appointments.timebankId, tx.timebankId), eq(appointments.exchangeId, exchangeId))

/** For the sides of its exchange, staff and auditors. Not of what is called off. */
export async function getAppointment(tx: Tx, exchangeId: string): Promise<Appointment> {
  const exchange = await getExchange(tx, exchangeId)
  const [appointment] = await tx.db.select().from(appointments).where(one(tx, exchange.id))
  if (!appointment || appointment.removed || calledOff.includes(exchange.status)) throw notFound('appointment')
  return appointment
}

/**
 * Either side, or staff, says when and where an exchange is to take place; the others are told. `expected` is the version that
 * it was changed from, null where there was none.
 */
export async function setAppointment(
  tx: Tx,
  exchangeId: string,
  input: WhenAndWhere,
  expected: number | null
): Promise<Appointment> {
  const { exchange, today, own, staff } = await lockedForAppointment(tx, exchangeId)
  const [before] = await tx.db.select().from(appointments).where(one(tx, exchange.id))
  const current = before && !before.removed ? before : null
  if (current && expected === null) throw new DomainError('precondition-required')
  if ((current?.rowVersion ?? null) !== expected) throw new DomainError('precondition-failed')
  const timeZone = input.timeZone ?? (await currentPolicy(tx)).rules.timeZone
  const { place = null, onlineLink = null } = input
  const row = {
    timebankId: tx.timebankId,
    exchangeId: exchange.id,
    localStart: input.startsAt,
    timeZone,
    minutes: input.minutes,
    place: place || null,
    onlineLink: onlineLink || null,
    startsAt: instantOf(input.startsAt, timeZone),
    removed: false,
    setBy: tx.actor.membershipId,
    updatedAt: tx.now,
    rowVersion: (before?.rowVersion ?? 0) + 1
  }
  const [appointment] = await tx.db
    .insert(appointments)
    .values(row)
    .onConflictDoUpdate({ target: [appointments.timebankId, appointments.exchangeId], set: row })
    .returning()
  const expectedThere = await membersOnSides(tx, exchange)
  await expect(
    tx,
    expectedThere.map((memberId) => ({ memberId, subject: 'appointment', subjectId: exchange.id, ...spanOf(row) }))
  )
  await note(
    tx,
    {
      action: 'appointment.set',
      subject: { type: 'exchange', id: exchange.id },
      onBehalfOf: staff && own.length === 0 ? exchange.receiverId : null,
      changes: { startsAt: [current?.startsAt ?? null, row.startsAt], minutes: row.minutes }
    },
    'appointment.set',
    await concernedBy(tx, exchange, today)
  )
  return appointment!
}

/** Takes it away; the exchange itself stays as it is. */
export async function removeAppointment(tx: Tx, exchangeId: string, expected: number): Promise<void> {
  const { exchange, today } = await lockedForAppointment(tx, exchangeId)
  const [appointment] = await tx.db.select().from(appointments).where(one(tx, exchange.id))
  if (!appointment || appointment.removed) throw notFound('appointment')
  if (appointment.rowVersion !== expected) throw new DomainError('precondition-failed')
  await tx.db
    .update(appointments)
    .set({ removed: true, updatedAt: tx.now, rowVersion: appointment.rowVersion + 1 })
    .where(one(tx, exchange.id))
  await moveSlots(tx, exchange.id, spanOf(appointment), true)
  await note(
    tx,
    { action: 'appointment.removed', subject: { type: 'exchange', id: exchange.id } },
    'appointment.removed',
    await concernedBy(tx, exchange, today)
  )
}

/** Of two at once the second sees the first: both lock the exchange. */
async function lockedForAppointment(tx: Tx, exchangeId: string) {
  const context = await lockExchange(tx, exchangeId)
  const { status } = context.exchange
  if (!beforeReport.includes(status))
    throw new DomainError('wrong-state', `An exchange that is ${status} has no appointment to make.`, {
      figures: { state: status }
    })
  return context
}
