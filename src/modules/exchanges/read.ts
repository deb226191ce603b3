import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { notFound } from '../../shared/errors.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type Seen, withParties } from './exchanges.ts'
import { standingOf } from './sides.ts'
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
