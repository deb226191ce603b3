import { and, desc, eq, gte, inArray, lt, lte, type SQL, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/pg-core'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { DomainError } from '../../shared/errors.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import type { Seen } from './exchanges.ts'
import { exchangesById } from './read.ts'
import { type SideName, sideNames } from './sides.ts'
import { exchanges } from './tables.ts'

export type ExchangeFilter = {
  status?: string | undefined
  memberId?: string | undefined
  organisationId?: string | undefined
  side?: SideName | undefined
  categoryId?: string | undefined
  requestId?: string | undefined
  offerId?: string | undefined
  budgetId?: string | undefined
  /** service date, both inclusive */
  from?: string | undefined
  to?: string | undefined
}

/** Where a page ended: the last one's service date, where the list is in the order of that, and its id. */
export type ExchangePlace = readonly [performedOn: string | null, id: string]

/** Lists of a range of service dates are in their order; the index of dates would else be of no use to them. */
export const isByDate = ({ from, to }: ExchangeFilter): boolean => from !== undefined || to !== undefined

const columns = {
  member: { provider: exchanges.providerId, receiver: exchanges.receiverId },
  organisation: { provider: exchanges.providerOrganisationId, receiver: exchanges.receiverOrganisationId }
} as const

/**
 * Newest first, by service date where a range of those is asked for and by id (uuid v7) otherwise. Members get those in which
 * they or an organisation that they act for is a side; `filter.memberId` of somebody else gives them what they have with that
 * member. One more than `limit` where there are more.
 *
 * Whoever may be on either side is looked for on one and then on the other, each by its own index and no further than the
 * page: an OR of both reads all that they ever did, or the whole table.
 */
export async function listExchanges(
  tx: Tx,
  filter: ExchangeFilter,
  after: ExchangePlace | null,
  limit: number
): Promise<Seen[]> {
  const order = isByDate(filter) ? [desc(exchanges.performedOn), desc(exchanges.id)] : [desc(exchanges.id)]
  const common = commonTo(tx, filter, after)
  const branches = (await sidesAsked(tx, filter)).map((side) =>
    tx.db
      .select({ id: exchanges.id, performedOn: exchanges.performedOn })
      .from(exchanges)
      .where(and(...common, side))
      .orderBy(...order)
      .limit(limit + 1)
  )
  const [first, second, ...rest] = branches
  const ids = await (second ? unionAll(first!, second, ...rest) : first!)
  const sought = new Map(ids.map(({ id, performedOn }) => [id, isByDate(filter) ? `${performedOn} ${id}` : id]))
  const newest = [...sought].sort(([, one], [, other]) => (one < other ? 1 : -1)).slice(0, limit + 1)
  return newest.length === 0
    ? []
    : exchangesById(
        tx,
        newest.map(([id]) => id)
      )
}

function commonTo(tx: Tx, filter: ExchangeFilter, after: ExchangePlace | null): SQL[] {
  const where = [eq(exchanges.timebankId, tx.timebankId)]
  const equal = (column: Parameters<typeof eq>[0], value: string | undefined) => {
    if (value !== undefined) where.push(eq(column, value))
  }
  equal(exchanges.status, filter.status)
  equal(exchanges.categoryId, filter.categoryId)
  equal(exchanges.requestId, filter.requestId)
  equal(exchanges.offerId, filter.offerId)
  equal(exchanges.budgetId, filter.budgetId)
  if (filter.from !== undefined) where.push(gte(exchanges.performedOn, filter.from))
  if (filter.to !== undefined) where.push(lte(exchanges.performedOn, filter.to))
  if (after) {
    const [performedOn, id] = after
    where.push(
      performedOn === null
        ? lt(exchanges.id, id)
        : sql`(${exchanges.performedOn}, ${exchanges.id}) < (${performedOn}::date, ${id}::uuid)`
    )
  }
  return where
}

/** Which sides are looked for, one by one: for whom `filter` asks, and of those what the caller may see. */
async function sidesAsked(tx: Tx, { memberId, organisationId, side }: ExchangeFilter): Promise<(SQL | undefined)[]> {
  const either = side ? [side] : sideNames
  const members = memberId ? either.map((name) => eq(columns.member[name], memberId)) : [undefined]
  const organisations = organisationId
    ? either.map((name) => eq(columns.organisation[name], organisationId))
    : [undefined]
  const named = memberId !== undefined || organisationId !== undefined
  const own = await ownSides(tx, named ? sideNames : either)
  if (side && !named && own.includes(undefined))
    throw new DomainError('validation-failed', 'side: says which side memberId or organisationId is.', {
      errors: [{ parameter: 'side', detail: 'Needs memberId or organisationId.' }]
    })
  return members.flatMap((member) =>
    organisations.flatMap((organisation) => own.map((mine) => and(member, organisation, mine)))
  )
}

/** Where the caller stands; undefined: they see them all. */
async function ownSides(tx: Tx, names: readonly SideName[]): Promise<(SQL | undefined)[]> {
  if (isStaff(tx.actor) || hasRole(tx.actor, 'auditor')) return [undefined]
  const { rules } = await currentPolicy(tx)
  const me = tx.actor.membershipId!
  const organisations = await organisationsActedFor(tx, me, today(tx, rules))
  return names.flatMap((name) => [
    eq(columns.member[name], me),
    ...(organisations.length > 0 ? [inArray(columns.organisation[name], organisations)] : [])
  ])
}
