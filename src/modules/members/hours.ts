import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit, wasDone } from '../audit/index.ts'
import { communityPot, getAccount, getAccounts, type Outcome, post, setAccountStatus } from '../ledger/index.ts'
import type { Policy } from '../timebanks/index.ts'
import type { Membership } from './memberships.ts'

/** What a new member begins with, by policy, from the community pot; once, also for who leaves and comes back. */
export async function giveJoiningCredit(tx: Tx, membership: Membership, policy: Policy, on: string): Promise<void> {
  const minutes = policy.joiningCreditMinutes
  const subject = { type: 'membership', id: membership.id }
  if (minutes === 0 || (await wasDone(tx, creditGiven, subject))) return
  const id = newId()
  await post(tx, {
    id,
    operation: 'transfer',
    debit: communityPot,
    credit: membership.accountId,
    minutes,
    kind: 'joining_credit',
    performedOn: on
  })
  await audit(tx, {
    action: creditGiven,
    subject,
    changes: { minutes, transferId: id }
  })
}

const creditGiven = 'membership.joining-credit-given'

/**
 * Opens accounts, and locks them together with the pot in the order of their numbers, as postings do. Setting a status locks
 * an account: whoever sets one and posts in the same transaction begins with this, or two may wait for each other.
 */
export async function openWithPot(tx: Tx, accountIds: readonly number[], why: string): Promise<void> {
  const ids = new Set([communityPot, ...accountIds])
  for (const id of [...ids].sort((a, b) => a - b)) await setAccountStatus(tx, id, 'open', why)
}

export type Emptied = { minutes: number; transferId: string } | null

/**
 * Empties an account and closes it: what is in it goes to the pot or to `heir`, what is missing is written off by the pot.
 * Positive minutes went out, negative ones were written off.
 */
export async function emptyAndClose(
  tx: Tx,
  accountId: number,
  on: string,
  heir: number | null,
  why: string
): Promise<Emptied> {
  // locked, so that nothing moves between reading the balance and moving it
  await openWithPot(tx, heir === null ? [accountId] : [accountId, heir], why)
  const { balance, heldIn, heldOut } = await getAccount(tx, accountId)
  if (heldIn !== 0 || heldOut !== 0)
    throw new DomainError('conflict', 'Hours are still set aside for agreed exchanges; settle or cancel these first.', {
      figures: { heldIn, heldOut }
    })
  const id = newId()
  const common = { id, operation: 'transfer', minutes: Math.abs(balance), performedOn: on } as const
  if (balance > 0) {
    const posting = post(tx, { ...common, debit: accountId, credit: heir ?? communityPot, kind: 'leaving' })
    await (heir === null ? posting : posting.catch(withoutFigures))
  }
  if (balance < 0) await post(tx, { ...common, debit: communityPot, credit: accountId, kind: 'write_off' })
  await setAccountStatus(tx, accountId, 'closed', why)
  return balance === 0 ? null : { minutes: balance, transferId: id }
}

/**
 * What a reversal brings to the account of somebody who has left goes where their balance went: to the pot, or is written off
 * by it, so that a closed account stays empty.
 */
export async function emptyClosed(
  tx: Tx,
  { debitAccount, creditAccount }: Pick<Outcome, 'debitAccount' | 'creditAccount'>,
  performedOn: string
): Promise<void> {
  const touched = [debitAccount, creditAccount].filter((account) => account !== null)
  for (const { id: account, kind, status, balance } of (await getAccounts(tx, touched)).values()) {
    if (status !== 'closed' || balance === 0 || kind === 'clearing') continue
    const way =
      balance > 0
        ? ({ debit: account, credit: communityPot, kind: 'leaving' } as const)
        : ({ debit: communityPot, credit: account, kind: 'write_off' } as const)
    await post(tx, { id: newId(), operation: 'transfer', ...way, minutes: Math.abs(balance), performedOn, force: true })
  }
}

/** A refusal that comes from somebody else's account: its balance and limits are not for the one who leaves. */
function withoutFigures(error: unknown): never {
  if (!(error instanceof DomainError)) throw error
  throw new DomainError('conflict', 'The named member cannot take these hours; name somebody else.')
}
