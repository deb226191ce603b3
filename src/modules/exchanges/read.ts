import { and, desc, eq, gte, inArray, lt, lte, or, type SQL } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { categoryNames } from '../listings/index.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type Exchange, type Seen, withParties } from './exchanges.ts'
import { type SideName, standingOf } from './sides.ts'
import { exchanges } from './tables.ts'

/** One exchange, for its sides, staff and auditors; to others it is not there. */
export async function getExchange(tx: Tx, id: string): Promise<Seen> {
  const [exchange] = await tx.db
    .select()
    .from(exchanges)
    .where(and(eq(exchanges.timebankId, tx.timebankId), eq(exchanges.id, id)))
  if (!exchange) throw notFound('exchange')
  if (!isStaff(tx.actor) && !hasRole(tx.actor, 'auditor')) {
    const { rules } = await currentPolicy(tx)
    if (!(await standingOf(tx, exchange, today(tx, rules))).involved) throw notFound('exchange')
  }
  const [seen] = await withParties(tx, [exchange])
  return seen!
}

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

export type ExchangeFilter = {
  status?: string | undefined
  memberId?: string | undefined
  organisationId?: string | undefined
  side?: SideName | undefined
  categoryId?: string | undefined
  requestId?: string | undefined
  offerId?: string | undefined
  /** service date, both inclusive */
  from?: string | undefined
  to?: string | undefined
}

/**
 * Newest first, keyset by id (uuid v7). Members get those in which they or an organisation that they act for is a side;
 * `filter.memberId` of somebody else gives them what they have with that member. One more than `limit` where there are more.
 */
export async function listExchanges(
  tx: Tx,
  filter: ExchangeFilter,
  before: string | null,
  limit: number
): Promise<Seen[]> {
  const where: (SQL | undefined)[] = [eq(exchanges.timebankId, tx.timebankId)]
  const equal = (column: Parameters<typeof eq>[0], value: string | undefined) => {
    if (value !== undefined) where.push(eq(column, value))
  }
  equal(exchanges.status, filter.status)
  equal(exchanges.categoryId, filter.categoryId)
  equal(exchanges.requestId, filter.requestId)
  equal(exchanges.offerId, filter.offerId)
  if (filter.from !== undefined) where.push(gte(exchanges.performedOn, filter.from))
  if (filter.to !== undefined) where.push(lte(exchanges.performedOn, filter.to))
  if (before !== null) where.push(lt(exchanges.id, before))
  if (filter.memberId) where.push(sideIs(filter.side, exchanges.providerId, exchanges.receiverId, [filter.memberId]))
  if (filter.organisationId)
    where.push(
      sideIs(filter.side, exchanges.providerOrganisationId, exchanges.receiverOrganisationId, [filter.organisationId])
    )
  if (!isStaff(tx.actor) && !hasRole(tx.actor, 'auditor')) where.push(await ownOnly(tx))
  const found: Exchange[] = await tx.db
    .select()
    .from(exchanges)
    .where(and(...where))
    .orderBy(desc(exchanges.id))
    .limit(limit + 1)
  return withParties(tx, found)
}

async function ownOnly(tx: Tx): Promise<SQL | undefined> {
  const { rules } = await currentPolicy(tx)
  const me = tx.actor.membershipId!
  const organisations = await organisationsActedFor(tx, me, today(tx, rules))
  const mine = sideIs(undefined, exchanges.providerId, exchanges.receiverId, [me])
  if (organisations.length === 0) return mine
  return or(mine, sideIs(undefined, exchanges.providerOrganisationId, exchanges.receiverOrganisationId, organisations))
}

function sideIs(
  side: SideName | undefined,
  provider: AnyPgColumn,
  receiver: AnyPgColumn,
  ids: string[]
): SQL | undefined {
  const given = inArray(provider, ids)
  const received = inArray(receiver, ids)
  return side === 'provider' ? given : side === 'receiver' ? received : or(given, received)
}
