import type { Tx } from '../../db/client.ts'
import { DomainError, type Fault, notFound, refuseFaults } from '../../shared/errors.ts'
import { makeMemory } from '../../shared/memory.ts'
import type { AccountKind, AccountStatus } from './kinds.ts'

/** In minutes; null: none. A soft limit is reported when it is crossed, a hard one refuses. */
export type Limits = {
  floorSoft: number | null
  floorHard: number | null
  ceilingSoft: number | null
  ceilingHard: number | null
}

/** Of the pot, and of whatever else may go as far as it needs to. */
export const noLimits: Limits = { floorSoft: null, floorHard: null, ceilingSoft: null, ceilingHard: null }

/** Called once when a timebank is made: its books with the community pot and the account for opening balances. */
export async function openBooks(tx: Tx): Promise<void> {
  await tx.client.query('SELECT ledger.open_books($1, $2)', [tx.timebankId, tx.actor.personId])
}

/** Opens an account and answers its number, small and unique in the timebank. */
export async function openAccount(tx: Tx, kind: AccountKind, limits: Limits, why: string): Promise<number> {
  checkLimits(limits)
  const { rows } = await tx.client.query<{ id: number }>({
    name: 'ledger.open_account',
    text: 'SELECT ledger.open_account($1, $2, $3, $4, $5, $6, $7, $8) AS id',
    values: [tx.timebankId, tx.actor.personId, why, kind, ...inOrder(limits)]
  })
  return only(rows).id
}

/**
 * Opens any number of accounts in one round trip; the numbers are consecutive and in the order given. `byHand`: the limits
 * are the account's own, and do not follow those of others.
 */
export async function openAccounts(
  tx: Tx,
  accounts: readonly { kind: AccountKind; limits: Limits; byHand?: boolean | undefined }[],
  why: string
): Promise<number[]> {
  if (accounts.length === 0) return []
  for (const { limits } of accounts) checkLimits(limits)
  const { rows } = await tx.client.query<{ first: number }>(
    'SELECT ledger.open_accounts($1, $2, $3, $4, $5, $6, $7, $8, $9) AS first',
    [
      tx.timebankId,
      tx.actor.personId,
      why,
      accounts.map(({ kind }) => kind),
      ...inColumns(accounts),
      accounts.map(({ byHand = false }) => byHand)
    ]
  )
  const { first } = only(rows)
  return accounts.map((_, i) => first + i)
}

/** The account to which hours are given, and from which they are granted: the first of every timebank's books. */
export const communityPot = 1

/** The other side of balances that are brought in from an older system: the second. */
export const openingAccount = 2

/**
 * Sets all four limits (minutes) of one account from now on, and keeps who changed them, and why. A balance that lies
 * outside the new limits stays as it is, and everything that brings it back is accepted. Limits set so are the account's
 * own, unless `byHand` is false: then it goes on with those that `followLimits` gives. `expected` is the version that the
 * change was made from; precondition-failed where there has been another since.
 */
export async function setLimits(
  tx: Tx,
  accountId: number,
  limits: Limits,
  why: string,
  { byHand = true, expected = null }: { byHand?: boolean; expected?: number | null } = {}
): Promise<number> {
  checkLimits(limits)
  const { rows } = await tx.client.query<{ change: number | null }>(
    'SELECT ledger.set_limits($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS change',
    [tx.timebankId, tx.actor.personId, why, accountId, ...inOrder(limits), byHand, expected]
  )
  const { change } = only(rows)
  if (change === null) throw notFound('account')
  if (change === 0) throw new DomainError('precondition-failed')
  return change
}

/**
 * Gives accounts the limits that are theirs by rule, and answers how many changed by it. Closed accounts, and those whose
 * limits were set by hand, keep what they have.
 */
export async function followLimits(
  tx: Tx,
  accounts: readonly { accountId: number; limits: Limits }[],
  why: string
): Promise<number> {
  if (accounts.length === 0) return 0
  for (const limits of new Set(accounts.map((account) => account.limits))) checkLimits(limits)
  const { rows } = await tx.client.query<{ changed: number }>(
    'SELECT ledger.follow_limits($1, $2, $3, $4, $5, $6, $7, $8) AS changed',
    [tx.timebankId, tx.actor.personId, why, accounts.map(({ accountId }) => accountId), ...inColumns(accounts)]
  )
  return only(rows).changed
}

/** Opens, freezes or closes an account, and keeps who did and why. One that holds hours, or has holds, is not closed. */
export async function setAccountStatus(tx: Tx, accountId: number, status: AccountStatus, why: string): Promise<void> {
  const { rows } = await tx.client.query<{ code: number }>('SELECT ledger.set_status($1, $2, $3, $4, $5) AS code', [
    tx.timebankId,
    tx.actor.personId,
    why,
    accountId,
    status
  ])
  const { code } = only(rows)
  if (code === 10) throw notFound('account')
  if (code === 21) {
    throw new DomainError(
      'wrong-state',
      'The account is not empty: bring its balance to 0 and resolve its holds first.'
    )
  }
}

const kindsRemembered = makeMemory<number, AccountKind>(200_000)

/** What kinds accounts are, by their numbers; those that are there. A kind never changes: `read` is for those not yet known. */
export const accountKindsOf = (
  timebankId: string,
  ids: readonly number[],
  read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
): Promise<Map<number, AccountKind>> =>
  kindsRemembered(timebankId, ids, (missing) =>
    read(async (tx) => {
      const { rows } = await tx.client.query<{ id: number; kind: AccountKind }>({
        name: 'ledger.account_kinds',
        text: 'SELECT id, kind FROM ledger.accounts WHERE timebank_id = $1 AND id = ANY ($2::integer[])',
        values: [tx.timebankId, missing]
      })
      return new Map(rows.map(({ id, kind }) => [id, kind]))
    })
  )

const limitNames = ['floorSoft', 'floorHard', 'ceilingSoft', 'ceilingHard'] as const

const inOrder = (limits: Limits) => limitNames.map((name) => limits[name])

const inColumns = (accounts: readonly { limits: Limits }[]) =>
  limitNames.map((name) => accounts.map(({ limits }) => limits[name]))

function checkLimits(limits: Limits): void {
  const faults: Fault[] = []
  for (const name of limitNames) {
    const minutes = limits[name]
    if (minutes !== null && !Number.isSafeInteger(minutes)) {
      faults.push({ pointer: `/${name}`, detail: `${name}: whole minutes.` })
    }
  }
  const { floorSoft, floorHard, ceilingSoft, ceilingHard } = limits
  if (floorSoft !== null && floorHard !== null && floorSoft < floorHard) {
    faults.push({ pointer: '/floorSoft', detail: 'The soft floor cannot lie below the hard one.' })
  }
  if (ceilingSoft !== null && ceilingHard !== null && ceilingSoft > ceilingHard) {
    faults.push({ pointer: '/ceilingSoft', detail: 'The soft ceiling cannot lie above the hard one.' })
  }
  if (floorHard !== null && ceilingHard !== null && floorHard > ceilingHard) {
    faults.push({ pointer: '/floorHard', detail: 'The floor cannot lie above the ceiling.' })
  }
  refuseFaults(faults)
}

function only<T>(rows: T[]): T {
  const [row] = rows
  if (row === undefined) throw new Error('the timebank has no books')
  return row
}
