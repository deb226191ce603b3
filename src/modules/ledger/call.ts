import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Actor } from '../../shared/actor.ts'
import { isUuid } from '../../shared/ids.ts'
import { type OutcomeCode, type OutcomeNumber, outcomes } from './codes.ts'
import { operationNumbers, sourceNumbers, type TransferKind, transferKinds } from './kinds.ts'

/** What every operation may say beside what it does. */
type Common = {
  /** uuid v7, given by the caller: the same step again is answered, not posted */
  id: string
  /** calendar date (ISO) in the timebank's zone */
  performedOn: string
  /** neighbours in one call with the same group stand or fall together */
  groupId?: string | undefined
  /** lets a reversal or an audited override pass hard limits and accounts that are not open */
  force?: boolean | undefined
  /** membership or organisation for whom the actor posts it, where that is somebody else */
  onBehalfOf?: string | undefined
  /** what was asked for, where the operation was completed from it: then this is what a repeat must equal */
  asked?: string | undefined
}

/** One step in the journal. `minutes` > 0. */
export type Operation = Common &
  (
    | {
        operation: 'transfer' | 'hold'
        debit: number
        credit: number
        minutes: number
        kind: TransferKind
        /** holds only: let go by itself at this instant, unless settled or released before */
        expiresAt?: Date | undefined
      }
    | {
        operation: 'settle' | 'release' | 'reverse'
        /** the hold that is settled or released, the transfer or settlement that is reversed */
        ref: string
        /** settle only: how much of the hold moves; the rest is released. All of it by default */
        minutes?: number | undefined
        /** that of what it refers to by default */
        kind?: TransferKind | undefined
      }
  )

export type SoftLimit = 'debit_floor' | 'credit_ceiling'

/** Of a refusal by status or limit: the account at fault, and in minutes what it had, what of it was held, and the limit. */
export type Refused = { account: number; balance: number | null; held: number | null; limit: number | null }

/** Minutes; balances are those after the step, null where it was refused. */
export type Outcome = {
  id: string
  code: OutcomeCode
  /** answered before: it was posted, or refused and kept, under the same id */
  replayed: boolean
  debitAccount: number | null
  creditAccount: number | null
  minutes: number | null
  performedOn: string | null
  recordedAt: Date | null
  debitBalance: number | null
  creditBalance: number | null
  /** was inside before and is outside after; a replay tells what the first posting crossed */
  softLimitsCrossed: SoftLimit[]
  /** a limit or a status would have refused it */
  forced: boolean
  refused: Refused | null
}

/** An operation with the timebank that it is for and who posts it. */
export type Posting = { timebankId: string; actor: Pick<Actor, 'personId' | 'source'>; operation: Operation }

export type CallOptions = {
  /** all or nothing, whether or not they share a group */
  together: boolean
  /** refusals are kept under their ids, and told again to who asks again */
  keep: boolean
}

/** The posting functions take so many at once. */
export const batchSize = 1000

/** One statement: `post_one` for one, `post_many` for up to 1,000. Timebanks may be mixed outside of a timebank's transaction only. */
export async function callLedger(
  client: pg.Pool | pg.PoolClient,
  postings: readonly Posting[],
  { together, keep }: CallOptions
): Promise<Outcome[]> {
  const rows = postings.map(argumentsOf)
  const [first] = rows
  if (first === undefined) return []
  const { rows: answers } = await client.query<Row>(
    rows.length === 1
      ? { name: 'ledger.post_one', text: postOne, values: [...first, keep] }
      : { name: 'ledger.post_many', text: postMany, values: [...columns(rows), together, keep] }
  )
  return postings.map(({ operation }, i) => toOutcome(operation.id, answers[i] as Row))
}

