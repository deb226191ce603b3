import type { Tx } from '../../db/client.ts'
import { selected } from '../../db/rows.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { type FlagsPath, flagsInForce, flagsPath } from '../listings/index.ts'
import { currentPolicy, policyAt, today } from '../timebanks/index.ts'
import { type Exchange, type Seen, withParties } from './exchanges.ts'
import { standingOf } from './sides.ts'
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

/** Exchanges by id, in the order in which the ids are given. */
export async function exchangesById(tx: Tx, ids: readonly string[]): Promise<Seen[]> {
  const { rows } = await tx.client.query<Row>({
    name: 'exchanges.by_id',
    text: `SELECT ${shown} FROM exchanges.exchanges x WHERE x.timebank_id = $1 AND x.id = ANY ($2::uuid[])`,
    values: [tx.timebankId, ids]
  })
  const found = new Map((await seen(tx, rows)).map((exchange) => [exchange.id, exchange]))
  return ids.flatMap((id) => found.get(id) ?? [])
}
