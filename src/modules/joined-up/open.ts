import type { Tx } from '../../db/client.ts'
import type { JoinedUpKind } from '../../shared/joined-up.ts'

/** What is open around somebody, as it stands in the tables, with the names of who is in it. */
export type Open = {
  kind: JoinedUpKind
  id: string
  status: string
  /** a yes of the person stands behind it: what waits for one is nobody's but theirs, of who asks, and of the broker */
  agreed: boolean
  /** it waits for the person, and for nobody else */
  asked: boolean
  /** what it belongs to and is counted with: the referral or the arrangement that it came of */
  partOf: string | null
  /** by what things in one category are told apart: a provider who comes several times is one */
  source: string
  organisation: { id: string; name: string } | null
  category: { id: string; slug: string; name: string } | null
  title: string | null
  asksId: string | null
  asksName: string | null
  givesId: string | null
  givesName: string | null
  givesCapacity: 'citizen' | 'professional' | 'organisation' | null
  since: Date
  /** of a referral and an arrangement: the first day, and the rule by which it comes again */
  firstOn: string | null
  rrule: string | null
  until: string | null
  nextAt: Date | null
  /** the day of it, by the clock there */
  nextOn: string | null
}

const exchangesUnderWay =
  "x.status IN ('proposed', 'agreed', 'awaiting_risk', 'awaiting_vetting', 'awaiting_guardian', 'ready', 'reported', 'disputed')"

/** Exchanges that somebody receives as a citizen, by who gives for their work or for an organisation, or that came of a referral. */
const ofOne = `
  SELECT x.* FROM exchanges.exchanges x
   WHERE x.timebank_id = $1 AND x.receiver_id = $2 AND x.receiver_capacity = 'citizen' AND x.provider_capacity <> 'citizen'
     AND ${exchangesUnderWay}
  UNION ALL
  SELECT x.* FROM service_requests.requests r
    JOIN exchanges.exchanges x ON x.timebank_id = $1 AND x.request_id = r.listing_id
   WHERE r.timebank_id = $1 AND r.membership_id = $2 AND r.kind = 'referral'
     AND x.receiver_id = $2 AND x.receiver_capacity = 'citizen' AND x.provider_capacity = 'citizen' AND ${exchangesUnderWay}`

const ofAll = `
  SELECT x.* FROM exchanges.exchanges x
   WHERE x.timebank_id = $1 AND x.receiver_id IS NOT NULL AND x.receiver_capacity = 'citizen' AND ${exchangesUnderWay}
     AND (x.provider_capacity <> 'citizen' OR EXISTS (
           SELECT FROM service_requests.requests r
            WHERE r.timebank_id = $1 AND r.listing_id = x.request_id AND r.membership_id = x.receiver_id))`

/**
 * SQL: the table expressions that end in `contributions`, all that is open around one member ($2; $3: see `openAround`; $5: today), or
 * around everybody ($2: today). The one place that says what is open; what follows reads rows that are open only, never the history behind them.
 */
