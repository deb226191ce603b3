import type { Tx } from '../../db/client.ts'
import { operationNumbers, type TransferKind, transferKindName } from './kinds.ts'

/** Minutes of one kind that an account was credited and debited with; a reversal is on the side opposite to what it reverses. */
export type Flow = { kind: TransferKind; credited: number; debited: number }

/** What an account has, and what brought it there: the balance is all that was credited less all that was debited. */
type Flows = { balance: number; heldOut: number; flows: Flow[] }

const { transfer, settle, reverse } = operationNumbers

const sums = (account: 'credit' | 'debit', credited: string, debited: string): string => `
  SELECT t.kind, ${credited} AS credited, ${debited} AS debited
    FROM ledger.transfers t
   WHERE t.timebank_id = $1 AND t.${account}_account = a.id AND t.operation IN (${transfer}, ${settle}, ${reverse})
   GROUP BY 1`

/**
 * What has moved on accounts, by kind, and what they hold. One statement reads the journal and the account rows as they were at
 * one instant, so that the two always agree.
 */
export async function flowsOf(tx: Tx, accountIds: readonly number[]): Promise<Map<number, Flows>> {
  if (accountIds.length === 0) return new Map()
  type Row = {
    id: number
    balance: number
    held: number
    flows: [kind: number, credited: number, debited: number][] | null
  }
  const { rows } = await tx.client.query<Row>({
    name: 'ledger.flows',
    text: `SELECT a.id, (a.credits - a.debits)::bigint AS balance, a.held_out::bigint AS held,
                  (SELECT json_agg(json_build_array(f.kind, f.credited, f.debited))
                     FROM (${sums('credit', 'sum(t.minutes)', '0')} UNION ALL ${sums('debit', '0', 'sum(t.minutes)')}) f) AS flows
             FROM ledger.accounts a
            WHERE a.timebank_id = $1 AND a.id = ANY ($2::integer[])`,
    values: [tx.timebankId, accountIds]
  })
  const toFlow = ([kind, credited, debited]: [number, number, number]): Flow => ({
    kind: transferKindName(kind),
    credited,
    debited
  })
  return new Map(
    rows.map(({ id, balance, held, flows }) => [id, { balance, heldOut: held, flows: (flows ?? []).map(toFlow) }])
  )
}
