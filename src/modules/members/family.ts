import { and, asc, eq, gt, inArray, or } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { getMembership, type Membership } from './memberships.ts'
import { family, memberships } from './tables.ts'

export type Relative = { memberId: string; memberNumber: number; name: string; notedBy: string | null; notedAt: Date }

/** SQL of a boolean, for statements of higher modules: whether two members are noted as family of one another. */
export const familySql = (timebank: string, one: string, other: string): string =>
  `EXISTS (SELECT FROM members.family f
            WHERE f.timebank_id = ${timebank} AND f.membership_id = ${one} AND f.relative_id = ${other})`

export async function areFamily(tx: Tx, one: string, other: string): Promise<boolean> {
  const { rows } = await tx.client.query<{ family: boolean }>({
    name: 'members.are_family',
    text: `SELECT ${familySql('$1', '$2', '$3')} AS family`,
    values: [tx.timebankId, one, other]
  })
  return rows[0]!.family
}

/** Ids of the members who are family of one. */
export async function relativesOf(tx: Tx, membershipId: string): Promise<string[]> {
  const rows = await tx.db
    .select({ id: family.relativeId })
    .from(family)
    .where(and(eq(family.timebankId, tx.timebankId), eq(family.membershipId, membershipId)))
  return rows.map(({ id }) => id)
}

const ofPair = (tx: Tx, one: string, other: string) =>
  and(
    eq(family.timebankId, tx.timebankId),
    or(
      and(eq(family.membershipId, one), eq(family.relativeId, other)),
      and(eq(family.membershipId, other), eq(family.relativeId, one))
    )
  )

/** Notes that two members are family of one another, by one of them or by staff. Noted before, it stays as it was. */
export async function noteFamily(tx: Tx, of: Membership, other: Membership): Promise<Relative> {
  if (of.id === other.id)
    throw new DomainError('validation-failed', 'Nobody is family of themselves.', {
      errors: [{ parameter: 'relative', detail: 'Is the member themselves.' }]
    })
  const pair = { timebankId: tx.timebankId, notedBy: tx.actor.membershipId, notedAt: tx.now }
  // in one order, so that two who note each other at once do not wait for one another
  const [first, second] = [of.id, other.id].sort() as [string, string]
  const added = await tx.db
    .insert(family)
    .values([
      { ...pair, membershipId: first, relativeId: second },
      { ...pair, membershipId: second, relativeId: first }
    ])
    .onConflictDoNothing()
    .returning({ relativeId: family.relativeId })
  if (added.length > 0) await note(tx, 'member.family-noted', of.id, other.id)
  const [row] = await tx.db
    .select()
    .from(family)
    .where(and(eq(family.timebankId, tx.timebankId), eq(family.membershipId, of.id), eq(family.relativeId, other.id)))
  const { notedBy, notedAt } = row!
  return { memberId: other.id, memberNumber: other.number, name: other.displayName, notedBy, notedAt }
}

/** Either of the two, or staff, takes it back. */
export async function removeFamily(tx: Tx, ofId: string, otherId: string): Promise<void> {
  const removed = await tx.db
    .delete(family)
    .where(ofPair(tx, ofId, otherId))
    .returning({ id: family.membershipId })
  if (removed.length === 0) throw notFound('relative')
  await note(tx, 'member.family-removed', ofId, otherId)
}

const note = (tx: Tx, action: string, ofId: string, otherId: string) =>
  audit(
    tx,
    ...[
      [ofId, otherId],
      [otherId, ofId]
    ].map(([id, relativeId]) => ({
      action,
      subject: { type: 'membership', id: id! },
      changes: { relativeId }
    }))
  )

/** In order of the other's id; one more than `limit` where there are more. */
export async function listFamily(
  tx: Tx,
  membershipId: string,
  after: string | null,
  limit: number
): Promise<Relative[]> {
  await getMembership(tx, membershipId)
  return tx.db
    .select({
      memberId: family.relativeId,
      memberNumber: memberships.number,
      name: memberships.displayName,
      notedBy: family.notedBy,
      notedAt: family.notedAt
    })
    .from(family)
    .innerJoin(memberships, and(eq(memberships.timebankId, family.timebankId), eq(memberships.id, family.relativeId)))
    .where(
      and(
        eq(family.timebankId, tx.timebankId),
        eq(family.membershipId, membershipId),
        after === null ? undefined : gt(family.relativeId, after)
      )
    )
    .orderBy(asc(family.relativeId))
    .limit(limit + 1)
}

/** When a membership is erased, nobody is family of it any more. */
export async function forgetFamilyOf(tx: Tx, membershipId: string): Promise<void> {
  const relatives = await tx.db
    .delete(family)
    .where(and(eq(family.timebankId, tx.timebankId), eq(family.membershipId, membershipId)))
    .returning({ id: family.relativeId })
  if (relatives.length === 0) return
  const ids = relatives.map(({ id }) => id)
  await tx.db
    .delete(family)
    .where(
      and(eq(family.timebankId, tx.timebankId), inArray(family.membershipId, ids), eq(family.relativeId, membershipId))
    )
}
