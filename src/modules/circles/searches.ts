import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { addJob } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { type Candidates, candidatesFor } from './candidates.ts'
import { remove } from './closing.ts'
import { findRingsInThread } from './find/in-thread.ts'
import type { Found } from './find/input.ts'
import { circles, links, searches } from './tables.ts'

export const searchTask = 'circles.search'

export type Search = typeof searches.$inferSelect

/** A search that has not ended after so long never will: its process was killed. */
const longestMs = 60 * 60 * 1000
const underWay = ['waiting', 'running']

const one = (tx: Tx, id: string) => and(eq(searches.timebankId, tx.timebankId), eq(searches.id, id))

/** Puts a search into the queue. One at a time in a timebank; `budgetMs` is the time after which the best so far is taken. */
export async function requestSearch(tx: Tx, budgetMs: number): Promise<Search> {
  await tx.db
    .update(searches)
    .set({ state: 'failed', finishedAt: tx.now })
    .where(
      and(
        eq(searches.timebankId, tx.timebankId),
        inArray(searches.state, underWay),
        lt(searches.requestedAt, new Date(tx.now.getTime() - longestMs))
      )
    )
  const inserted = tx.db
    .insert(searches)
    .values({
      timebankId: tx.timebankId,
      id: newId(),
      state: 'waiting',
      budgetMs,
      requestedBy: tx.actor.membershipId,
      requestedAt: tx.now
    })
    .returning()
  const [search] = await onDuplicate(
    'searches_one_at_a_time',
    inserted.execute(),
    () => new DomainError('conflict', 'A search for circles is under way.')
  )
  await addJob(tx.db, searchTask, { timebank: tx.timebankId, search: search!.id })
  await audit(tx, {
    action: 'circle-search.requested',
    subject: { type: 'circle-search', id: search!.id },
    changes: { budgetMs }
  })
  return search!
}

export async function getSearch(tx: Tx, id: string): Promise<Search> {
  const [search] = await tx.db.select().from(searches).where(one(tx, id))
  if (!search) throw notFound('search for circles')
  return search
}

/** Newest first; `before` is the id of the last one seen. One more than `limit` where there are more. */
export function listSearches(tx: Tx, before: string | null, limit: number): Promise<Search[]> {
  return tx.db
    .select()
    .from(searches)
    .where(and(eq(searches.timebankId, tx.timebankId), before === null ? undefined : lt(searches.id, before)))
    .orderBy(desc(searches.id))
    .limit(limit + 1)
}

/**
 * The job: reads, searches without holding a transaction, and writes. What it suggests takes the place of what was only suggested.
 * Where the service ends meanwhile, it waits for the queue to repeat it.
 */
export async function runSearch(
  database: Database,
  timebankId: string,
  id: string,
  ending?: AbortSignal
): Promise<void> {
  const inside = <T>(work: (tx: Tx) => Promise<T>) => inTimebank(database, timebankId, systemActor, work)
  const candidates = await inside((tx) => begin(tx, id))
  if (candidates === null) return
  try {
    const found = await findRingsInThread(candidates.input, ending)
    await inside((tx) => finish(tx, id, candidates, found))
  } catch (error) {
    await inside(async (tx) => {
      const end = ending?.aborted ? { state: 'waiting' } : { state: 'failed', finishedAt: tx.now }
      await tx.db.update(searches).set(end).where(one(tx, id))
    })
    throw error
  }
}

/** What is to be searched; null where the search is not to run, or not any more. */
async function begin(tx: Tx, id: string): Promise<Candidates | null> {
  const [search] = await tx.db
    .update(searches)
    .set({ state: 'running' })
    .where(and(one(tx, id), inArray(searches.state, underWay)))
    .returning()
  return search ? candidatesFor(tx, search.budgetMs) : null
}

const atATime = 500

async function finish(tx: Tx, id: string, { input, cut }: Candidates, found: Found): Promise<void> {
  const [search] = await tx.db.select().from(searches).where(one(tx, id)).for('update')
  if (search?.state !== 'running') return
  const before = await tx.db
    .select({ id: circles.id })
    .from(circles)
    .where(and(eq(circles.timebankId, tx.timebankId), eq(circles.status, 'suggested')))
    .for('update')
  await remove(
    tx,
    before.map((circle) => circle.id)
  )
  for (let from = 0; from < found.rings.length; from += atATime) {
    const rings = found.rings.slice(from, from + atATime).map((ring) => ({ ...ring, id: newId() }))
    await tx.db.insert(circles).values(
      rings.map((ring) => ({
        timebankId: tx.timebankId,
        id: ring.id,
        searchId: id,
        status: 'suggested',
        minutes: ring.minutes,
        size: ring.links.length,
        createdAt: tx.now
      }))
    )
    await tx.db.insert(links).values(
      rings.flatMap((ring) =>
        ring.links.map(({ provider, receiver, offer, request, fit }, position) => ({
          timebankId: tx.timebankId,
          circleId: ring.id,
          position,
          providerId: provider,
          receiverId: receiver,
          offerId: offer,
          requestId: request,
          fit
        }))
      )
    )
  }
  await tx.db
    .update(searches)
    .set({
      state: 'done',
      finishedAt: tx.now,
      members: found.members,
      offers: input.offers.length,
      requests: input.requests.length,
      circles: found.rings.length,
      membersHelped: found.helped,
      bound: cut ? 'listings' : found.bound,
      milliseconds: found.milliseconds
    })
    .where(one(tx, id))
}
