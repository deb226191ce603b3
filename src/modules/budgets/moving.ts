import { and, eq } from 'drizzle-orm'
import { actAs, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import {
  communityPot,
  getAccounts,
  type Operation,
  type Outcome,
  openAccount,
  post,
  setAccountStatus
} from '../ledger/index.ts'
import { organisationParty } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type Budget, lockBudget } from './budgets.ts'
import { figuresFor } from './figures.ts'
import { change, wrongState } from './proposing.ts'
import { allow, lockSeen, type Seen, type Standing, standingTo } from './standing.ts'
import { budgets } from './tables.ts'
import { tell } from './telling.ts'

const limits = { floorSoft: null, floorHard: 0, ceilingSoft: null, ceilingHard: null }

const day = async (tx: Tx): Promise<string> => today(tx, (await currentPolicy(tx)).rules)

/** The funder's hours become the budget's, as far as the limits of its own account let it. With the first the budget is active. */
export async function allocate(tx: Tx, id: string, minutes: number): Promise<Seen> {
  const { budget, standing } = await lockSeen(tx, id)
  allow(standing.funder || standing.staff, 'The funder allocates, or a broker for it.')
  if (budget.status !== 'agreed' && budget.status !== 'active') throw wrongState(budget, 'allocated to')
  const { accountId: funder } = await organisationParty(tx, budget.funderId)
  const account = budget.accountId ?? (await openAccount(tx, 'budget', limits, 'opened with its first allocation'))
  await move(tx, standing, budget, {
    ...{ debit: funder, credit: account, minutes },
    ...{ kind: 'budget_allocation', performedOn: await day(tx) }
  })
  const after = await change(
    tx,
    budget,
    budget.status === 'active' ? {} : { status: 'active', accountId: account, activatedAt: tx.now }
  )
  await tell(tx, after, 'allocated', { changes: { status: [budget.status, 'active'], minutes } })
  return { budget: after, standing: await standingTo(tx, after) }
}

type Transfer = Omit<Extract<Operation, { debit: number }>, 'id' | 'operation'>

async function move(tx: Tx, standing: Standing, budget: Budget, transfer: Transfer): Promise<void> {
  const onBehalfOf = standing.staff ? budget.funderId : undefined
  try {
    await post(tx, { id: newId(), operation: 'transfer', onBehalfOf, ...transfer })
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    if (transfer.debit === budget.accountId) throw exhausted(error, true)
    // what the funder's account has is for those to read who act for it, and for staff
    throw standing.funder || standing.staff ? error : new DomainError(error.code)
  }
}

/** A refusal of the budget's own account. `told`: with what is there, to who may know. */
export function exhausted(error: DomainError, told: boolean): DomainError {
  if (error.code === 'account-not-open') return new DomainError('budget-not-active')
  if (error.code !== 'below-floor') return error
  const { minutes, balance, held } = error.figures
  const available = Number(balance) - Number(held)
  return new DomainError(
    'budget-exhausted',
    undefined,
    told ? { figures: { minutes: minutes ?? null, available } } : {}
  )
}

/** What nobody has committed goes back to the funder: at the word of either side, of a broker, or because it ends. */
export async function giveBack(tx: Tx, id: string, minutes: number): Promise<Seen> {
  const { budget, standing } = await lockSeen(tx, id)
  allow(
    standing.funder || standing.holder || standing.person || standing.staff,
    'The funder or who holds it gives hours back.'
  )
  if (budget.status !== 'active' && budget.status !== 'ended') throw wrongState(budget, 'returned from')
  await moveBack(tx, standing, budget, minutes)
  const after = await change(tx, budget, {})
  await tell(tx, after, 'returned', { changes: { minutes } })
  return { budget: after, standing }
}

async function moveBack(tx: Tx, standing: Standing, budget: Budget, minutes: number): Promise<void> {
  await move(tx, standing, budget, {
    ...{ debit: budget.accountId!, credit: await funderAccount(tx, budget.funderId), minutes },
    ...{ kind: 'budget_return', performedOn: await day(tx) }
  })
}

/** Where the funder has ended meanwhile, its hours go where the rest of them went: to the pot. */
async function funderAccount(tx: Tx, funderId: string): Promise<number> {
  const { accountId, status } = await organisationParty(tx, funderId)
  return status === 'active' ? accountId : communityPot
}

/**
 * Nothing more is agreed from it. What is committed may still be settled or released; what is available goes back at once. One to
 * which nothing was allocated yet ends by the word of any side, which needs no reason and is kept by nobody.
 */
