import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { type AuditEntry, audit } from '../audit/index.ts'
import { tellFollowers } from './follow.ts'
import { columnsOf, kinds } from './listings.ts'
import { type Kind, kindNames } from './vocabulary.ts'

/** What a member wrote for themselves. What they wrote for an organisation is the organisation's, and stays. */
const personal = (tx: Tx, kind: Kind, membershipId: string, more: SQL | undefined) => {
  const { table } = kinds[kind]
  return and(
    eq(table.timebankId, tx.timebankId),
    eq(table.membershipId, membershipId),
    isNull(table.organisationId),
    more
  )
}

/** Locked in order, so that two who do the same cannot block each other. */
async function lockPersonal(tx: Tx, kind: Kind, membershipId: string, more: SQL | undefined) {
  const { table } = kinds[kind]
  return tx.db
    .select({ id: table.id, status: table.status })
    .from(table)
    .where(personal(tx, kind, membershipId, more))
    .orderBy(table.id)
    .for('no key update')
}

/** One statement takes a limited number of parameters. */
const batchSize = 1000

async function auditAll(tx: Tx, entries: AuditEntry[]): Promise<void> {
  for (let start = 0; start < entries.length; start += batchSize)
    await audit(tx, ...entries.slice(start, start + batchSize))
}

/**
 * When a member leaves: their offers are closed and their requests withdrawn, drafts too, and it says how many these were.
 * What exchanges stand on (requests in progress) goes on; what has ended stays as it is. Whoever acts has been checked.
 */
export async function closeListingsOf(tx: Tx, membershipId: string): Promise<number> {
  let count = 0
  for (const [kind, { from, to, action }] of [
    ['offer', kinds.offer.moves.close],
    ['request', kinds.request.moves.withdraw]
  ] as const) {
    const { table } = kinds[kind]
    const before = await lockPersonal(tx, kind, membershipId, inArray(table.status, [...from]))
    if (before.length === 0) continue
    const after = await tx.db
      .update(table)
      .set({ status: to, rowVersion: sql`${table.rowVersion} + 1` })
      .where(personal(tx, kind, membershipId, inArray(table.status, [...from])))
      .returning(columnsOf(kind))
    await tellFollowers(tx, after)
    await auditAll(
      tx,
      before.map(({ id, status }) => ({
        action: `${kind}.${action}`,
        subject: { type: kind, id },
        onBehalfOf: membershipId,
        changes: { status: [status, to] }
      }))
    )
    count += before.length
  }
  return count
}

/**
 * When a member is erased: nothing is left of the words and places of their offers and requests, in whatever state, and it
 * says how many these were. What the search reads is made of these by the database; its words go with `rebuildWords`.
 */
export async function blankListingsOf(tx: Tx, membershipId: string): Promise<number> {
  const blank = { title: 'Removed', description: '', area: null, latitude: null, longitude: null }
  let count = 0
  for (const kind of kindNames) {
    const { table } = kinds[kind]
    const written = sql`(${table.title}, ${table.description}, ${table.area}, ${table.latitude}, ${table.longitude})
      IS DISTINCT FROM (${blank.title}, '', NULL, NULL, NULL)`
    const before = await lockPersonal(tx, kind, membershipId, written)
    if (before.length === 0) continue
    await tx.db
      .update(table)
      .set({ ...blank, rowVersion: sql`${table.rowVersion} + 1` })
      .where(personal(tx, kind, membershipId, written))
    await auditAll(
      tx,
      before.map(({ id }) => ({
        action: `${kind}.blanked`,
        subject: { type: kind, id },
        onBehalfOf: membershipId,
        changes: { fields: Object.keys(blank) }
      }))
    )
    count += before.length
  }
  return count
}
