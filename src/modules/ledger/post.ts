import { createHash } from 'node:crypto'
import type { Tx } from '../../db/client.ts'
import { DomainError, type ProblemFigures } from '../../shared/errors.ts'
import { isUuid } from '../../shared/ids.ts'
import { type OutcomeCode, type OutcomeNumber, outcomes, problemFor } from './codes.ts'
import { operationNumbers, type TransferKind, transferKinds } from './kinds.ts'

/**
 * One step in the journal. `id` (uuid v7) is given by the caller and makes the step repeatable: the same step again is
 * answered, not posted. `minutes` > 0. `performedOn` is a calendar date (ISO) in the timebank's zone. Neighbours in one
 * call with the same `groupId` stand or fall together. `force` lets a reversal or an audited override pass hard limits
 * and accounts that are not open.
 */
export type Operation =
  | {
      id: string
      operation: 'transfer' | 'hold'
      debit: number
      credit: number
      minutes: number
      kind: TransferKind
      performedOn: string
      groupId?: string | undefined
      force?: boolean | undefined
    }
  | {
      id: string
      operation: 'settle' | 'release' | 'reverse'
      /** the hold that is settled or released, the transfer or settlement that is reversed */
      ref: string
      /** settle only: how much of the hold moves; the rest is released. All of it by default */
      minutes?: number | undefined
      /** that of what it refers to by default */
      kind?: TransferKind | undefined
      performedOn: string
      groupId?: string | undefined
      force?: boolean | undefined
    }

export type SoftLimit = 'debit_floor' | 'credit_ceiling'

/** Of a refusal by status or limit: the account at fault, and in minutes what it had, what of it was held, and the limit. */
export type Refused = { account: number; balance: number | null; held: number | null; limit: number | null }

/** Minutes; balances are those after the step, null where it was refused. */
export type Outcome = {
  id: string
  code: OutcomeCode
  replayed: boolean
  debitAccount: number | null
  creditAccount: number | null
  minutes: number | null
  debitBalance: number | null
  creditBalance: number | null
  /** was inside before and is outside after; a replay tells what the first posting crossed */
  softLimitsCrossed: SoftLimit[]
  /** a limit or a status would have refused it */
  forced: boolean
  refused: Refused | null
}

/** So many go to the database at once. */
const batchSize = 1000

/**
 * Posts in the given order and tells for each what became of it; never throws for a refusal. One operation takes one
 * round trip, up to 1,000 take one together. A step can only refer to what was posted before the call.
 * All accounts of the call stay locked until the transaction ends: post what belongs together in one call,
 * or transactions may wait for each other in a circle.
 */
export async function tryPost(tx: Tx, operations: readonly Operation[]): Promise<Outcome[]> {
  const answers: Outcome[] = []
  for (const batch of batches(operations)) answers.push(...(await postBatch(tx, batch, false)))
  return answers
}

/** Posts one operation; throws a DomainError with the figures where it is refused. */
export async function post(tx: Tx, operation: Operation): Promise<Outcome> {
  const [outcome] = await postAll(tx, [operation])
  return outcome as Outcome
}

/**
 * Posts all or nothing; throws for the refusal that stopped it, with its figures. The figures are those of the account at
 * fault: whoever answers somebody else with them must leave them out.
 */
export async function postAll(tx: Tx, operations: readonly Operation[]): Promise<Outcome[]> {
  if (operations.length <= batchSize) return refuse(await postBatch(tx, operations, true))
  // several calls: a refusal takes back those before it, also for a caller that catches it and goes on
  await tx.client.query('SAVEPOINT ledger_post_all')
  const answers: Outcome[] = []
  try {
    for (let at = 0; at < operations.length; at += batchSize) {
      answers.push(...refuse(await postBatch(tx, operations.slice(at, at + batchSize), true)))
    }
  } catch (error) {
    if (error instanceof DomainError) await tx.client.query('ROLLBACK TO SAVEPOINT ledger_post_all')
    throw error
  }
  await tx.client.query('RELEASE SAVEPOINT ledger_post_all')
  return answers
}

/** The error that a refused outcome becomes. Null: it was not refused. */
function refusalOf(outcome: Outcome): DomainError | null {
  const problem = problemFor(outcome.code)
  if (problem === null) return null
  const figures: ProblemFigures = { transfer: outcome.id }
  if (outcome.minutes !== null) figures['minutes'] = outcome.minutes
  if (outcome.refused !== null) {
    const { account, balance, held, limit } = outcome.refused
    figures['account'] = account
    if (outcome.code !== 'account_not_open') {
      figures['balance'] = balance
      figures['held'] = held
      figures[outcome.code === 'below_floor' ? 'floor' : 'ceiling'] = limit
    }
  }
  const detail = outcome.code === 'twice_in_batch' ? 'The same id, or the same ref, twice in one call.' : undefined
  return new DomainError(problem, detail, { figures })
}

