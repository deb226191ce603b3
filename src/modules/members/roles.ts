import { and, eq, ne, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { MembershipStatus, Role } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import {
  asMembership,
  changeMembership,
  holdMembership,
  lockMembership,
  type Membership,
  requireAdmin,
  requireStaff
} from './memberships.ts'
import { takeTurns } from './numbers.ts'
import { memberships } from './tables.ts'

const order: readonly Role[] = ['member', 'broker', 'admin', 'auditor']

/** Everybody is a member; the other roles are added to it. */
export const inOrder = (roles: readonly Role[]): Role[] =>
  order.filter((role) => role === 'member' || roles.includes(role))

/**
 * Refuses to take the last active admin away: nobody could make another one. Two admins who drop each other at the same
 * moment take turns, and the second is refused.
 */
export async function keepAnAdmin(tx: Tx, membership: Membership): Promise<void> {
  if (!membership.roles.includes('admin')) return
  await takeTurns(tx)
  const [other] = await tx.db
    .select({ id: memberships.id })
    .from(memberships)
    .where(
      and(
        eq(memberships.timebankId, tx.timebankId),
        eq(memberships.status, 'active'),
        sql`roles <> '{member}'::text[]`,
        sql`roles @> '{admin}'::text[]`,
        ne(memberships.id, membership.id)
      )
    )
    .limit(1)
  if (!other && membership.status === 'active')
    throw new DomainError('conflict', 'This is the last admin of the timebank; give somebody else the role first.')
}

const withRoles: readonly MembershipStatus[] = ['active', 'paused', 'suspended']

/**
 * Sets the roles beside that of a member. `expected` is the row version that the change was made from; null where the caller
 * has just read it.
 */
export async function changeRoles(
  tx: Tx,
  membershipId: string,
  roles: readonly Role[],
  reason: string | null = null,
  expected: number | null = null
): Promise<Membership> {
  requireAdmin(tx)
  await takeTurns(tx)
  const before = await lockMembership(tx, membershipId)
  if (expected !== null && expected !== before.rowVersion) throw new DomainError('precondition-failed')
  const next = inOrder(roles)
  const added = next.filter((role) => !before.roles.includes(role))
  const dropped = before.roles.filter((role) => !next.includes(role))
  if (added.length === 0 && dropped.length === 0) return before
  if (!withRoles.includes(before.status) || (added.length > 0 && before.status !== 'active'))
    throw new DomainError('wrong-state', `This membership is ${before.status}.`)
  if (dropped.includes('admin')) await keepAnAdmin(tx, before)
  const after = await changeMembership(tx, before, { roles: next })
  await audit(tx, {
    action: 'membership.roles-changed',
    subject: { type: 'membership', id: membershipId },
    changes: { roles: [before.roles, next] },
    reason
  })
  if (dropped.includes('broker')) await releaseMembers(tx, membershipId)
  return after
}

/** Somebody who may be named as a member's broker. */
export async function requireBroker(tx: Tx, brokerId: string): Promise<void> {
  // who is suspended at this moment is named by nobody
  const broker = await holdMembership(tx, brokerId)
  if (broker?.status !== 'active' || !broker.roles.includes('broker'))
    throw new DomainError('validation-failed', 'brokerId: is not an active broker of this timebank.', {
      errors: [{ pointer: '/brokerId', detail: 'Is not an active broker of this timebank.' }]
    })
}

const withBroker: readonly MembershipStatus[] = ['applied', 'screening', 'active', 'paused', 'suspended']

/** Names the broker whom a member turns to; null: nobody in particular. `expected` as for roles. */
export async function assignBroker(
  tx: Tx,
  membershipId: string,
  brokerId: string | null,
  expected: number | null = null
): Promise<Membership> {
  requireStaff(tx)
  const before = await lockMembership(tx, membershipId)
  if (expected !== null && expected !== before.rowVersion) throw new DomainError('precondition-failed')
  if (!withBroker.includes(before.status)) throw new DomainError('wrong-state', `This membership is ${before.status}.`)
  if (brokerId !== null) await requireBroker(tx, brokerId)
  if (brokerId === membershipId)
    throw new DomainError('validation-failed', 'brokerId: nobody is their own broker.', {
      errors: [{ pointer: '/brokerId', detail: 'Nobody is their own broker.' }]
    })
  if (before.brokerId === brokerId) return before
  const after = await changeMembership(tx, before, { brokerId })
  await audit(tx, brokerChanged(membershipId, before.brokerId, brokerId))
  return after
}

/** Members whose broker is no longer one: they have none until another is named. */
export async function releaseMembers(tx: Tx, brokerId: string): Promise<void> {
  const rows = await tx.db
    .update(memberships)
    .set({ brokerId: null, rowVersion: sql`${memberships.rowVersion} + 1` })
    .where(and(eq(memberships.timebankId, tx.timebankId), eq(memberships.brokerId, brokerId)))
    .returning()
  await audit(tx, ...rows.map(asMembership).map((row) => brokerChanged(row.id, brokerId, null)))
}

const brokerChanged = (id: string, before: string | null, after: string | null) => ({
  action: 'membership.broker-changed',
  subject: { type: 'membership', id },
  changes: { brokerId: [before, after] }
})
