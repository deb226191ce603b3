import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { categoryNames } from '../listings/index.ts'
import { exchanges } from './tables.ts'

/** Sides and category of exchanges, by id, for whoever may see them already: lists of higher modules. */
export async function categoriesOf(
  tx: Tx,
  ids: readonly string[]
): Promise<Map<string, { category: string; providerId: string | null; receiverId: string | null }>> {
  if (ids.length === 0) return new Map()
  const { providerId, receiverId, categoryId, id } = exchanges
  const rows = await tx.db
    .select({ id, categoryId, providerId, receiverId })
    .from(exchanges)
    .where(and(eq(exchanges.timebankId, tx.timebankId), inArray(exchanges.id, [...ids])))
  const names = await categoryNames(
    tx,
    rows.map((row) => row.categoryId)
  )
  return new Map(rows.map((row) => [row.id, { ...row, category: names.get(row.categoryId) ?? '' }]))
}

/** SQL of a list of ids: all exchanges of a member, on whichever side. */
export const exchangesOfSql = (timebank: string, member: string): string =>
  ['provider_id', 'receiver_id']
    .map((side) => `SELECT x.id FROM exchanges.exchanges x WHERE x.timebank_id = ${timebank} AND x.${side} = ${member}`)
    .join(' UNION ALL ')

/** SQL of a condition, for statements of higher modules: there is such an exchange, and it is in one of these states. */
export const exchangeInSql = (timebank: string, id: string, statuses: readonly string[]): string =>
  `EXISTS (SELECT FROM exchanges.exchanges x
            WHERE x.timebank_id = ${timebank} AND x.id = ${id} AND x.status IN (${statuses.map((s) => `'${s}'`).join(', ')}))`
