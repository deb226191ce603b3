import type { Tx } from '../../db/client.ts'
import type { MembershipStatus } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { getAccount, setAccountStatus } from '../ledger/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { emptyAndClose, giveJoiningCredit, openWithPot } from './hours.ts'
import {
  changeMembership,
  getMembership,
  isOwn,
  lockMembership,
  type Membership,
  refuseOwn,
  requireAdmin,
  requireOwnOrStaff,
  requireStaff
} from './memberships.ts'
import { keepAnAdmin, releaseMembers } from './roles.ts'
import { factsOf, refuseUnscreened } from './screening.ts'

type Move = {
  from: readonly MembershipStatus[]
  to: MembershipStatus
  action: string
  /** staff: for others, never for themselves. own: the member, or staff for them. */
  by: 'staff' | 'own'
  account?: 'open' | 'frozen' | 'closed'
}

/**
 * applied → screening → active ↔ paused; active → suspended → active; applied or screening → declined or withdrawn.
 * Back from declined, withdrawn or left to applied leads a new application only.
 */
const moves = {
  screen: { from: ['applied'], to: 'screening', action: 'screening-started', by: 'staff' },
  activate: { from: ['screening'], to: 'active', action: 'activated', by: 'staff', account: 'open' },
  decline: { from: ['applied', 'screening'], to: 'declined', action: 'declined', by: 'staff', account: 'closed' },
  withdraw: { from: ['applied', 'screening'], to: 'withdrawn', action: 'withdrawn', by: 'own', account: 'closed' },
  pause: { from: ['active'], to: 'paused', action: 'paused', by: 'own' },
  resume: { from: ['paused'], to: 'active', action: 'resumed', by: 'own' },
  suspend: { from: ['active'], to: 'suspended', action: 'suspended', by: 'staff', account: 'frozen' },
  reinstate: { from: ['suspended'], to: 'active', action: 'reinstated', by: 'staff', account: 'open' },
  leave: { from: ['active', 'paused', 'suspended'], to: 'left', action: 'left', by: 'own' },
  erase: { from: ['left', 'declined', 'withdrawn'], to: 'erased', action: 'erased', by: 'staff' }
} as const satisfies Record<string, Move>

export type MoveName = keyof typeof moves

/** Reads and locks the membership, and refuses what this actor may not do or what its state does not allow. */
export async function begin(tx: Tx, name: MoveName, membershipId: string): Promise<Membership> {
  const move: Move = moves[name]
  if (move.by === 'staff') {
    requireStaff(tx)
    refuseOwn(tx, membershipId)
  } else requireOwnOrStaff(tx, membershipId)
  if (move.from.includes('active') && move.to !== 'active') await keepAnAdmin(tx, await getMembership(tx, membershipId))
  const membership = await lockMembership(tx, membershipId)
  // a broker is narrower than an admin
  if (membership.roles.includes('admin') && !isOwn(tx, membershipId)) requireAdmin(tx)
  if (!move.from.includes(membership.status))
    throw new DomainError(
      'wrong-state',
      `This membership is ${membership.status}; only one that is ${move.from.join(' or ')} can become ${move.to}.`
    )
  return membership
}

/** Writes the new state, what else changes with it, the account's state and the audit. */
export async function complete(
  tx: Tx,
  name: MoveName,
  membership: Membership,
  reason: string | null,
  also: Parameters<typeof changeMembership>[2] = {},
  changes: Record<string, unknown> = {}
): Promise<Membership> {
  const move: Move = moves[name]
  const after = await changeMembership(tx, membership, { ...also, status: move.to, statusSince: tx.now })
  if (move.account) await setAccountStatus(tx, membership.accountId, move.account, `membership ${move.action}`)
  await audit(tx, {
    action: `membership.${move.action}`,
    subject: { type: 'membership', id: membership.id },
    onBehalfOf: move.by === 'own' && !isOwn(tx, membership.id) ? membership.id : null,
    changes: { status: [membership.status, move.to], ...changes },
    reason
  })
  return after
}

async function go(tx: Tx, name: MoveName, membershipId: string, reason: string | null): Promise<Membership> {
  const membership = await begin(tx, name, membershipId)
  return complete(tx, name, membership, reason)
}

export const startScreening = (tx: Tx, membershipId: string): Promise<Membership> =>
  go(tx, 'screen', membershipId, null)

/** Opens the membership for exchange, once everything that the policy asks for is there; with the joining credit. */
export async function activate(tx: Tx, membershipId: string): Promise<Membership> {
  const membership = await begin(tx, 'activate', membershipId)
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  refuseUnscreened(rules, await factsOf(tx, membershipId), membership.dateOfBirth, date)
  // the credit follows in this transaction, and postings lock the pot before the member's account
  if (rules.joiningCreditMinutes > 0) await openWithPot(tx, [membership.accountId], 'membership activated')
  const active = await complete(tx, 'activate', membership, null, { joinedOn: date })
  await giveJoiningCredit(tx, active, rules, date)
  return active
}

export const decline = (tx: Tx, membershipId: string, reason: string | null): Promise<Membership> =>
  endApplication(tx, 'decline', membershipId, reason)

export const withdraw = (tx: Tx, membershipId: string): Promise<Membership> =>
  endApplication(tx, 'withdraw', membershipId, null)

async function endApplication(
  tx: Tx,
  name: 'decline' | 'withdraw',
  membershipId: string,
  reason: string | null
): Promise<Membership> {
  const membership = await begin(tx, name, membershipId)
  // of who was a member before: a reversal since then, or a balance that was brought in, is not left behind
  if ((await getAccount(tx, membership.accountId)).balance === 0) return complete(tx, name, membership, reason)
  const { rules } = await currentPolicy(tx)
  const emptied = await emptyAndClose(tx, membership.accountId, today(tx, rules), null, 'the application ended')
  return complete(tx, name, membership, reason, {}, emptied ? { ...emptied, to: 'pot' } : {})
}

/** A break: nothing new is asked of the member, and what was agreed before can still be confirmed. */
export const pause = (tx: Tx, membershipId: string, reason: string | null = null): Promise<Membership> =>
  go(tx, 'pause', membershipId, reason)

export const resume = (tx: Tx, membershipId: string): Promise<Membership> => go(tx, 'resume', membershipId, null)

export async function suspend(tx: Tx, membershipId: string, reason: string): Promise<Membership> {
  const suspended = await go(tx, 'suspend', membershipId, reason)
  await releaseMembers(tx, membershipId)
  return suspended
}

export const reinstate = (tx: Tx, membershipId: string, reason: string): Promise<Membership> =>
  go(tx, 'reinstate', membershipId, reason)
