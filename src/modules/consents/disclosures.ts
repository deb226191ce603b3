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

export type Disclosure = {
  id: string
  at: Date
  organisationId: string
  organisationName: string
  /** the professional who was named, and their title there; the name is null once they were erased */
  professionalName: string | null
  professionalTitle: string | null
  subjectType: string
  subjectId: string
  parts: string[]
}

export type DisclosureFilter = {
  organisationId?: string | undefined
  /** from this instant on, and before that one */
  from?: Date | undefined
  until?: Date | undefined
  /** Id of the last one seen. */
  before: string | null
}

/** What agencies have read of a member, newest first; one more than `limit` where there are more. */
export async function listDisclosures(
  tx: Tx,
  membershipId: string,
  { organisationId, from, until, before }: DisclosureFilter,
  limit: number
): Promise<Disclosure[]> {
  const { rows } = await tx.client.query<Disclosure>({
    name: organisationId === undefined ? 'consents.disclosures' : 'consents.disclosures_to',
    text: `SELECT d.id, d.at, d.organisation_id AS "organisationId", o.name AS "organisationName",
                  nullif(m.display_name, '') AS "professionalName", a.title AS "professionalTitle",
                  d.subject_type AS "subjectType", d.subject_id AS "subjectId", d.parts
             FROM consents.disclosures d
             JOIN members.organisations o ON o.timebank_id = d.timebank_id AND o.id = d.organisation_id
             LEFT JOIN members.affiliations a ON a.timebank_id = d.timebank_id AND a.id = d.affiliation_id
             LEFT JOIN members.memberships m ON m.timebank_id = a.timebank_id AND m.id = a.membership_id
            WHERE d.timebank_id = $1 AND d.membership_id = $2
              AND ${organisationId === undefined ? '$3::uuid IS NULL' : 'd.organisation_id = $3'}
              AND ($4::timestamptz IS NULL OR d.at >= $4) AND ($5::timestamptz IS NULL OR d.at < $5)
              AND ($6::uuid IS NULL OR d.id < $6)
            ORDER BY d.id DESC LIMIT $7`,
    values: [tx.timebankId, membershipId, organisationId ?? null, from ?? null, until ?? null, before, limit + 1]
  })
  return rows
}

/** When a member is erased: that agencies have read is kept, of whom it was is not. */
export async function forgetDisclosuresOf(tx: Tx, membershipId: string): Promise<void> {
  await tx.db
    .update(disclosures)
    .set({ membershipId: null })
    .where(and(eq(disclosures.timebankId, tx.timebankId), eq(disclosures.membershipId, membershipId)))
}