/** For each posting, those of its accounts that somebody else has locked at this moment. */
export async function lockedAccounts(pool: pg.Pool, postings: readonly Posting[]): Promise<number[][]> {
  const { rows } = await pool.query<{ place: number; account: number }>({
    name: 'ledger.locked_accounts',
    text: 'SELECT place, account FROM ledger.locked_accounts($1, $2, $3, $4)',
    values: columns(
      postings.map((posting) => {
        const [timebankId, , , , debit, credit, , , , ref] = argumentsOf(posting)
        return [timebankId, debit, credit, ref].map((value) => value ?? null)
      })
    )
  })
  const locked: number[][] = postings.map(() => [])
  for (const { place, account } of rows) locked[place - 1]!.push(account)
  return locked
}

const parameters = (count: number): string => Array.from({ length: count }, (_, i) => `$${i + 1}`).join(', ')
const postOne = `SELECT * FROM ledger.post_one(${parameters(17)})`
const postMany = `SELECT * FROM ledger.post_many(${parameters(18)})`

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
  performed_on: string | null
  recorded_at: Date | null
}

/** A bit of `flags`: the refusal was kept before. */
const keptBefore = 8

function toOutcome(id: string, row: Row): Outcome {
  const { code } = outcomes[row.code]
  const softLimitsCrossed: SoftLimit[] = []
  if (row.flags & 1) softLimitsCrossed.push('debit_floor')
  if (row.flags & 2) softLimitsCrossed.push('credit_ceiling')
  return {
    id,
    code,
    replayed: code === 'replayed' || (row.flags & keptBefore) !== 0,
    debitAccount: row.debit_account,
    creditAccount: row.credit_account,
    minutes: row.minutes,
    performedOn: row.performed_on,
    recordedAt: row.recorded_at,
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

type Argument = string | number | boolean | Date | null

/** In the order of both functions' parameters. What PostgreSQL could not even read becomes nulls, which it answers as malformed. */
function argumentsOf({ timebankId, actor, operation }: Posting): Argument[] {
  const { id, performedOn, kind, minutes, groupId, force, onBehalfOf } = operation
  const debit = 'debit' in operation ? operation.debit : null
  const credit = 'credit' in operation ? operation.credit : null
  const ref = 'ref' in operation ? operation.ref : null
  const expiresAt = 'expiresAt' in operation ? (operation.expiresAt ?? null) : null
  const who = [timebankId, actor.personId]
  if (
    !isUuid(id) ||
    !isDate(performedOn) ||
    !(operation.operation in operationNumbers) ||
    !(kind === undefined || kind in transferKinds) ||
    !(groupId === undefined || isUuid(groupId)) ||
    !(onBehalfOf === undefined || isUuid(onBehalfOf)) ||
    !(ref === null || isUuid(ref)) ||
    ![debit ?? 0, credit ?? 0, minutes ?? 0].every(isInt4)
  ) {
    return [...who, ...new Array<null>(14).fill(null)]
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
    force === true,
    sourceNumbers[actor.source],
    onBehalfOf ?? null,
    expiresAt
  ]
}

const columns = (rows: Argument[][]): Argument[][] =>
  (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? null))

/**
 * 64 bits over all that has a meaning, to tell a repeat from another request with the same id. Who asks is left out:
 * a job may finish what a person began.
 */
function fingerprintOf(operation: Operation): string {
  const o: Partial<Record<string, string | number | boolean | Date>> = operation
  const parts = [
    o['operation'],
    o['debit'],
    o['credit'],
    o['minutes'],
    o['kind'],
    o['performedOn'],
    o['ref'],
    o['groupId'],
    ...(o['onBehalfOf'] || o['expiresAt'] ? [o['onBehalfOf'], o['expiresAt']] : [])
  ]
  const text = operation.asked ?? JSON.stringify(parts)
  return createHash('sha256').update(text.toLowerCase()).digest().readBigInt64BE(0).toString()
}

const isInt4 = (n: number): boolean => Number.isInteger(n) && Math.abs(n) <= 2_147_483_647

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '0001') return false
  const day = new Date(`${text}T00:00:00Z`)
  // 31 February becomes 3 March
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}