export const contributionsSql = (whose: 'one' | 'all'): string => {
  const one = (column: string) => (whose === 'one' ? `AND ${column} = $2` : `AND ${column} IS NOT NULL`)
  const today = whose === 'one' ? '$5::date' : '$2::date'
  return `
  referrals AS (
    SELECT r.* FROM service_requests.requests r
     WHERE r.timebank_id = $1 ${one('r.membership_id')} AND r.kind = 'referral'
       AND r.status IN ('requested', 'accepted', 'in_progress', 'on_hold')
       ${whose === 'one' ? 'AND ($3 OR r.closes_at IS NULL)' : ''}
  ), arranged AS (
    SELECT a.*, r.id AS part_of,
           coalesce(a.provider_organisation_id,
             -- of a professional who works for one organisation it is clear for whom they come
             CASE WHEN a.provider_capacity = 'professional' THEN (
               SELECT min(f.organisation_id::text)::uuid FROM members.affiliations f
                WHERE f.timebank_id = $1 AND f.membership_id = a.provider_id AND f.professional AND f.status = 'accepted'
                  AND f.valid_from <= ${today} AND (f.valid_to IS NULL OR f.valid_to >= ${today})
               HAVING count(DISTINCT f.organisation_id) = 1) END,
             r.organisation_id) AS organisation_id
      FROM schedule.arrangements a
      LEFT JOIN service_requests.meetings m ON m.timebank_id = $1 AND m.arrangement_id = a.id
      LEFT JOIN referrals r ON r.id = m.service_request_id AND r.membership_id = a.receiver_id
     WHERE a.timebank_id = $1 ${one('a.receiver_id')} AND a.receiver_capacity = 'citizen' AND a.kind = 'pair'
       AND a.status IN ('proposed', 'awaiting_approval', 'active')
  ), under_way AS (${whose === 'one' ? ofOne : ofAll}
  ), parts AS (
    SELECT 'service_request' AS kind, r.id, r.membership_id AS member_id, r.status, r.status <> 'requested' AS agreed,
           r.status = 'requested' AND r.consented_at IS NULL AS asked, NULL::uuid AS part_of, r.organisation_id,
           r.category_id, NULL::text AS title, r.professional_id AS asks_id, NULL::uuid AS gives_id,
           NULL::text AS gives_capacity, r.created_at AS since, r.first_on, r.rrule, NULL::date AS until
      FROM referrals r
    UNION ALL
    SELECT 'exchange', x.id, x.receiver_id, x.status, x.agreed_at IS NOT NULL,
           x.status = 'proposed' AND x.proposed_by = 'provider' OR x.status = 'reported' AND x.reported_by = 'provider',
           coalesce(r.id, a.part_of, a.id),
           coalesce(x.provider_organisation_id, f.organisation_id, r.organisation_id, a.organisation_id),
           x.category_id, nullif(x.description, ''), NULL, x.provider_id, x.provider_capacity, x.created_at,
           x.performed_on, NULL, NULL
      FROM under_way x
      LEFT JOIN members.affiliations f ON f.timebank_id = $1 AND f.id = x.provider_affiliation_id
      LEFT JOIN referrals r ON r.listing_id = x.request_id AND r.membership_id = x.receiver_id
      LEFT JOIN schedule.sessions s ON s.timebank_id = $1 AND s.exchange_id = x.id
      LEFT JOIN arranged a ON a.id = s.arrangement_id
    UNION ALL
    SELECT 'arrangement', a.id, a.receiver_id, a.status, a.status = 'active',
           a.status = 'proposed' AND a.proposed_by <> 'receiver', a.part_of, a.organisation_id,
           a.category_id, a.title, NULL, a.provider_id, a.provider_capacity, a.created_at,
           left(a.local_start, 10)::date, a.rrule, NULL
      FROM arranged a
    UNION ALL
    SELECT 'budget', b.id, b.member_id, b.status, b.holder_agreed_at IS NOT NULL,
           b.holder_mode = 'self' AND b.status = 'proposed' AND b.holder_agreed_at IS NULL, NULL, b.funder_id,
           NULL, NULL, NULL, NULL, NULL, b.proposed_at, NULL, NULL, b.valid_to
      FROM budgets.budgets b
     WHERE b.timebank_id = $1 ${one('b.member_id')} AND b.status IN ('proposed', 'agreed', 'active')
  ), contributions AS (
    SELECT p.*,
           CASE WHEN p.kind NOT IN ('exchange', 'arrangement') THEN p.id::text
                WHEN p.gives_capacity = 'organisation' AND p.organisation_id IS NOT NULL THEN p.organisation_id::text
                ELSE concat(coalesce(p.gives_id, p.id), ' ', p.organisation_id) END AS source
      FROM parts p
  )`
}

const nextSql = `
  LEFT JOIN LATERAL (
    SELECT p.starts_at, p.local_start FROM schedule.appointments p
     WHERE c.kind = 'exchange' AND p.timebank_id = $1 AND p.exchange_id = c.id AND NOT p.removed AND p.starts_at >= $4
    UNION ALL
    (SELECT s.starts_at, s.local_start FROM schedule.sessions s
      WHERE c.kind = 'arrangement' AND s.timebank_id = $1 AND s.arrangement_id = c.id AND s.starts_at >= $4
        AND s.status = 'planned'
      ORDER BY s.starts_at LIMIT 1)
  ) n ON true`

/**
 * All that is open around a member, the oldest first: whoever asks. `closing`: with referrals that are on their way to their
 * end, as those see them who are not to learn of what the person said. One statement.
 */
export async function openAround(tx: Tx, memberId: string, today: string, closing: boolean): Promise<Open[]> {
  const { rows } = await tx.client.query<Open>({
    name: 'joined_up.open_around',
    text: `WITH ${contributionsSql('one')}
      SELECT c.kind, c.id, c.status, c.agreed, c.asked, c.part_of AS "partOf", c.source,
             CASE WHEN o.id IS NOT NULL THEN json_build_object('id', o.id, 'name', o.name) END AS organisation,
             CASE WHEN g.id IS NOT NULL THEN json_build_object('id', g.id, 'slug', g.slug, 'name', g.name) END AS category,
             coalesce(nullif(w.title, ''), c.title) AS title,
             c.asks_id AS "asksId", asks.display_name AS "asksName",
             c.gives_id AS "givesId", gives.display_name AS "givesName", c.gives_capacity AS "givesCapacity",
             c.since, c.first_on AS "firstOn", c.rrule, c.until,
             n.starts_at AS "nextAt", left(n.local_start, 10) AS "nextOn"
        FROM contributions c
        LEFT JOIN members.organisations o ON o.timebank_id = $1 AND o.id = c.organisation_id
        LEFT JOIN listings.categories g ON g.timebank_id = $1 AND g.id = c.category_id
        LEFT JOIN service_requests.texts w
               ON c.kind = 'service_request' AND w.timebank_id = $1 AND w.service_request_id = c.id
        LEFT JOIN members.memberships asks ON asks.timebank_id = $1 AND asks.id = c.asks_id
        LEFT JOIN members.memberships gives ON gives.timebank_id = $1 AND gives.id = c.gives_id
        ${nextSql}
       ORDER BY c.since, c.id`,
    values: [tx.timebankId, memberId, closing, tx.now, today]
  })
  return rows
}
