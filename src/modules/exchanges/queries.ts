import { and, asc, desc, eq, gt, lt } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { currentPolicy, policyAt, today } from '../timebanks/index.ts'
import { refuseLate } from './decisions.ts'
import type { Exchange } from './exchanges.ts'
import { getExchange } from './read.ts'
import { type SideName, type Standing, standingOf } from './sides.ts'
import { queries } from './tables.ts'
import { noteAbout } from './writing.ts'

export type Query = typeof queries.$inferSelect
export const queryStatuses = ['open', 'answered', 'closed'] as const
export type QueryStatus = (typeof queryStatuses)[number]

type Asking = { exchange: Exchange; as: SideName | 'broker'; standing: Standing }

/** The exchange and what the actor is in it; to others, auditors among them, there are no questions. */
async function speakerIn(tx: Tx, exchangeId: string): Promise<Asking & { about: Parameters<typeof noteAbout>[1] }> {
  const { parties, terms: _, ...exchange } = await getExchange(tx, exchangeId)
  const { rules } = await currentPolicy(tx)
  const day = today(tx, rules)
  const standing = await standingOf(tx, exchange, day)
  const as = standing.own[0] ?? (standing.staff ? 'broker' : null)
  if (as === null) throw notFound('exchange')
  return { exchange, as, standing, about: { exchange, parties, today: day } }
}

/** Asks something about an exchange. It changes nothing of it; the other side and brokers see it. */
export async function ask(tx: Tx, exchangeId: string, text: string): Promise<Query> {
  const { exchange, as, standing, about } = await speakerIn(tx, exchangeId)
  const policy = (await policyAt(tx, exchange.policyVersion))!.rules
  refuseLate(tx, { exchange, policy, staff: standing.staff })
  const [query] = await tx.db
    .insert(queries)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      exchangeId: exchange.id,
      status: 'open',
      askedBy: tx.actor.membershipId!,
      askedAs: as,
      text,
      askedAt: tx.now
    })
    .returning()
  await noteAbout(tx, about, 'queried', { query: query!.id })
  return query!
}

const one = (tx: Tx, exchangeId: string, id: string) =>
  and(eq(queries.timebankId, tx.timebankId), eq(queries.exchangeId, exchangeId), eq(queries.id, id))

/** Of two who answer or close at once, the second sees the first. */
async function lockOpen(tx: Tx, exchangeId: string, id: string, step: string): Promise<Query> {
  const [query] = await tx.db
    .select()
    .from(queries)
    .where(one(tx, exchangeId, id))
    .for('update')
  if (!query) throw notFound('query')
  const allowed = step === 'answered' ? query.status === 'open' : query.status !== 'closed'
  if (!allowed)
    throw new DomainError('wrong-state', `A question that is ${query.status} cannot be ${step}.`, {
      figures: { state: query.status }
    })
  return query
}

async function change(tx: Tx, query: Query, changes: Partial<Query>): Promise<Query> {
  const [after] = await tx.db
    .update(queries)
    .set({ ...changes, rowVersion: query.rowVersion + 1 })
    .where(one(tx, query.exchangeId, query.id))
    .returning()
  return after!
}

/** Somebody else than who asked answers: the other side, or a broker. */
export async function answer(tx: Tx, exchangeId: string, id: string, text: string): Promise<Query> {
  const { as, about } = await speakerIn(tx, exchangeId)
  const query = await lockOpen(tx, exchangeId, id, 'answered')
  if (query.askedAs === as || query.askedBy === tx.actor.membershipId)
    throw new DomainError('own-confirmation', 'Somebody else answers; you may close your question.')
  await noteAbout(tx, about, 'answered', { query: id })
  return change(tx, query, {
    status: 'answered',
    answer: text,
    answeredBy: tx.actor.membershipId,
    answeredAs: as,
    answeredAt: tx.now
  })
}

/** Who asked, or a broker, closes it, answered or not. */
export async function close(tx: Tx, exchangeId: string, id: string): Promise<Query> {
  const { as, standing } = await speakerIn(tx, exchangeId)
  const query = await lockOpen(tx, exchangeId, id, 'closed')
  if (query.askedAs !== as && !standing.staff)
    throw new DomainError('forbidden', 'Who asked closes a question, or a broker.')
  // to be seen with the question, and told to nobody
  await audit(tx, {
    action: 'exchange.query-closed',
    subject: { type: 'exchange', id: exchangeId },
    changes: { query: id }
  })
  return change(tx, query, { status: 'closed', closedAt: tx.now })
}

/** In the order in which they were asked. One more than `limit` where there are more. */
export async function queriesOf(tx: Tx, exchangeId: string, after: string | null, limit: number): Promise<Query[]> {
  await speakerIn(tx, exchangeId)
  return tx.db
    .select()
    .from(queries)
    .where(
      and(
        eq(queries.timebankId, tx.timebankId),
        eq(queries.exchangeId, exchangeId),
        after === null ? undefined : gt(queries.id, after)
      )
    )
    .orderBy(asc(queries.id))
    .limit(limit + 1)
}

/** All of a timebank, for staff, newest first. */
export async function listQueries(tx: Tx, status: QueryStatus, before: string | null, limit: number): Promise<Query[]> {
  if (!isStaff(tx.actor)) throw new DomainError('forbidden')
  return tx.db
    .select()
    .from(queries)
    .where(
      and(
        eq(queries.timebankId, tx.timebankId),
        eq(queries.status, status),
        before === null ? undefined : lt(queries.id, before)
      )
    )
    .orderBy(desc(queries.id))
    .limit(limit + 1)
}
