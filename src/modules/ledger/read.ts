import type { Tx } from '../../db/client.ts'
import { instantFrom, orEmpty, packedRows, unpackRows } from '../../db/packed.ts'
import { notFound } from '../../shared/errors.ts'
import type { Limits } from './accounts.ts'
import {
  type AccountKind,
  type AccountStatus,
  accountKinds,
  type OperationName,
  operationName,
  type TransferKind,
  transferKindName
} from './kinds.ts'

/** All in minutes. `earned` and `spent` only ever grow; `balance` = earned − spent; `available` = balance − heldOut. */
export type Account = {
  id: number
  kind: AccountKind
  status: AccountStatus
  earned: number
  spent: number
  balance: number
  heldIn: number
  heldOut: number
  available: number
  limits: Limits
  version: number
}

type AccountRow = {
  id: number
  kind: AccountKind
  status: AccountStatus
  credits: number
  debits: number
  held_in: number
  held_out: number
  floor_soft: number | null
  floor_hard: number | null
  ceiling_soft: number | null
  ceiling_hard: number | null
  version: number
}

/** One account; not-found where the timebank has none with that number. */
export async function getAccount(tx: Tx, id: number): Promise<Account> {
  const account = (await getAccounts(tx, [id])).get(id)
  if (account === undefined) throw notFound('account')
  return account
}

/** Those of the accounts that are there, by number. */
export async function getAccounts(tx: Tx, ids: readonly number[]): Promise<Map<number, Account>> {
  const { rows } = await tx.client.query<AccountRow>({
    name: 'ledger.get_accounts',
    text: `SELECT id, kind, status, credits, debits, held_in, held_out, floor_soft, floor_hard, ceiling_soft, ceiling_hard, version
             FROM ledger.accounts WHERE timebank_id = $1 AND id = ANY ($2::integer[])`,
    values: [tx.timebankId, ids]
  })
  return new Map(rows.map((row) => [row.id, toAccount(row)]))
}

const toAccount = (row: AccountRow): Account => ({
  id: row.id,
  kind: row.kind,
  status: row.status,
  earned: row.credits,
  spent: row.debits,
  balance: row.credits - row.debits,
  heldIn: row.held_in,
  heldOut: row.held_out,
  available: row.credits - row.debits - row.held_out,
  limits: {
    floorSoft: row.floor_soft,
    floorHard: row.floor_hard,
    ceilingSoft: row.ceiling_soft,
    ceilingHard: row.ceiling_hard
  },
  version: row.version
})

/** One account's side of a step in the journal. Minutes. */
export type Line = {
  /** counts the lines of the account from 1, without gaps */
  version: number
  transferId: string
  operation: OperationName
  kind: TransferKind
  /** calendar date in the timebank's zone */
  performedOn: string
  recordedAt: Date
  counterAccount: number
  /** what it did to the balance: positive came in, negative went out, 0 for a hold and its release */
  minutes: number
  /** what it set aside (positive) or let go again (negative) */
  heldMinutes: number
  /** after the line, in the order of recording */
  balance: number
  ref: string | null
  groupId: string | null
}

export type StatementOptions = {
  /** lines with lower versions, newest first */
  before?: number | undefined
  /** lines with higher versions, oldest first unless `order` says otherwise */
  after?: number | undefined
  order?: 'newest' | 'oldest' | undefined
  /** performedOn, both included */
  from?: string | undefined
  to?: string | undefined
  limit: number
}

/**
 * What a floor above knows of the other account of each line, read in the same statement: SQL that joins its tables to
 * `s.counter_account` in the timebank $1, and expressions that are never null (see packedRows).
 */
export type Beside<T> = {
  /** of the whole statement, on connections */
  name: string
  joins: string
  columns: readonly string[]
  /** of what the expressions gave */
  read(tx: Tx, texts: readonly string[]): T
}

const lineColumns = [
  's.version',
  's.transfer_id',
  's.operation',
  's.kind',
  's.performed_on',
  's.recorded_at',
  's.counter_account',
  's.minutes',
  'coalesce(s.held_minutes, 0)',
  's.balance',
  orEmpty('s.ref'),
  orEmpty('s.group_id')
]

const alone: Beside<null> = { name: 'ledger.statement', joins: '', columns: [], read: () => null }

/**
 * Lines of an account in the order of recording, newest first unless `after` is given. The running balance is the one at
 * recording: a line for an earlier day does not change those recorded before it.
 */
export async function statement(tx: Tx, accountId: number, options: StatementOptions): Promise<Line[]> {
  return (await statementWith(tx, accountId, options, alone)).map(([line]) => line)
}

