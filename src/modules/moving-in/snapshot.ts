import type { Tx } from '../../db/client.ts'
import { currentPolicy, type Policy, today } from '../timebanks/index.ts'
import type { HistoryRecord, Parsed } from './parse/index.ts'
import { instantOf, secondOf } from './planned.ts'
import { keyOf, openingId, organisationKey, type SourceName } from './sources.ts'

export type KnownMember = { id: string; number: number; accountId: number; name: string }

export type KnownExchange = {
  externalId: string
  recordedAt: Date
  providerId: string | null
  providerOrganisationId: string | null
  receiverId: string | null
  receiverOrganisationId: string | null
  minutes: number
}

/** What is there already, as far as the file touches it. */
export type Snapshot = {
  timebankId: string
  source: SourceName
  today: string
  policy: Policy
  /** brought in from the same source, by `keyOf` their external id, and by the other id that a source's transfers may use */
  members: ReadonlyMap<string, KnownMember>
  /** of the file's member numbers those that somebody has */
  numbers: ReadonlySet<number>
  /** of the file's e-mail addresses those by which a member of this timebank signs in, with the member's number */
  emails: ReadonlyMap<string, number>
  /** of the file's members those who have been brought in before, by the id of their opening */
  broughtIn: ReadonlySet<string>
  /** all organisations, id by `organisationKey` */
  organisations: ReadonlyMap<string, string>
  /** by external id: of the file's history what is recorded, and where its ids are derived all of the same seconds */
  history: ReadonlyMap<string, KnownExchange>
}

/** Reads across the tables of other modules, in a handful of statements for any number of rows; writes nothing. */
export async function takeSnapshot(tx: Tx, source: SourceName, parsed: Parsed): Promise<Snapshot> {
  const { rules } = await currentPolicy(tx)
  const { members, history } = parsed
  return {
    timebankId: tx.timebankId,
    source,
    today: today(tx, rules),
    policy: rules,
    members: await knownMembers(tx, source),
    numbers: await takenNumbers(
      tx,
      members.flatMap((member) => member.number ?? [])
    ),
    emails: await signInAddresses(
      tx,
      members.flatMap((member) => member.email ?? [])
    ),
    broughtIn: await broughtInBefore(
      tx,
      members.map((member) => openingId(tx.timebankId, source, member.externalId))
    ),
    organisations: await knownOrganisations(tx),
    history: await knownHistory(tx, source, history)
  }
}

async function knownMembers(tx: Tx, source: SourceName): Promise<Map<string, KnownMember>> {
  const { rows } = await tx.client.query<KnownMember & { ref: string }>(
    `WITH known AS (
       SELECT id, number, account_id AS "accountId", display_name AS name, external_id AS ref
         FROM members.memberships WHERE timebank_id = $1 AND external_source = $2)
     SELECT k.id, k.number, k."accountId", k.name, told.ref
       FROM audit.events e CROSS JOIN LATERAL jsonb_each_text(e.changes -> 'sourceIds') AS told (ref, member)
       JOIN known k ON k.id = told.member::uuid
      WHERE e.timebank_id = $1 AND e.subject_type = 'import' AND e.action = 'import.completed'
     UNION ALL
     -- the later one of a key counts: the external id itself
     SELECT id, number, "accountId", name, ref FROM known`,
    [tx.timebankId, source]
  )
  return new Map(rows.map(({ ref, ...member }) => [keyOf(ref), member]))
}

async function takenNumbers(tx: Tx, numbers: number[]): Promise<Set<number>> {
  const { rows } = await tx.client.query<{ number: number }>(
    'SELECT number FROM members.memberships WHERE timebank_id = $1 AND number = ANY ($2::integer[])',
    [tx.timebankId, numbers]
  )
  return new Set(rows.map(({ number }) => number))
}

async function signInAddresses(tx: Tx, emails: string[]): Promise<Map<string, number>> {
  const { rows } = await tx.client.query<{ email: string; number: number }>(
    `SELECT p.email, m.number FROM members.memberships m JOIN identity.persons p ON p.id = m.person_id
      WHERE m.timebank_id = $1 AND p.email = ANY ($2::text[])`,
    [tx.timebankId, emails]
  )
  return new Map(rows.map(({ email, number }) => [email, number]))
}

/** Told by the ledger, and for those without a balance by the audit of the imports: both outlive an erased member. */
async function broughtInBefore(tx: Tx, ids: string[]): Promise<Set<string>> {
  const { rows } = await tx.client.query<{ id: string }>(
    `SELECT id FROM ledger.transfers WHERE timebank_id = $1 AND id = ANY ($2::uuid[])
     UNION
     SELECT told.id::uuid FROM audit.events e CROSS JOIN LATERAL jsonb_array_elements_text(e.changes -> 'withoutBalance') AS told (id)
      WHERE e.timebank_id = $1 AND e.subject_type = 'import' AND e.action = 'import.completed'`,
    [tx.timebankId, ids]
  )
  return new Set(rows.map(({ id }) => id))
}

async function knownOrganisations(tx: Tx): Promise<Map<string, string>> {
  const { rows } = await tx.client.query<{ id: string; name: string }>(
    'SELECT id, name FROM members.organisations WHERE timebank_id = $1',
    [tx.timebankId]
  )
  return new Map(rows.map(({ id, name }) => [organisationKey(name), id]))
}

async function knownHistory(
  tx: Tx,
  source: SourceName,
  history: readonly HistoryRecord[]
): Promise<Map<string, KnownExchange>> {
  const { rows } = await tx.client.query<KnownExchange>(
    `SELECT external_id AS "externalId", recorded_at AS "recordedAt",
            provider_id AS "providerId", provider_organisation_id AS "providerOrganisationId",
            receiver_id AS "receiverId", receiver_organisation_id AS "receiverOrganisationId", service_minutes AS minutes
       FROM exchanges.exchanges
      WHERE timebank_id = $1 AND external_source = $2
        AND (external_id = ANY ($3::text[]) OR floor(extract(epoch FROM recorded_at)) = ANY ($4::numeric[]))
      ORDER BY external_id`,
    [
      tx.timebankId,
      source,
      history.map((row) => row.externalId),
      [...new Set(history.filter((row) => row.idStems !== null).map((row) => secondOf(instantOf(row))))]
    ]
  )
  return new Map(rows.map((exchange) => [exchange.externalId, exchange]))
}
