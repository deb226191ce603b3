import type { Tx } from '../../db/client.ts'
import { selected } from '../../db/rows.ts'
import { notFound } from '../../shared/errors.ts'
import { budgets } from './tables.ts'

/** Whom or what it is for: an organisation, a member, an activity by its title. */
export const budgetKinds = ['agency', 'person', 'activity'] as const
export type BudgetKind = (typeof budgetKinds)[number]

export const budgetStatuses = ['proposed', 'agreed', 'active', 'ended', 'reconciled'] as const
export type BudgetStatus = (typeof budgetStatuses)[number]

/** Who says what is agreed from it. */
export const holderModes = ['self', 'nominated_person', 'circle', 'provider_held', 'agency_held'] as const
export type HolderMode = (typeof holderModes)[number]

type Row = typeof budgets.$inferSelect

export type Budget = Omit<Row, 'kind' | 'status' | 'holderMode'> & {
  kind: BudgetKind
  status: BudgetStatus
  holderMode: HolderMode
  /** the members who hold it: the one nominated, or a circle */
  holderIds: string[]
  hasPlan: boolean
}

const shown = `${selected(budgets, 'b')},
  ARRAY (SELECT h.membership_id FROM budgets.holders h
          WHERE h.timebank_id = b.timebank_id AND h.budget_id = b.id ORDER BY h.membership_id) AS "holderIds",
  EXISTS (SELECT FROM budgets.plans p WHERE p.timebank_id = b.timebank_id AND p.budget_id = b.id AND p.text <> '') AS "hasPlan"`

/** One budget, whoever asks. */
export async function findBudget(tx: Tx, id: string): Promise<Budget> {
  const { rows } = await tx.client.query<Budget>({
    name: 'budgets.find',
    text: `SELECT ${shown} FROM budgets.budgets b WHERE b.timebank_id = $1 AND b.id = $2`,
    values: [tx.timebankId, id]
  })
  if (!rows[0]) throw notFound('budget')
  return rows[0]
}

/**
 * Kept as it is until the transaction ends, while others keep it so too: what is agreed from a budget at the same moment does
 * not wait, and its end waits for all of them.
 */
export async function holdBudget(tx: Tx, id: string): Promise<Budget> {
  const { rowCount } = await tx.client.query({
    name: 'budgets.hold',
    text: 'SELECT FROM budgets.budgets WHERE timebank_id = $1 AND id = $2 FOR SHARE',
    values: [tx.timebankId, id]
  })
  if (rowCount === 0) throw notFound('budget')
  // read after the wait: who held it before may not hold it now
  return findBudget(tx, id)
}

/** Locked until the end of the transaction, so that of two steps at once the second sees the first. */
export async function lockBudget(tx: Tx, id: string): Promise<Budget> {
  const { rowCount } = await tx.client.query({
    name: 'budgets.lock',
    text: 'SELECT FROM budgets.budgets WHERE timebank_id = $1 AND id = $2 FOR NO KEY UPDATE',
    values: [tx.timebankId, id]
  })
  if (rowCount === 0) throw notFound('budget')
  // read after the wait, with what stands beside it
  return findBudget(tx, id)
}

export type BudgetFilter = {
  funderId?: string | undefined
  /** the person it is for, or one who holds it */
  memberId?: string | undefined
  organisationId?: string | undefined
  kind?: BudgetKind | undefined
  status?: BudgetStatus | undefined
}

/**
 * Whose budgets are listed: those of a member, of whom they support and of the organisations that they act for, or those of one
 * funder; null: all.
 */
export type ListedFor =
  | { me: string; supported: readonly string[]; organisationIds: readonly string[] }
  | { funder: string }
  | null

/** Newest first; one more than `limit` where there are more. `before`: the last id seen. */
export async function listBudgets(
  tx: Tx,
  filter: BudgetFilter,
  listedFor: ListedFor,
  before: string | null,
  limit: number
): Promise<Budget[]> {
  const values: unknown[] = [tx.timebankId]
  const put = (value: unknown): string => `$${values.push(value)}`
  const common = ['b.timebank_id = $1']
  const same = (column: string, value: string | undefined) => {
    if (value !== undefined) common.push(`b.${column} = ${put(value)}`)
  }
  same('funder_id', filter.funderId)
  same('organisation_id', filter.organisationId)
  same('kind', filter.kind)
  same('status', filter.status)
  if (before !== null) common.push(`b.id < ${put(before)}`)
  const heldBy = (members: string) =>
    `EXISTS (SELECT FROM budgets.holders h WHERE h.timebank_id = $1 AND h.budget_id = b.id AND h.membership_id = ANY (${members}::uuid[]))`
  if (filter.memberId !== undefined && listedFor === null)
    return union(tx, common, around(put([filter.memberId]), put([filter.memberId]), null), values, limit)
  if (filter.memberId !== undefined) {
    const member = put([filter.memberId])
    common.push(`(b.member_id = ANY (${member}::uuid[]) OR ${heldBy(member)})`)
  }
  if (listedFor === null) return union(tx, common, ['true'], values, limit)
  if ('funder' in listedFor) return union(tx, common, [`b.funder_id = ${put(listedFor.funder)}`], values, limit)
  const { me, supported, organisationIds } = listedFor
  const organisations = organisationIds.length > 0 ? put(organisationIds) : null
  return union(tx, common, around(put([me, ...supported]), put([me]), organisations), values, limit)
}

/** Each way in which somebody may stand to a budget, by an index of its own. */
const around = (members: string, holding: string, organisations: string | null): string[] => [
  `b.member_id = ANY (${members}::uuid[])`,
  `b.id IN (SELECT h.budget_id FROM budgets.holders h WHERE h.timebank_id = $1 AND h.membership_id = ANY (${holding}::uuid[]))`,
  ...(organisations === null
    ? []
    : [`b.funder_id = ANY (${organisations}::uuid[])`, `b.holder_organisation_id = ANY (${organisations}::uuid[])`])
]

/** An OR of several ways would read the whole table: each is looked for by itself, no further than the page. */
async function union(
  tx: Tx,
  common: readonly string[],
  ways: readonly string[],
  values: readonly unknown[],
  limit: number
): Promise<Budget[]> {
  const branches = ways.map(
    (way) =>
      `(SELECT b.id FROM budgets.budgets b WHERE ${[...common, way].join(' AND ')} ORDER BY b.id DESC LIMIT ${limit + 1})`
  )
  const { rows } = await tx.client.query<Budget>(
    `SELECT ${shown} FROM budgets.budgets b
      WHERE b.timebank_id = $1 AND b.id IN (${branches.join(' UNION ')})
      ORDER BY b.id DESC LIMIT ${limit + 1}`,
    [...values]
  )
  return rows
}
