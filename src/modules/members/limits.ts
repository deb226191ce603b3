import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { type AccountKind, currentLimits, followLimits, type Limits, noLimits, setLimits } from '../ledger/index.ts'
import { currentPolicy, type Policy, today } from '../timebanks/index.ts'
import { accountOwner, refuseOwnAccount } from './account-owner.ts'
import { requireAdmin, requireStaff } from './memberships.ts'
import { memberships, organisations } from './tables.ts'

/** Whose limits the policy tells apart. */
type LimitKind = 'member' | 'supported_member' | 'organisation'

export const kindOf = (supported: boolean): LimitKind => (supported ? 'supported_member' : 'member')

/** How far an account may go by the timebank's policy. */
export function limitsFor(policy: Policy, kind: LimitKind): Limits {
  if (kind === 'organisation')
    return {
      floorSoft: policy.organisationFloorSoft,
      floorHard: policy.organisationFloorHard,
      ceilingSoft: null,
      ceilingHard: null
    }
  const supported = kind === 'supported_member'
  return {
    floorSoft: (supported ? policy.supportedFloorSoft : null) ?? policy.memberFloorSoft,
    floorHard: (supported ? policy.supportedFloorHard : null) ?? policy.memberFloorHard,
    ceilingSoft: policy.memberCeilingSoft,
    ceilingHard: policy.memberCeilingHard
  }
}

/**
 * Open accounts follow a new policy, but those whose limits were set by hand. In the transaction that changes the policy.
 * Whose accounts they are stays locked meanwhile: nobody becomes supported, or goes back to the policy's limits, by the old one.
 */
export async function applyPolicyLimits(tx: Tx, before: Policy, after: Policy, why: string): Promise<void> {
  const changed = (kind: LimitKind) =>
    JSON.stringify(limitsFor(before, kind)) !== JSON.stringify(limitsFor(after, kind))
  const due: { accountId: number; limits: Limits }[] = []
  if (changed('member') || changed('supported_member')) {
    const of = [limitsFor(after, kindOf(false)), limitsFor(after, kindOf(true))] as const
    const theirs = await tx.db
      .select({ accountId: memberships.accountId, supported: memberships.supported })
      .from(memberships)
      .where(eq(memberships.timebankId, tx.timebankId))
      .orderBy(asc(memberships.id))
      .for('share')
    due.push(...theirs.map(({ accountId, supported }) => ({ accountId, limits: of[supported ? 1 : 0] })))
  }
  if (changed('organisation')) {
    const limits = limitsFor(after, 'organisation')
    const theirs = await tx.db
      .select({ accountId: organisations.accountId })
      .from(organisations)
      .where(eq(organisations.timebankId, tx.timebankId))
      .orderBy(asc(organisations.id))
      .for('share')
    due.push(...theirs.map(({ accountId }) => ({ accountId, limits })))
  }
  await followLimits(tx, due, why)
}

/** A member who becomes supported, or is so no longer, gets the limits of the others who are; not where theirs were set by hand. */
export async function followPolicy(
  tx: Tx,
  { accountId, supported }: { accountId: number; supported: boolean },
  policy: Policy
): Promise<void> {
  const why = supported ? 'the member is supported' : 'the member is no longer supported'
  await followLimits(tx, [{ accountId, limits: limitsFor(policy, kindOf(supported)) }], why)
}

/** Kinds of accounts whose limits are for staff to set. Those between timebanks are agreed with the other one; a budget holds what was put in it. */
const settable: readonly AccountKind[] = ['member', 'organisation', 'community_pot']

export type LimitChange = {
  /** null: back to those of the policy, which the account follows from then on */
  limits: Limits | null
  why: string
  /** version that the change was made from */
  expected: number
}

/**
 * Staff give one account limits of its own, or give it back to the policy's; with who, when and why. Not their own account,
 * nor that of an organisation for which they act. The limits of the pot are a matter of the whole timebank: an admin's.
 */
export async function changeLimits(tx: Tx, accountId: number, change: LimitChange): Promise<void> {
  requireStaff(tx)
  // neither whether they are supported nor the policy changes while limits are set by them
  const owner = await accountOwner(tx, accountId, { lock: true })
  const before = await currentLimits(tx, accountId)
  if (!settable.includes(before.kind))
    throw new DomainError('conflict', 'The limits of this account are not set by hand.')
  if (before.status === 'closed') throw new DomainError('wrong-state', 'The account is closed.')
  const { rules } = await currentPolicy(tx)
  if (owner === null) requireAdmin(tx)
  else await refuseOwnAccount(tx, owner, today(tx, rules))
  const byHand = change.limits !== null
  const limits =
    change.limits ??
    (owner === null
      ? noLimits
      : limitsFor(rules, owner.organisationId === null ? kindOf(owner.supported) : 'organisation'))
  await setLimits(tx, accountId, limits, change.why, { byHand, expected: change.expected })
  await audit(tx, {
    action: 'account.limits-changed',
    subject: { type: 'account', id: String(accountId) },
    onBehalfOf: owner?.membershipId ?? null,
    changes: { limits: [before.limits, limits], byHand: [before.byHand, byHand] },
    reason: change.why
  })
}

/** Which memberships these people have here, by person; who has none is left out. */
export async function membershipIdsOf(tx: Tx, personIds: readonly (string | null)[]): Promise<Map<string, string>> {
  const ids = [...new Set(personIds)].filter((id) => id !== null)
  if (ids.length === 0) return new Map()
  const rows = await tx.db
    .select({ id: memberships.id, personId: memberships.personId })
    .from(memberships)
    .where(and(eq(memberships.timebankId, tx.timebankId), inArray(memberships.personId, ids)))
  return new Map(rows.map(({ id, personId }) => [personId, id]))
}