export async function end(tx: Tx, id: string): Promise<Seen> {
  const { budget, standing } = await lockSeen(tx, id)
  allow(
    standing.funder || standing.holder || standing.person || standing.staff,
    'Either side ends a budget, or a broker.'
  )
  if (budget.status === 'ended' || budget.status === 'reconciled') throw wrongState(budget, 'ended')
  const after = await endNow(tx, budget, standing)
  return { budget: after, standing: await standingTo(tx, after) }
}

async function endNow(tx: Tx, budget: Budget, standing: Standing): Promise<Budget> {
  if (budget.accountId === null) {
    const after = await change(tx, budget, {
      status: 'ended',
      endedAt: tx.now,
      holderAgreedAt: null,
      funderAgreedAt: null
    })
    const changes = { status: [budget.status, 'ended'] }
    // who said no to it is not written down
    await tell(tx, after, 'ended', { changes }, actAs(tx, systemActor, tx.now))
    return after
  }
  // while the budget is locked nothing is committed from it: what is available can only become more
  const { available } = await figuresFor(tx, budget)
  if (available > 0) await moveBack(tx, standing, budget, available)
  const after = await change(tx, budget, { status: 'ended', endedAt: tx.now })
  await tell(tx, after, 'ended', { changes: { status: [budget.status, 'ended'], returned: available } })
  return after
}

/** A broker has looked at the statement of a budget that is empty: its account is closed. */
export async function reconcile(tx: Tx, id: string): Promise<Seen> {
  const { budget, standing } = await lockSeen(tx, id)
  allow(standing.staff, 'A broker who is no side of it reconciles a budget.')
  if (budget.status !== 'ended') throw wrongState(budget, 'reconciled')
  const { committed, available } = await figuresFor(tx, budget)
  if (committed !== 0 || available !== 0)
    throw new DomainError('budget-not-settled', undefined, { figures: { committed, available } })
  if (budget.accountId !== null) await setAccountStatus(tx, budget.accountId, 'closed', 'its budget is reconciled')
  const after = await change(tx, budget, { status: 'reconciled', reconciledAt: tx.now })
  await tell(tx, after, 'reconciled', { changes: { status: ['ended', 'reconciled'] } })
  return { budget: after, standing }
}

/**
 * What reversals bring to the account of a reconciled budget goes on to its funder, so that a closed account stays empty and
 * the figures go on to agree.
 */
export async function passOnReversals(
  tx: Tx,
  reversals: readonly Pick<Outcome, 'debitAccount' | 'creditAccount'>[],
  performedOn: string
): Promise<void> {
  const touched = reversals.flatMap(({ debitAccount, creditAccount }) => [debitAccount, creditAccount])
  const accounts = await getAccounts(tx, [...new Set(touched.filter((account) => account !== null))])
  const due = [...accounts.values()].filter((a) => a.kind === 'budget' && a.status === 'closed' && a.balance > 0)
  for (const { id: debit, balance: minutes } of due) {
    const [budget] = await tx.db
      .select({ funderId: budgets.funderId })
      .from(budgets)
      .where(and(eq(budgets.timebankId, tx.timebankId), eq(budgets.accountId, debit)))
    const credit = budget ? await funderAccount(tx, budget.funderId) : communityPot
    await post(tx, {
      ...{ id: newId(), operation: 'transfer', debit, credit, minutes },
      ...{ kind: 'budget_return', performedOn, force: true }
    })
  }
}

const going = ['proposed', 'agreed', 'active']

/**
 * Budgets for a member, and others by id, in one order: of what touches several, budgets are locked after exchanges and before
 * accounts, as by who commits from one.
 */
export async function lockBudgetsOf(tx: Tx, membershipId: string, alsoIds: readonly string[] = []): Promise<string[]> {
  const { rows } = await tx.client.query<{ id: string; own: boolean }>({
    name: 'budgets.lock_of',
    text: `SELECT id, member_id IS NOT DISTINCT FROM $2 AS own FROM budgets.budgets
            WHERE timebank_id = $1 AND (member_id = $2 OR id = ANY ($3::uuid[]))
            ORDER BY id FOR NO KEY UPDATE`,
    values: [tx.timebankId, membershipId, alsoIds]
  })
  return rows.flatMap(({ id, own }) => (own ? [id] : []))
}

/** When a member leaves, budgets for them end; after their exchanges, so that what these had committed goes back too. */
export async function endBudgetsOf(tx: Tx, membershipId: string): Promise<void> {
  for (const id of await lockBudgetsOf(tx, membershipId)) {
    const budget = await lockBudget(tx, id)
    if (going.includes(budget.status)) await endNow(tx, budget, await standingTo(tx, budget))
  }
}
