import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { type AccountLabel, accountLabels, labelsBeside } from '../members/index.ts'
import { timebankNames } from '../timebanks/index.ts'
import { agreements } from './tables.ts'

/** Whose accounts these are, the other timebanks of clearing accounts among them: statements name both. */
export async function labelsWithPartners(tx: Tx, accountIds: readonly number[]): Promise<Map<number, AccountLabel>> {
  const labels = await accountLabels(tx, accountIds)
  const ours = [...labels].filter(([, { kind }]) => kind === 'clearing').map(([id]) => id)
  if (ours.length === 0) return labels
  const rows = await tx.db
    .select({ accountId: agreements.accountId, partnerId: agreements.partnerId })
    .from(agreements)
    .where(and(eq(agreements.timebankId, tx.timebankId), inArray(agreements.accountId, ours)))
  const names = await timebankNames(
    tx.db,
    rows.map(({ partnerId }) => partnerId)
  )
  for (const { accountId, partnerId } of rows)
    labels.set(accountId!, { kind: 'clearing', number: null, name: names.get(partnerId)?.name ?? null })
  return labels
}

/** The same beside the lines of a statement. */
export const partnersBeside = labelsBeside(
  'clearing.statement',
  `SELECT t.name FROM clearing.agreements g JOIN timebanks.timebanks t ON t.id = g.partner_id
    WHERE g.timebank_id = $1 AND g.account_id = s.counter_account`
)