function refuse(answers: Outcome[]): Outcome[] {
  const refusals = answers.filter(({ code }) => problemFor(code) !== null)
  // the legs before the one at fault say only that another one failed
  const cause = refusals.find(({ code }) => code !== 'leg_failed') ?? refusals[0]
  const error = cause === undefined ? null : refusalOf(cause)
  if (error) throw error
  return answers
}

/** Cuts where no group is cut through. */
function* batches(operations: readonly Operation[]): Generator<readonly Operation[]> {
  for (let from = 0; from < operations.length; ) {
    let to = Math.min(from + batchSize, operations.length)
    const next = operations[to]
    if (next?.groupId !== undefined) {
      while (to > from && operations[to - 1]?.groupId === next.groupId) to -= 1
      if (to === from) throw new RangeError(`a group has at most ${batchSize} legs`)
    }
    yield operations.slice(from, to)
    from = to
  }
}

type Row = {
  code: OutcomeNumber
  debit_account: number | null
  credit_account: number | null
  minutes: number | null
  debit_balance: number | null
  credit_balance: number | null
  flags: number
  refused_account: number | null
  refused_balance: number | null
  refused_held: number | null
  refused_limit: number | null
}

async function postBatch(tx: Tx, operations: readonly Operation[], together: boolean): Promise<Outcome[]> {
  if (operations.length === 0) return []
  const rows = operations.map((operation) => argumentsOf(tx, operation))
  const [first] = rows
  const { rows: answers } = await tx.client.query<Row>(
    rows.length === 1 && first !== undefined
      ? {
          name: 'ledger.post_one',
          text: 'SELECT * FROM ledger.post_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)',
          values: first
        }
      : {
          name: 'ledger.post_many',
          text: 'SELECT * FROM ledger.post_many($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
          values: [...columns(rows), together]
        }
  )
  return operations.map(({ id }, i) => toOutcome(id, answers[i] as Row))
}

function toOutcome(id: string, row: Row): Outcome {
  const { code } = outcomes[row.code]
  const softLimitsCrossed: SoftLimit[] = []
  if (row.flags & 1) softLimitsCrossed.push('debit_floor')
  if (row.flags & 2) softLimitsCrossed.push('credit_ceiling')
  return {
    id,
    code,
    replayed: code === 'replayed',
    debitAccount: row.debit_account,
    creditAccount: row.credit_account,
    minutes: row.minutes,
    debitBalance: row.debit_balance,
    creditBalance: row.credit_balance,
    softLimitsCrossed,
    forced: (row.flags & 4) !== 0,
    refused:
      row.refused_account === null
        ? null
        : {
            account: row.refused_account,
            balance: row.refused_balance,
            held: row.refused_held,
            limit: row.refused_limit
          }
  }
}

type Argument = string | number | boolean | null

/** In the order of both functions' parameters. What PostgreSQL could not even read becomes nulls, which it answers as malformed. */
function argumentsOf(tx: Tx, operation: Operation): Argument[] {
  const { id, performedOn, kind, minutes, groupId, force } = operation
  const debit = 'debit' in operation ? operation.debit : null
  const credit = 'credit' in operation ? operation.credit : null
  const ref = 'ref' in operation ? operation.ref : null
  const who = [tx.timebankId, tx.actor.personId]
  if (
    !isUuid(id) ||
    !isDate(performedOn) ||
    !(operation.operation in operationNumbers) ||
    !(kind === undefined || kind in transferKinds) ||
    !(groupId === undefined || isUuid(groupId)) ||
    !(ref === null || isUuid(ref)) ||
    ![debit ?? 0, credit ?? 0, minutes ?? 0].every(isInt4)
  ) {
    return [...who, ...new Array<null>(11).fill(null)]
  }
  return [
    ...who,
    id,
    operationNumbers[operation.operation],
    debit,
    credit,
    minutes ?? null,
    kind === undefined ? null : transferKinds[kind],
    performedOn,
    ref,
    groupId ?? null,
    fingerprintOf(operation),
    force === true
  ]
}

const columns = (rows: Argument[][]): Argument[][] =>
  (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? null))

/**
 * 64 bits over all that has a meaning, to tell a repeat from another request with the same id. Who asks is left out:
 * a job may finish what a person began.
 */
function fingerprintOf(operation: Operation): string {
  const o: Partial<Record<string, string | number | boolean>> = operation
  const text = [
    o['operation'],
    o['debit'],
    o['credit'],
    o['minutes'],
    o['kind'],
    o['performedOn'],
    o['ref'],
    o['groupId']
  ]
  return createHash('sha256').update(JSON.stringify(text).toLowerCase()).digest().readBigInt64BE(0).toString()
}

const isInt4 = (n: number): boolean => Number.isInteger(n) && Math.abs(n) <= 2_147_483_647

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '0001') return false
  const day = new Date(`${text}T00:00:00Z`)
  // 31 February becomes 3 March
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}
