import type { Tx } from '../../db/client.ts'
import { selected } from '../../db/rows.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { type FlagsPath, flagsInForce, flagsPath } from '../listings/index.ts'
import { organisationsActedFor } from '../members/index.ts'
import { currentPolicy, policyAt, today } from '../timebanks/index.ts'
import { type Exchange, type Seen, withParties } from './exchanges.ts'
import { type SideName, sideNames, standingOf } from './sides.ts'
import { exchanges } from './tables.ts'

/** Whoever is neither staff nor auditor reads what is their own. */
const readsAll = ({ actor }: Tx): boolean => isStaff(actor) || hasRole(actor, 'auditor')

/** What is open is told with what it was made under; the rest needs none of that, and its category is not looked up. */
const shown = `${selected(exchanges, 'x')},
  CASE WHEN x.settled_at IS NULL AND x.closed_at IS NULL
       THEN ${flagsPath('x.timebank_id', 'x.category_id')} END AS category`

type Row = Exchange & { category: FlagsPath | null }

/** With sides and terms; policies, which never change, are remembered. */
async function seen(tx: Tx, rows: readonly Row[]): Promise<Seen[]> {
  const paths = rows.map(({ category }) => category)
  const found = await withParties(
    tx,
    rows.map(({ category: _, ...exchange }) => exchange)
  )
  const withTerms: Seen[] = []
  for (const [i, exchange] of found.entries()) {
    const path = paths[i] ?? null
    const policy = path === null ? null : (await policyAt(tx, exchange.policyVersion))?.rules
    withTerms.push(
      path && policy
        ? { ...exchange, terms: { category: flagsInForce(path), policy, today: today(tx, policy) } }
        : exchange
    )
  }
  return withTerms
}

/** One exchange, for its sides, staff and auditors; to others it is not there. */
export async function getExchange(tx: Tx, id: string): Promise<Seen> {
  const { rows } = await tx.client.query<Row>({
    name: 'exchanges.get',
    text: `SELECT ${shown} FROM exchanges.exchanges x WHERE x.timebank_id = $1 AND x.id = $2`,
    values: [tx.timebankId, id]
  })
  if (!rows[0]) throw notFound('exchange')
  if (!readsAll(tx)) {
    const { rules } = await currentPolicy(tx)
    if (!(await standingOf(tx, rows[0], today(tx, rules))).involved) throw notFound('exchange')
  }
  return (await seen(tx, rows))[0]!
}

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

/** Where a list goes on: with the service date where the filter asks for service dates. */
export type ListKey = { id: string; performedOn: string | null }

export const byServiceDate = ({ from, to }: ExchangeFilter): boolean => from !== undefined || to !== undefined

/** One place where a party may stand: a column with an id. */
type Stand = { column: string; id: string }

const stands = (kind: 'id' | 'organisation_id', id: string, side: SideName | undefined): Stand[] =>
  sideNames.filter((name) => side === undefined || side === name).map((name) => ({ column: `${name}_${kind}`, id }))

/**
 * Newest first, keyset by id (uuid v7); where service dates are asked for, by service date and id, latest first. Members get
 * those in which they or an organisation that they act for is a side; `filter.memberId` of somebody else gives them what they
 * have with that member. One more than `limit` where there are more.
 *
 * What is asked of one party is looked up for each place where they may stand by itself, along that place's index, and put
 * together after that: one condition with OR reads all that a party ever did, or everything of the timebank.
 */
export async function listExchanges(
  tx: Tx,
  filter: ExchangeFilter,
  before: ListKey | null,
  limit: number
): Promise<Seen[]> {
  const own = readsAll(tx) ? null : await ownStands(tx, filter)
  const parties = [
    ...(filter.memberId ? [stands('id', filter.memberId, filter.side)] : []),
    ...(filter.organisationId ? [stands('organisation_id', filter.organisationId, filter.side)] : [])
  ]
  if (filter.side && parties.length === 0 && own === null)
    throw new DomainError('validation-failed', 'side: says which side memberId or organisationId is.', {
      errors: [{ parameter: 'side', detail: 'Needs memberId or organisationId.' }]
    })
  const [leading = null, ...others] = own === null ? parties : [own, ...parties]

  const values: unknown[] = []
  const given = (value: unknown) => `$${values.push(value)}`
  const timebank = given(tx.timebankId)
  const stand = ({ column, id }: Stand) => `x.${column} = ${given(id)}`
  const wanted = [
    ...equal(filter).map(([column, value]) => `x.${column} = ${given(value)}`),
    ...(filter.from === undefined ? [] : [`x.performed_on >= ${given(filter.from)}`]),
    ...(filter.to === undefined ? [] : [`x.performed_on <= ${given(filter.to)}`]),
    ...others.map((places) => `(${places.map(stand).join(' OR ')})`)
  ]
  const key = byServiceDate(filter) ? ['performed_on', 'id'] : ['id']
  if (before)
    wanted.push(
      byServiceDate(filter)
        ? `(x.performed_on, x.id) < (${given(before.performedOn)}::date, ${given(before.id)}::uuid)`
        : `x.id < ${given(before.id)}`
    )
  const most = given(limit + 1)
  const order = key.map((column) => `x.${column} DESC`).join(', ')
  const where = (place: string[]) =>
    `FROM exchanges.exchanges x WHERE ${[`x.timebank_id = ${timebank}`, ...place, ...wanted].join(' AND ')}
     ORDER BY ${order} LIMIT ${most}`
  const text =
    leading === null
      ? `SELECT ${shown} ${where([])}`
      : `SELECT ${shown} FROM exchanges.exchanges x
          WHERE x.timebank_id = ${timebank} AND x.id = ANY (ARRAY(
            SELECT x.id FROM (${leading
              .map((place) => `(SELECT ${key.map((column) => `x.${column}`).join(', ')} ${where([stand(place)])})`)
              .join(' UNION ')}) x ORDER BY ${order} LIMIT ${most}))
          ORDER BY ${order}`
  const { rows } = await tx.client.query<Row>(text, values)
  return seen(tx, rows)
}

const equal = (filter: ExchangeFilter): [column: string, value: string][] =>
  (
    [
      ['status', filter.status],
      ['category_id', filter.categoryId],
      ['request_id', filter.requestId],
      ['offer_id', filter.offerId]
    ] as const
  ).flatMap(([column, value]) => (value === undefined ? [] : [[column, value]]))

/** Where the caller stands, and the organisations that they act for; `side` alone is the caller's own. */
async function ownStands(tx: Tx, { side, memberId, organisationId }: ExchangeFilter): Promise<Stand[]> {
  const { rules } = await currentPolicy(tx)
  const me = tx.actor.membershipId!
  const organisations = await organisationsActedFor(tx, me, today(tx, rules))
  const ownSide = memberId || organisationId ? undefined : side
  return [
    ...stands('id', me, ownSide),
    ...organisations.flatMap((organisation) => stands('organisation_id', organisation, ownSide))
  ]
}
