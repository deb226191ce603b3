import type { Tx } from '../../db/client.ts'
import { selected } from '../../db/rows.ts'
import { notFound } from '../../shared/errors.ts'
import { consents } from './tables.ts'
import type { ConsentPurpose, ConsentScope, ConsentStatus, ConsentVoice, ConsentWay } from './vocabulary.ts'

/** That a consent, as `c`, is in force at an instant; and that one of its scopes has not been withdrawn. */
const inForce = (now: string): string => `c.status = 'given' AND (c.expires_at IS NULL OR c.expires_at > ${now})`
const standing = (scope: string): string =>
  `NOT EXISTS (SELECT FROM consents.withdrawals w
                WHERE w.timebank_id = c.timebank_id AND w.consent_id = c.id AND w.scope = ${scope})`

/**
 * SQL of a boolean, for statements of higher modules: whether a member has given an organisation a scope, at an instant. All
 * five are SQL themselves: ids, a scope as text, and the transaction's own instant.
 */
export const consentSql = (
  timebank: string,
  membership: string,
  organisation: string,
  scope: string,
  now: string
): string =>
  `EXISTS (SELECT FROM consents.consents c
            WHERE c.timebank_id = ${timebank} AND c.membership_id = ${membership} AND c.organisation_id = ${organisation}
              AND ${inForce(now)} AND ${scope} = ANY (c.scopes) AND ${standing(scope)})`

/** What each of some members allows an organisation now; an empty set where that is nothing. One statement. */
export async function scopesGiven(
  tx: Tx,
  { organisationId, membershipIds }: { organisationId: string; membershipIds: readonly string[] }
): Promise<Map<string, Set<ConsentScope>>> {
  const given = new Map(membershipIds.map((id) => [id, new Set<ConsentScope>()]))
  if (given.size === 0) return given
  const { rows } = await tx.client.query<{ id: string; scopes: ConsentScope[] }>({
    name: 'consents.scopes_given',
    text: `SELECT c.membership_id AS id, array_agg(DISTINCT s.scope) AS scopes
             FROM consents.consents c CROSS JOIN unnest(c.scopes) AS s (scope)
            WHERE c.timebank_id = $1 AND c.organisation_id = $2 AND c.membership_id = ANY ($3::uuid[])
              AND ${inForce('$4')} AND ${standing('s.scope')}
            GROUP BY c.membership_id`,
    values: [tx.timebankId, organisationId, [...given.keys()], tx.now]
  })
  for (const { id, scopes } of rows) given.set(id, new Set(scopes))
  return given
}

/** What one member allows an organisation now. */
export async function scopesOf(tx: Tx, membershipId: string, organisationId: string): Promise<Set<ConsentScope>> {
  return (await scopesGiven(tx, { organisationId, membershipIds: [membershipId] })).get(membershipId)!
}

type Row = typeof consents.$inferSelect

export type Withdrawal = {
  scope: ConsentScope
  at: Date
  voice: ConsentVoice
  how: ConsentWay | 'leaving'
  recordedBy: string | null
}

export type Consent = Omit<Row, 'purpose' | 'scopes' | 'status' | 'voice' | 'how'> & {
  purpose: ConsentPurpose
  /** as they were given */
  scopes: ConsentScope[]
  status: ConsentStatus
  voice: ConsentVoice
  how: ConsentWay
  organisationName: string
  withdrawals: Withdrawal[]
}

const columns = `${selected(consents, 'c')}, o.name AS "organisationName",
  coalesce((SELECT json_agg(json_build_array(w.scope, w.at, w.voice, w.how, w.recorded_by) ORDER BY w.at, w.scope)
              FROM consents.withdrawals w WHERE w.timebank_id = c.timebank_id AND w.consent_id = c.id), '[]') AS withdrawals`
const source = `consents.consents c
  JOIN members.organisations o ON o.timebank_id = c.timebank_id AND o.id = c.organisation_id`

type Read = Omit<Consent, 'withdrawals'> & {
  withdrawals: [ConsentScope, string, ConsentVoice, Withdrawal['how'], string | null][]
}

/** As it stands at this moment: one whose time is over is expired, whether or not that was written down. */
function asConsent(tx: Tx, row: Read): Consent {
  const isOver = row.status === 'given' && row.expiresAt !== null && row.expiresAt <= tx.now
  return {
    ...row,
    ...(isOver ? { status: 'expired', closedAt: row.expiresAt } : {}),
    withdrawals: row.withdrawals.map(([scope, at, voice, how, recordedBy]) => ({
      scope,
      at: new Date(at),
      voice,
      how,
      recordedBy
    }))
  }
}

/** The scopes of a consent that hold now. */
export const standingScopes = ({ status, scopes, withdrawals }: Consent): ConsentScope[] =>
  status === 'given' ? scopes.filter((scope) => !withdrawals.some((w) => w.scope === scope)) : []

export async function readConsent(tx: Tx, id: string): Promise<Consent> {
  const { rows } = await tx.client.query<Read>({
    name: 'consents.one',
    text: `SELECT ${columns} FROM ${source} WHERE c.timebank_id = $1 AND c.id = $2`,
    values: [tx.timebankId, id]
  })
  if (!rows[0]) throw notFound('consent')
  return asConsent(tx, rows[0])
}

export type ConsentFilter = {
  membershipId?: string | undefined
  organisationId?: string | undefined
  purpose?: ConsentPurpose | undefined
  status?: ConsentStatus | undefined
  /** Id of the last one seen. */
  before: string | null
}

/** The status at an instant, in terms that the indexes know. */
const statusIs = (status: ConsentStatus, now: string): string =>
  status === 'given'
    ? inForce(now)
    : status === 'expired'
      ? `(c.status = 'expired' OR c.status = 'given' AND c.expires_at IS NOT NULL AND c.expires_at <= ${now})`
      : `c.status = '${status}'`

/** Newest first; one more than `limit` where there are more. */
export async function listConsents(tx: Tx, filter: ConsentFilter, limit: number): Promise<Consent[]> {
  const { membershipId = null, organisationId = null, purpose = null, status = null, before } = filter
  // planned for what is asked: a plan for every filter would read by none of the indexes
  const conditions = [
    ['c.membership_id', membershipId],
    ['c.organisation_id', organisationId],
    ['c.purpose', purpose]
  ].filter(([, value]) => value !== null) as [string, string][]
  const values: unknown[] = [tx.timebankId, limit + 1, tx.now, ...conditions.map(([, value]) => value)]
  const next = (value: unknown) => `$${values.push(value)}`
  const wanted = [
    'c.timebank_id = $1',
    ...conditions.map(([column], i) => `${column} = $${i + 4}`),
    ...(before === null ? [] : [`c.id < ${next(before)}`]),
    ...(status === null ? [] : [statusIs(status, '$3')])
  ]
  const { rows } = await tx.client.query<Read>(
    `SELECT ${columns} FROM ${source} WHERE $3::timestamptz IS NOT NULL AND ${wanted.join(' AND ')} ORDER BY c.id DESC LIMIT $2`,
    values
  )
  return rows.map((row) => asConsent(tx, row))
}
