import { and, asc, eq, inArray, lte, or, sql } from 'drizzle-orm'
import { type Database, inTimebank, type Tx } from '../../db/client.ts'
import type { Cron, Tasks } from '../../db/jobs.ts'
import { systemActor } from '../../shared/actor.ts'
import { everyTimebank } from '../timebanks/index.ts'
import { type SideName, toldOn } from './standing.ts'
import { matches } from './tables.ts'
import { type Match, note, open } from './writing.ts'

const expireTask = 'matching.expire'
const atATime = 100

export const matchingCron: readonly Cron[] = [{ task: expireTask, match: '37 * * * *' }]

export const matchingTasks = (database: Database): Tasks => ({
  [expireTask]: async () => {
    for (const { id } of await everyTimebank(database))
      while ((await inTimebank(database, id, systemActor, expireMatches)) === atATime);
  }
})

/** Of no use any more: the request has ended, or the offer is not open, or one of the two takes part no more. */
const idle = sql`(
  EXISTS (SELECT FROM listings.requests r WHERE r.timebank_id = ${matches.timebankId} AND r.id = ${matches.requestId}
             AND r.status NOT IN ('open', 'matched', 'in_progress'))
  OR EXISTS (SELECT FROM listings.offers o WHERE o.timebank_id = ${matches.timebankId} AND o.id = ${matches.offerId}
                AND o.status NOT IN ('open', 'paused')))`

/**
 * Hourly: what nobody has answered in time, what somebody has said no to and whose time is over now, and what has come to
 * nothing otherwise has expired, in one and the same way. Who asked is told. Says how many there were, at most a hundred.
 */
export async function expireMatches(tx: Tx): Promise<number> {
  const due = await tx.db
    .select()
    .from(matches)
    .where(
      and(
        eq(matches.timebankId, tx.timebankId),
        // as it stands in the partial indexes
        sql`${matches.status} in ('suggested', 'proposed', 'declined')`,
        or(lte(matches.expiresAt, tx.now), idle)
      )
    )
    .orderBy(asc(matches.id))
    .limit(atATime)
    // one that is being answered is left for the next time
    .for('update', { skipLocked: true })
  await expire(tx, due)
  return due.length
}

/** When a member leaves: what is open between them and others has expired. Whoever acts has been checked. */
export async function closeMatchesOf(tx: Tx, membershipId: string): Promise<void> {
  const theirs = await tx.db
    .select()
    .from(matches)
    .where(
      and(
        eq(matches.timebankId, tx.timebankId),
        or(
          and(eq(matches.providerId, membershipId), sql`${matches.providerOrganisationId} is null`),
          and(eq(matches.receiverId, membershipId), sql`${matches.receiverOrganisationId} is null`)
        ),
        inArray(matches.status, open)
      )
    )
    .orderBy(asc(matches.id))
    .for('update')
  await expire(tx, theirs)
}

async function expire(tx: Tx, due: readonly Match[]): Promise<void> {
  if (due.length === 0) return
  const change = { status: 'expired', closedAt: tx.now }
  await tx.db
    .update(matches)
    .set(change)
    .where(
      and(
        eq(matches.timebankId, tx.timebankId),
        inArray(
          matches.id,
          due.map(({ id }) => id)
        )
      )
    )
  const notes = []
  for (const match of due) {
    const asker = (match.proposedBy ?? 'receiver') as SideName
    // a suggestion that was put aside needs no word; of a proposal all are told in the same way
    const quiet = match.proposedBy === null && match.status === 'declined'
    notes.push({
      match: { ...match, ...change },
      action: 'expired' as const,
      before: match.proposedBy === null ? 'suggested' : 'proposed',
      told: quiet ? [] : await toldOn(tx, match, asker),
      notice: 'closed' as const
    })
  }
  await note(tx, notes)
}
