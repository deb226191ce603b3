import { and, asc, eq, gte, inArray, lt, lte, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { addDays } from '../../shared/clock.ts'
import { audit } from '../audit/index.ts'
import { insertNotices, noticesJson } from '../notices/index.ts'
import { tellFollowers } from './follow.ts'
import { asListing, columnsOf, kinds, type Listing, todayHere } from './listings.ts'
import { type Kind, kindNames } from './vocabulary.ts'

const standing = (tx: Tx, kind: Kind) =>
  and(eq(kinds[kind].table.timebankId, tx.timebankId), inArray(kinds[kind].table.status, [...kinds[kind].expires]))

/** Nightly: what stood until yesterday or before has expired. `today` is the date in the timebank's time zone. */
export async function expireListings(tx: Tx, today: string): Promise<Listing[]> {
  const expired: Listing[] = []
  for (const kind of kindNames) {
    const { table } = kinds[kind]
    const due = and(standing(tx, kind), lt(table.expiresOn, today))
    const before = await tx.db
      .select({ id: table.id, status: table.status })
      .from(table)
      .where(due)
      .orderBy(asc(table.id))
      .for('no key update')
    if (before.length === 0) continue
    const states = new Map(before.map(({ id, status }) => [id, status]))
    const rows = await tx.db
      .update(table)
      .set({ status: 'expired', rowVersion: sql`${table.rowVersion} + 1` })
      .where(and(eq(table.timebankId, tx.timebankId), inArray(table.id, [...states.keys()])))
      .returning(columnsOf(kind))
    expired.push(...rows.map((row) => asListing(kind, row)))
    await tellFollowers(tx, rows)
    await audit(
      tx,
      ...rows.map((row) => ({
        action: `${kind}.expired`,
        subject: { type: kind, id: row.id },
        onBehalfOf: row.membershipId,
        changes: { status: [states.get(row.id), 'expired'] }
      }))
    )
  }
  return expired
}

/** What expires within so many days and whose owner has had no notice of that date. `noteExpiryNotices` writes down that they have. */
export async function listingsExpiringWithin(tx: Tx, days: number): Promise<Listing[]> {
  const day = await todayHere(tx)
  const found: Listing[] = []
  for (const kind of kindNames) {
    const { table } = kinds[kind]
    const rows = await tx.db
      .select(columnsOf(kind))
      .from(table)
      .where(
        and(
          standing(tx, kind),
          gte(table.expiresOn, day),
          lte(table.expiresOn, addDays(day, days)),
          sql`${table.expiryNoticedFor} IS DISTINCT FROM ${table.expiresOn}`
        )
      )
      .orderBy(asc(table.id))
    found.push(...rows.map((row) => asListing(kind, row)))
  }
  return found
}

/** Long enough to answer, short enough to be remembered. */
const noticeDays = 7

/** Tells the owners of what expires soon, in the transaction that notes that they have been told. */
export async function tellExpiring(tx: Tx): Promise<void> {
  const due = await listingsExpiringWithin(tx, noticeDays)
  if (due.length === 0) return
  const told = due.map(({ kind, id, membershipId }) => ({
    membershipId,
    kind: `${kind}.expiring` as const,
    subjectId: id
  }))
  await tx.client.query({
    name: 'listings.tell_expiring',
    text: insertNotices('$1'),
    values: [noticesJson(tx, told)]
  })
  await noteExpiryNotices(tx, due)
}

/** In the transaction that tells of them, so that each date is told of once. */
export async function noteExpiryNotices(tx: Tx, listings: readonly Pick<Listing, 'kind' | 'id'>[]): Promise<void> {
  for (const kind of kindNames) {
    const { table } = kinds[kind]
    const ids = listings.filter((listing) => listing.kind === kind).map(({ id }) => id)
    if (ids.length === 0) continue
    await tx.db
      .update(table)
      .set({ expiryNoticedFor: sql`${table.expiresOn}` })
      .where(and(eq(table.timebankId, tx.timebankId), inArray(table.id, ids)))
  }
}
