import { createHash, randomBytes } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { ICalCalendar, ICalEventStatus } from 'ical-generator'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { findMembership } from '../members/index.ts'
import { timebankNames } from '../timebanks/index.ts'
import { calendarOf, type Entry, labelled } from './reading.ts'
import { feeds } from './tables.ts'

/** The secret part of a calendar's address: the timebank's id, so that it is looked for there only, and what nobody guesses. */
const secretBytes = 24
const pastMs = 31 * 86_400_000
const mostEntries = 1000

const hashOf = (secret: Buffer): Buffer => createHash('sha256').update(secret).digest()

const own = (tx: Tx) => and(eq(feeds.timebankId, tx.timebankId), eq(feeds.memberId, tx.actor.membershipId!))

/** A new secret link to one's own calendar; the one before, if any, is no longer good. It is shown this once. */
export async function makeFeed(tx: Tx): Promise<{ token: string; createdAt: Date }> {
  const memberId = tx.actor.membershipId!
  const secret = randomBytes(secretBytes)
  const row = { timebankId: tx.timebankId, memberId, secretHash: hashOf(secret), createdAt: tx.now }
  await tx.db
    .insert(feeds)
    .values(row)
    .onConflictDoUpdate({ target: [feeds.timebankId, feeds.memberId], set: row })
  await audit(tx, { action: 'calendar-feed.made', subject: { type: 'membership', id: memberId } })
  const timebank = Buffer.from(tx.timebankId.replaceAll('-', ''), 'hex')
  return { token: Buffer.concat([timebank, secret]).toString('base64url'), createdAt: tx.now }
}

/** Whether there is a link, and since when; what it is nobody can tell any more. */
export async function getFeed(tx: Tx): Promise<{ createdAt: Date }> {
  const [feed] = await tx.db.select({ createdAt: feeds.createdAt }).from(feeds).where(own(tx))
  if (!feed) throw notFound('calendar feed')
  return feed
}

export async function revokeFeed(tx: Tx): Promise<void> {
  const removed = await tx.db.delete(feeds).where(own(tx)).returning()
  if (removed.length === 0) throw notFound('calendar feed')
  await audit(tx, { action: 'calendar-feed.revoked', subject: { type: 'membership', id: tx.actor.membershipId! } })
}

/** Who still reads their own timebank reads their own calendar. */
const mayRead: readonly string[] = ['active', 'paused', 'suspended']

/** The calendar behind a link, for whoever has it; one answer for all that is none, was revoked, or never was. */
export async function calendarBehind(database: Database, token: string): Promise<string> {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== 16 + secretBytes || bytes.toString('base64url') !== token) throw notFound('calendar')
  const timebankId = bytes
    .subarray(0, 16)
    .toString('hex')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return inTimebank(database, timebankId, systemActor, (tx) => calendarText(tx, bytes.subarray(16)), { readOnly: true })
}

async function calendarText(tx: Tx, secret: Buffer): Promise<string> {
  const [feed] = await tx.db
    .select({ memberId: feeds.memberId })
    .from(feeds)
    .where(and(eq(feeds.timebankId, tx.timebankId), eq(feeds.secretHash, hashOf(secret))))
  const member = feed ? await findMembership(tx, feed.memberId) : null
  if (!member || !mayRead.includes(member.status)) throw notFound('calendar')
  const from = new Date(tx.now.getTime() - pastMs)
  const entries = await calendarOf(tx, member.id, { from, to: null, off: true }, null, mostEntries)
  const labels = await labelled(tx, member.id, entries)
  const name = (await timebankNames(tx.db, [tx.timebankId])).get(tx.timebankId)?.name ?? 'Commonhours'
  const calendar = new ICalCalendar({ name, prodId: { company: 'commonhours', product: 'commonhours' } })
  for (const [i, entry] of entries.slice(0, mostEntries).entries()) calendar.createEvent(eventOf(entry, labels[i]!))
  return calendar.toString()
}

/**
 * Instants in UTC, which every calendar shows in its own zone: what was moved, skipped or falls beside a change of clocks needs
 * no rule and no table of zones to be right.
 */
function eventOf(entry: Entry, { title, other }: { title: string; other: string | null }) {
  const { id, startsAt, endsAt, place, onlineLink, off, rowVersion, updatedAt } = entry
  return {
    id: `${id}@commonhours`,
    start: startsAt,
    end: endsAt,
    // of the last change, and not of the reading: what has not changed reads the same
    stamp: updatedAt,
    lastModified: updatedAt,
    sequence: rowVersion - 1,
    summary: other === null ? title : `${title} – ${other}`,
    status: off ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
    ...(place === null ? {} : { location: place }),
    ...(onlineLink === null ? {} : { url: onlineLink })
  }
}