/** The same with what stands beside each line, in one statement. */
export async function statementWith<T>(
  tx: Tx,
  accountId: number,
  options: StatementOptions,
  beside: Beside<T>
): Promise<[Line, T][]> {
  const { before, after, from, to, limit, order = after === undefined ? 'newest' : 'oldest' } = options
  const columns = [...lineColumns, ...beside.columns]
  const { rows } = await tx.client.query<{ lines: string | null }>({
    name: beside.name,
    text: `SELECT ${packedRows(columns)} AS lines
             FROM ledger.statement($1, $2, $3, $4, $5, $6, $7, $8) s ${beside.joins}`,
    values: [
      tx.timebankId,
      accountId,
      after ?? null,
      before ?? null,
      from ?? null,
      to ?? null,
      order === 'oldest',
      limit
    ]
  })
  const lines = unpackRows(rows[0]?.lines ?? null).map((fields): [Line, T] => [
    toLine(fields),
    beside.read(tx, fields.slice(lineColumns.length))
  ])
  // here it costs a tenth of what it does there
  const direction = order === 'oldest' ? 1 : -1
  return lines.sort(([a], [b]) => (a.version - b.version) * direction)
}

/**
 * Lines of an account, newest first, each with all that was set aside on it then. Reads the account's lines from the first on:
 * for accounts that have hundreds, not for those of busy organisations.
 */
export async function statementHeld(
  tx: Tx,
  accountId: number,
  before: number | null,
  limit: number
): Promise<(Line & { held: number })[]> {
  const { rows } = await tx.client.query<{ lines: string | null }>({
    name: 'ledger.statement_held',
    text: `SELECT ${packedRows([...lineColumns, 's.held'])} AS lines
             FROM (SELECT s.*, sum(coalesce(s.held_minutes, 0)) OVER (ORDER BY s.version) AS held
                     FROM ledger.statement($1, $2, NULL, $3, NULL, NULL, true, 2147483647) s
                    ORDER BY s.version DESC
                    LIMIT $4) s`,
    values: [tx.timebankId, accountId, before, limit]
  })
  return unpackRows(rows[0]?.lines ?? null)
    .map((fields) => ({ ...toLine(fields), held: Number(fields[lineColumns.length]) }))
    .sort((a, b) => b.version - a.version)
}

const toLine = (fields: readonly string[]): Line => {
  const [version, transferId, operation, kind, performedOn, recordedAt, counter, minutes, held, balance, ref, group] =
    fields
  return {
    version: Number(version),
    transferId: transferId!,
    operation: operationName(Number(operation)),
    kind: transferKindName(Number(kind)),
    performedOn: performedOn!,
    recordedAt: instantFrom(recordedAt!),
    counterAccount: Number(counter),
    minutes: Number(minutes),
    heldMinutes: Number(held),
    balance: Number(balance),
    ref: ref === '' ? null : ref!,
    groupId: group === '' ? null : group!
  }
}

/** What kinds steps of the journal are, by their ids (lower case); those that are there. */
export async function kindsOf(tx: Tx, ids: readonly string[]): Promise<Map<string, TransferKind>> {
  const { rows } = await tx.client.query<{ id: string; kind: number }>({
    name: 'ledger.kinds_of',
    text: 'SELECT id, kind FROM ledger.transfers WHERE timebank_id = $1 AND id = ANY ($2::uuid[])',
    values: [tx.timebankId, ids]
  })
  return new Map(rows.map(({ id, kind }) => [id, transferKindName(kind)]))
}

/** Minutes, over all accounts of a kind. */
export type TrialBalanceRow = {
  kind: AccountKind
  accounts: number
  debits: number
  credits: number
  balance: number
  heldIn: number
  heldOut: number
}

/** `sum.balance` is 0 and the holds of `sum` are equal, or the books are wrong. */
export type TrialBalance = { kinds: TrialBalanceRow[]; sum: Omit<TrialBalanceRow, 'kind'> }

export async function trialBalance(tx: Tx): Promise<TrialBalance> {
  const { rows } = await tx.client.query<TrialBalanceRow>({
    name: 'ledger.trial_balance',
    text: `SELECT kind, accounts, debits, credits, balance, held_in AS "heldIn", held_out AS "heldOut"
             FROM ledger.trial_balance($1)`,
    values: [tx.timebankId]
  })
  return sumOf(rows)
}

/** Rows by kind in the kinds' own order, with their sum. */
export function sumOf(rows: TrialBalanceRow[]): TrialBalance {
  const total = (figure: keyof TrialBalance['sum']) => rows.reduce((sum, row) => sum + row[figure], 0)
  return {
    kinds: rows.toSorted((a, b) => accountKinds.indexOf(a.kind) - accountKinds.indexOf(b.kind)),
    sum: {
      accounts: total('accounts'),
      debits: total('debits'),
      credits: total('credits'),
      balance: total('balance'),
      heldIn: total('heldIn'),
      heldOut: total('heldOut')
    }
  }
}
