import type { Tx } from '../../db/client.ts'
import { addDays } from '../../shared/clock.ts'
import { notFound } from '../../shared/errors.ts'
import { operationName, type TransferKind, transferKindName } from './kinds.ts'
import { type Account, sumOf, type TrialBalance, type TrialBalanceRow } from './read.ts'

/** How an account stood at a moment. Minutes. */
export type Position = Pick<Account, 'earned' | 'spent' | 'balance' | 'heldIn' | 'heldOut' | 'available'>

/**
 * Up to which moment one looks. `before`: what had been recorded before an instant. `on`: what was performed up to a calendar
 * date, whenever it was recorded. The ledger knows no time zone: whoever asks says when a day ends.
 */
export type Moment = { before: Date } | { on: string }

const figures = 'earned, spent, held_in, held_out'

/** A query of one row, in which $1 and $2 are timebank and account, and the moment is the parameter with that number. */
const positionQuery = (moment: Moment, parameter: number): { text: string; value: Date | string } =>
  'on' in moment
    ? { text: `SELECT ${figures} FROM ledger.balance_on($1, $2, $${parameter})`, value: moment.on }
    : { text: `SELECT ${figures} FROM ledger.balance_before($1, $2, $${parameter})`, value: moment.before }

/** The account as it was at a moment; not-found where there is no such account now. */
export async function positionAt(tx: Tx, accountId: number, moment: Moment): Promise<Position> {
  const { text, value } = positionQuery(moment, 3)
  const { rows } = await tx.client.query<Figures>({
    name: `ledger.position_${'on' in moment ? 'on' : 'before'}`,
    text,
    values: [tx.timebankId, accountId, value]
  })
  const [row] = rows
  if (row === undefined) throw notFound('account')
  return toPosition(row)
}

type Figures = { earned: number; spent: number; held_in: number; held_out: number }

const toPosition = ({ earned, spent, held_in, held_out }: Figures): Position => ({
  earned,
  spent,
  balance: earned - spent,
  heldIn: held_in,
  heldOut: held_out,
  available: earned - spent - held_out
})

/** A line that moved hours, as a statement on paper has it. */
export type Move = {
  performedOn: string
  kind: TransferKind
  reversal: boolean
  counterAccount: number
  /** positive came in, negative went out */
  minutes: number
}

/** What a period did to an account; the opening balance and what was earned, less what was spent, is the closing balance. */
export type Summary = { opening: Position; earned: number; spent: number; closing: Position }

type SummaryRow = { opening: Figures; closing: Figures; moves: MoveRow[] | null }
type MoveRow = { operation: number; kind: number; performed_on: string; counter_account: number; minutes: number }

/**
 * `before` null: from the beginning; `until` null: with everything there is, dates to come included. One statement, so that
 * nothing that is posted meanwhile comes between its parts.
 */
async function summaryRow(
  tx: Tx,
  accountId: number,
  before: Moment | null,
  until: Moment | null,
  moves?: { from: string | null; to: string | null; limit: number }
): Promise<SummaryRow> {
  const values: unknown[] = [tx.timebankId, accountId]
  const query = (moment: Moment | null, otherwise: string) => {
    if (moment === null) return otherwise
    const { text, value } = positionQuery(moment, values.length + 1)
    values.push(value)
    return text
  }
  const opening = query(before, 'SELECT 0 AS earned, 0 AS spent, 0 AS held_in, 0 AS held_out')
  const closing = query(
    until,
    'SELECT credits AS earned, debits AS spent, held_in, held_out FROM ledger.accounts WHERE timebank_id = $1 AND id = $2'
  )
  const n = values.length
  if (moves) values.push(moves.from, moves.to, moves.limit)
  const { rows } = await tx.client.query<SummaryRow>({
    text: `SELECT row_to_json(o) AS opening, row_to_json(c) AS closing,
                  ${moves ? `(SELECT json_agg(m) FROM ledger.moves($1, $2, $${n + 1}, $${n + 2}, $${n + 3}) m)` : 'NULL'} AS moves
             FROM (${opening}) o, (${closing}) c`,
    values
  })
  const [row] = rows
  if (row === undefined) throw notFound('account')
  return row
}

function toSummary(row: SummaryRow): Summary {
  const [opening, closing] = [toPosition(row.opening), toPosition(row.closing)]
  return { opening, earned: closing.earned - opening.earned, spent: closing.spent - opening.spent, closing }
}

export const summaryOf = async (tx: Tx, id: number, before: Moment | null, until: Moment | null): Promise<Summary> =>
  toSummary(await summaryRow(tx, id, before, until))

/**
 * The summary of a period by service date, both days included, with the lines that moved hours, in the order of service dates
 * and on one day in that of recording. What was set aside and let go is left out.
 */
export async function summaryWithMoves(
  tx: Tx,
  accountId: number,
  period: { from: string | null; to: string | null },
  limit: number
): Promise<Summary & { moves: Move[] }> {
  const before = period.from === null ? null : { on: addDays(period.from, -1) }
  const until = period.to === null ? null : { on: period.to }
  const row = await summaryRow(tx, accountId, before, until, { ...period, limit })
  const moves = (row.moves ?? []).map(({ operation, kind, performed_on, counter_account, minutes }) => ({
    performedOn: performed_on,
    kind: transferKindName(kind),
    reversal: operationName(operation) === 'reverse',
    counterAccount: counter_account,
    minutes
  }))
  return { ...toSummary(row), moves }
}

/** The trial balance as it was at a moment, over the accounts that there are now. */
export async function trialBalanceAt(tx: Tx, moment: Moment): Promise<TrialBalance> {
  const { rows } = await tx.client.query<TrialBalanceRow>({
    name: 'ledger.trial_balance_at',
    text: `SELECT kind, accounts, debits, credits, balance, held_in AS "heldIn", held_out AS "heldOut"
             FROM ledger.trial_balance_at($1, $2, $3)`,
    values: [tx.timebankId, 'before' in moment ? moment.before : null, 'on' in moment ? moment.on : null]
  })
  return sumOf(rows)
}
