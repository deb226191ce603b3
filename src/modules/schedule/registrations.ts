import { and, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { registrations } from './tables.ts'

/** In which of these groups the actor has a place. */
export async function isRegistered(tx: Tx, arrangementIds: readonly string[]): Promise<(id: string) => boolean> {
  if (arrangementIds.length === 0 || tx.actor.membershipId === null) return () => false
  const rows = await tx.db
    .select({ id: registrations.arrangementId })
    .from(registrations)
    .where(
      and(
        eq(registrations.timebankId, tx.timebankId),
        eq(registrations.memberId, tx.actor.membershipId),
        inArray(registrations.arrangementId, [...arrangementIds]),
        eq(registrations.status, 'registered')
      )
    )
  const ids = new Set(rows.map(({ id }) => id))
  return (id) => ids.has(id)
}
