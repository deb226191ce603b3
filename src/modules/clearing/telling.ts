import { and, eq, lt } from 'drizzle-orm'
import { type Database, inTimebank } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { findAgreement, hear, type Stance } from './agreements.ts'
import { agreements } from './tables.ts'

/**
 * Passes the last word of one timebank on to the other: one transaction in each, and a note in the first that it has been
 * heard. What is passed on is the state and not the change, so that it may be passed on twice, late, or in another order.
 */
export async function tell(database: Database, timebankId: string, partnerId: string): Promise<void> {
  const row = await inTimebank(database, timebankId, systemActor, (tx) => findAgreement(tx, partnerId), {
    readOnly: true
  })
  if (!row || row.version === 0) return
  const { round, owing, owed, version } = row
  await inTimebank(database, partnerId, systemActor, (tx) =>
    hear(tx, timebankId, { round, stance: row.stance as Stance, owing, owed, version })
  )
  await inTimebank(database, timebankId, systemActor, (tx) =>
    tx.db
      .update(agreements)
      .set({ toldVersion: version })
      .where(
        and(
          eq(agreements.timebankId, timebankId),
          eq(agreements.partnerId, partnerId),
          lt(agreements.toldVersion, version)
        )
      )
  )
}
