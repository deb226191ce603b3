import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff, type MembershipStatus, type Role } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { isUuid } from '../../shared/ids.ts'
import { memberships } from './tables.ts'

type Row = typeof memberships.$inferSelect

export type Membership = Omit<Row, 'status' | 'roles' | 'profileVisibility' | 'contactVisibility'> & {
  status: MembershipStatus
  roles: Role[]
  profileVisibility: Visibility
  contactVisibility: Visibility
}

export type Visibility = 'members' | 'staff'

export const asMembership = (row: Row): Membership => row as Membership

const one = (tx: Tx, id: string) => and(eq(memberships.timebankId, tx.timebankId), eq(memberships.id, id))

export async function findMembership(tx: Tx, id: string): Promise<Membership | null> {
  const [row] = await tx.db.select().from(memberships).where(one(tx, id))
  return row ? asMembership(row) : null
}

export async function getMembership(tx: Tx, id: string): Promise<Membership> {
  const found = await findMembership(tx, id)
  if (!found) throw notFound('member')
  return found
}

/** Reads a membership and keeps it as it is until the transaction ends, while others may read it so too. */
export async function holdMembership(tx: Tx, id: string): Promise<Membership | null> {
  const [row] = await tx.db.select().from(memberships).where(one(tx, id)).for('share')
  return row ? asMembership(row) : null
}

/** Reads a membership and keeps others from changing it until the transaction ends. */
export async function lockMembership(tx: Tx, id: string): Promise<Membership> {
  const [row] = await tx.db.select().from(memberships).where(one(tx, id)).for('no key update')
  if (!row) throw notFound('member')
  return asMembership(row)
}

/** Changes a membership that is locked. Every change counts up the row version. */
export async function changeMembership(tx: Tx, membership: Membership, change: Partial<Row>): Promise<Membership> {
  const [row] = await tx.db
    .update(memberships)
    .set({ ...change, rowVersion: membership.rowVersion + 1 })
    .where(one(tx, membership.id))
    .returning()
  return asMembership(row!)
}

/** A member by id, by number (`17`), or `me`. */
export async function resolveMember(tx: Tx, idOrNumber: string | number): Promise<Membership> {
  const ref = String(idOrNumber)
  if (ref === 'me' && tx.actor.membershipId) return getMembership(tx, tx.actor.membershipId)
  if (isUuid(ref)) return getMembership(tx, ref)
  if (!/^[1-9]\d{0,8}$/.test(ref)) throw notFound('member')
  const found = (await membersByNumber(tx, [Number(ref)])).get(Number(ref))
  if (!found) throw notFound('member')
  return found
}

export async function membersByNumber(tx: Tx, numbers: readonly number[]): Promise<Map<number, Membership>> {
  if (numbers.length === 0) return new Map()
  const rows = await tx.db
    .select()
    .from(memberships)
    .where(and(eq(memberships.timebankId, tx.timebankId), inArray(memberships.number, [...numbers])))
  return new Map(rows.map((row) => [row.number, asMembership(row)]))
}

/** The service itself: nightly jobs, founding, imports at the command line. */
const isService = (tx: Tx): boolean => tx.actor.personId === null && tx.actor.operator

export const actsAsStaff = (tx: Tx): boolean => isStaff(tx.actor) || isService(tx)

export function requireStaff(tx: Tx): void {
  if (!actsAsStaff(tx)) throw new DomainError('forbidden')
}

export function requireAdmin(tx: Tx): void {
  if (!tx.actor.roles.includes('admin') && !isService(tx)) throw new DomainError('forbidden')
}

export const isOwn = (tx: Tx, membershipId: string): boolean => tx.actor.membershipId === membershipId

/** To everybody else what belongs to a member looks as if it were not there. */
export function requireOwnOrStaff(tx: Tx, membershipId: string): void {
  if (!isOwn(tx, membershipId) && !actsAsStaff(tx)) throw notFound('member')
}

/** Nobody decides about themselves, staff included. */
export function refuseOwn(tx: Tx, membershipId: string): void {
  if (isOwn(tx, membershipId)) throw new DomainError('forbidden', 'Somebody else of the staff has to do this for you.')
}

/** What other members may see at all: those who take part, as far as they let themselves be seen. */
export const isVisibleToMembers = (membership: Membership): boolean =>
  (membership.status === 'active' || membership.status === 'paused') && membership.profileVisibility === 'members'
