import { and, eq, isNull } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { rowsWriter } from '../../db/rows.ts'
import { newId } from '../../shared/ids.ts'
import { disclosures } from './tables.ts'

/** What an agency reads of somebody. */
export type Disclosed = {
  /** whose data; null: of somebody who is no member yet */
  membershipId: string | null
  subject: { type: string; id: string }
  /** names of what is read, such as `status` or `contact`; never the values */
  parts: readonly string[]
}

const written = rowsWriter<typeof disclosures.$inferInsert>(disclosures)

/**
 * Writes down what a caller for an agency reads (R7), in the transaction that reads it; for other callers it does nothing. One
 * statement for any number of entries; entries without parts are no reads.
 */
export async function disclose(tx: Tx, entries: readonly Disclosed[]): Promise<void> {
  const { agency } = tx.actor
  const read = entries.filter(({ parts }) => parts.length > 0)
  if (agency === undefined || read.length === 0) return
  const { organisationId, clientId, affiliationId } = agency
  await tx.client.query({
    name: 'consents.disclose',
    text: 'INSERT INTO consents.disclosures SELECT * FROM json_populate_recordset(NULL::consents.disclosures, $1)',
    values: [
      written(
        read.map(({ membershipId, subject, parts }) => ({
          timebankId: tx.timebankId,
          id: newId(),
          at: tx.now,
          organisationId,
          clientId,
          affiliationId,
          membershipId,
          subjectType: subject.type,
          subjectId: subject.id,
          parts: [...new Set(parts)]
        }))
      )
    ]
  })
}

/** What was read of somebody before they were a member becomes theirs. */
export async function adoptDisclosures(
  tx: Tx,
  subject: { type: string; id: string },
  membershipId: string
): Promise<void> {
  await tx.db
    .update(disclosures)
    .set({ membershipId })
    .where(
      and(
        eq(disclosures.timebankId, tx.timebankId),
        eq(disclosures.subjectType, subject.type),
        eq(disclosures.subjectId, subject.id),
        isNull(disclosures.membershipId)
      )
    )
}
