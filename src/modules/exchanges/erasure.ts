import { and, eq, ne, or, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { exchanges, groups, queries } from './tables.ts'

/**
 * When a membership is erased, what was written about exchanges of theirs is blanked, by whomever it was written: it may name
 * them. Who gave how long to whom stays, under the membership's number.
 */
export async function blankExchangesOf(tx: Tx, membershipId: string): Promise<void> {
  const theirs = and(
    eq(exchanges.timebankId, tx.timebankId),
    or(eq(exchanges.providerId, membershipId), eq(exchanges.receiverId, membershipId))
  )
  await tx.db
    .update(queries)
    .set({
      text: '',
      answer: sql`CASE WHEN ${queries.answer} IS NULL THEN NULL ELSE '' END`,
      rowVersion: sql`${queries.rowVersion} + 1`
    })
    .where(
      and(
        eq(queries.timebankId, tx.timebankId),
        or(
          eq(queries.askedBy, membershipId),
          eq(queries.answeredBy, membershipId),
          sql`${queries.exchangeId} IN (SELECT ${exchanges.id} FROM ${exchanges} WHERE ${theirs})`
        )
      )
    )
  await tx.db
    .update(groups)
    .set({ reason: null, rowVersion: sql`${groups.rowVersion} + 1` })
    .where(
      and(
        eq(groups.timebankId, tx.timebankId),
        sql`${groups.reason} IS NOT NULL`,
        sql`${groups.id} IN (SELECT ${exchanges.groupId} FROM ${exchanges} WHERE ${theirs})`
      )
    )
  await tx.db
    .update(exchanges)
    .set({ description: '', reason: null, rowVersion: sql`${exchanges.rowVersion} + 1` })
    .where(and(theirs, or(ne(exchanges.description, ''), sql`${exchanges.reason} IS NOT NULL`)))
}
