import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { numbers } from './tables.ts'

/**
 * Takes `count` consecutive numbers, all above `above`, and gives the first. The row stays locked until the transaction
 * ends, so that one that fails leaves no gap.
 */
export async function takeNumbers(tx: Tx, count: number, above = 0): Promise<number> {
  const [row] = await tx.db
    .insert(numbers)
    .values({ timebankId: tx.timebankId, nextNumber: above + 1 + count })
    .onConflictDoUpdate({
      target: numbers.timebankId,
      set: { nextNumber: sql`greatest(${numbers.nextNumber}, ${above + 1}) + ${count}` }
    })
    .returning()
  return row!.nextNumber - count
}

/** One after the other: used where a rule is about several memberships at once, such as that an admin remains. */
export const takeTurns = (tx: Tx): Promise<number> => takeNumbers(tx, 0)
