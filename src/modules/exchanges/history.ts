import type { Tx } from '../../db/client.ts'
import { newId } from '../../shared/ids.ts'
import { currentPolicy } from '../timebanks/index.ts'

/** A settled exchange of an older system. Its hours are part of the opening balances, so it moves nothing in the ledger. */
export type HistoryRow = {
  /** By it a repeat of the import finds the exchange again. */
  externalId: string
  /** Of each side at most one is set; neither: an anonymous party. */
  providerId: string | null
  providerOrganisationId: string | null
  receiverId: string | null
  receiverOrganisationId: string | null
  categoryId: string
  description: string
  minutes: number
  performedOn: string
  recordedAt: Date
}

/** External ids: of exchanges that are new, and of known ones of which an anonymous side has been given its name. */
export type HistoryRecorded = { added: Set<string>; completed: Set<string> }

const chunk = 5000

/**
 * Records history, set-based: one array per column, since drizzle's builder and the limit of 65,535 parameters make
 * 20,000 rows slow. What is already recorded from the same source stays as it is, but for sides that were anonymous and
 * are not any more: people may be brought in after their history.
 */
export async function recordHistory(
  tx: Tx,
  externalSource: string,
  rows: readonly HistoryRow[]
): Promise<HistoryRecorded> {
  const { version } = await currentPolicy(tx)
  const recorded: HistoryRecorded = { added: new Set(), completed: new Set() }
  for (let start = 0; start < rows.length; start += chunk) {
    const part = rows.slice(start, start + chunk)
    const { rows: answers } = await tx.client.query<{ external_id: string; added: boolean }>(upsert, [
      tx.timebankId,
      externalSource,
      version,
      tx.actor.personId,
      tx.now,
      part.map(() => newId()),
      part.map((row) => row.externalId),
      part.map((row) => row.providerId),
      part.map((row) => row.providerOrganisationId),
      part.map((row) => row.receiverId),
      part.map((row) => row.receiverOrganisationId),
      part.map((row) => row.categoryId),
      part.map((row) => row.description),
      part.map((row) => row.minutes),
      part.map((row) => row.performedOn),
      part.map((row) => row.recordedAt)
    ])
    for (const { external_id, added } of answers) recorded[added ? 'added' : 'completed'].add(external_id)
  }
  return recorded
}

const nobodyYet = (side: string) => `x.${side}_id IS NULL AND x.${side}_organisation_id IS NULL`
const somebodyNow = (side: string) =>
  `(excluded.${side}_id IS NOT NULL OR excluded.${side}_organisation_id IS NOT NULL)`
const nameSide = (side: string) =>
  ['id', 'organisation_id', 'capacity']
    .map(
      (column) =>
        `${side}_${column} = CASE WHEN ${nobodyYet(side)} THEN excluded.${side}_${column} ELSE x.${side}_${column} END`
    )
    .join(', ')

const upsert = `
  INSERT INTO exchanges.exchanges AS x (
    timebank_id, external_source, policy_version, recorded_by, created_at, id, external_id,
    provider_id, provider_organisation_id, provider_capacity, receiver_id, receiver_organisation_id, receiver_capacity,
    category_id, description, proposed_minutes, service_minutes, credit_minutes, performed_on,
    recorded_at, settled_at, closed_at, status, proposed_by, source, record_only)
  SELECT $1, $2, $3, $4, $5, r.id, r.external_id,
         r.provider_id, r.provider_organisation_id, CASE WHEN r.provider_organisation_id IS NULL THEN 'citizen' ELSE 'organisation' END,
         r.receiver_id, r.receiver_organisation_id, CASE WHEN r.receiver_organisation_id IS NULL THEN 'citizen' ELSE 'organisation' END,
         r.category_id, r.description, r.minutes, r.minutes, 0, r.performed_on,
         r.recorded_at, r.recorded_at, r.recorded_at, 'settled', 'broker', 'import', true
    FROM unnest($6::uuid[], $7::text[], $8::uuid[], $9::uuid[], $10::uuid[], $11::uuid[], $12::uuid[], $13::text[],
                $14::integer[], $15::date[], $16::timestamptz[])
         AS r (id, external_id, provider_id, provider_organisation_id, receiver_id, receiver_organisation_id, category_id,
               description, minutes, performed_on, recorded_at)
  ON CONFLICT (timebank_id, external_source, external_id) WHERE external_id IS NOT NULL DO UPDATE
     SET ${nameSide('provider')}, ${nameSide('receiver')}, row_version = x.row_version + 1
   WHERE (${nobodyYet('provider')} AND ${somebodyNow('provider')}) OR (${nobodyYet('receiver')} AND ${somebodyNow('receiver')})
  -- a row that was there before carries the mark of this transaction as its lock
  RETURNING external_id, xmax = 0 AS added`
