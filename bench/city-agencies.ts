import type pg from 'pg'
import type { Town } from '../test/support/town.ts'

/**
 * What twenty agencies have asked for in two years: 100,000 service requests, most of them ended, with what was written and what
 * people allow. One of a hundred is about somebody who signs in.
 */
export async function fillPartners(owner: pg.Client, { timebankId, members, broker }: Town): Promise<void> {
  const fill = (text: string) => owner.query(text.replaceAll('$1', `'${timebankId}'::uuid`))
  const known = members.map(({ id }) => `'${id}'::uuid`).join(', ')
  await owner.query("SET session_replication_role = 'replica'")
  await fill(
    `CREATE TEMPORARY TABLE asked AS
     WITH system AS (
       SELECT c.id AS client, c.organisation_id AS organisation, a.id AS affiliation, a.membership_id AS professional,
              row_number() OVER (ORDER BY c.id) - 1 AS n
         FROM agencies.clients c JOIN members.affiliations a ON a.timebank_id = $1 AND a.id = c.professional_id
        WHERE c.timebank_id = $1),
     about AS (
       SELECT id, number, row_number() OVER (ORDER BY number) - 1 AS n FROM members.memberships
        WHERE timebank_id = $1 AND status = 'active' AND number > 100),
     sizes AS (SELECT (SELECT count(*) FROM system) AS systems, (SELECT count(*) FROM about) AS people)
     SELECT g.n, uuidv7(make_interval(mins => -10 * g.n)) AS id, uuidv7(make_interval(mins => -10 * g.n)) AS consent, s.client,
            s.organisation, s.affiliation, s.professional,
            CASE WHEN g.n % 100 = 0 THEN (ARRAY[${known}])[1 + g.n / 100 % ${members.length}] ELSE p.id END AS person, p.number,
            now() - make_interval(mins => 10 * g.n) AS at,
            CASE WHEN g.n % 20 = 0 THEN 'requested' WHEN g.n % 20 < 4 THEN 'in_progress' WHEN g.n % 20 < 6 THEN 'rejected'
                 ELSE 'completed' END AS status
       FROM generate_series(0, 99999) g(n) CROSS JOIN sizes
       JOIN system s ON s.n = g.n / 7 % sizes.systems
       JOIN about p ON p.n = (g.n * 13) % sizes.people`
  )
  await owner.query('ANALYZE asked')
  await fill(
    `INSERT INTO service_requests.requests (timebank_id, id, organisation_id, affiliation_id, professional_id, client_id, kind, status,
            sub_status, reason, outcome, status_open, external_system, external_value, claimed_number, membership_id, category_id,
            helpers_needed, setting, priority, claimed_scopes, claimed_at, claimed_how, claimed_by, consented_at, consent_id,
            assignee_id, created_at, updated_at, agency_at, status_at, decided_at, ended_at)
     SELECT $1, asked.id, organisation, affiliation, professional, client::text, 'referral', status,
            CASE status WHEN 'requested' THEN 'awaiting_contact' WHEN 'in_progress' THEN 'helping' END,
            CASE status WHEN 'rejected' THEN 'no_capacity' END, CASE status WHEN 'completed' THEN 'goal_met' END, status = 'requested',
            'https://records.example.org', 'C-' || asked.n, number, person, c.id, 1, 'any', CASE WHEN asked.n % 10 = 0 THEN 'urgent' ELSE 'routine' END,
            '{contact,share_status}', at, 'in_person', 'self', CASE WHEN status IN ('in_progress', 'completed') THEN at END,
            CASE WHEN status IN ('in_progress', 'completed') THEN consent END, CASE WHEN asked.n % 3 = 0 THEN '${broker.id}'::uuid END,
            at, at, at, at, CASE WHEN status <> 'requested' THEN at END, CASE WHEN status IN ('rejected', 'completed') THEN at END
       FROM asked JOIN category c ON c.n = asked.n % (SELECT count(*) FROM category)`
  )
  await fill(
    `INSERT INTO service_requests.texts (timebank_id, service_request_id, title, what_matters)
     SELECT $1, id, 'Company on Tuesdays', 'To hear the news of the street again' FROM asked`
  )
  await fill(
    `INSERT INTO service_requests.history (timebank_id, service_request_id, position, status, at, part, status_open)
     SELECT $1, id, position, CASE position WHEN 1 THEN 'requested' ELSE status END, at, 'broker', false
       FROM asked, generate_series(1, 2) position`
  )
  await fill(
    `INSERT INTO consents.consents (timebank_id, id, membership_id, organisation_id, purpose, scopes, wording_version, wording_language,
            voice, given_by, how, given_at, subject_type, subject_id, status, closed_at)
     SELECT $1, consent, person, organisation, 'referral', '{contact,share_status,share_attendance}', 1, 'en', 'self', person, 'phone',
            at, 'service_request', id, CASE WHEN latest THEN 'given' ELSE 'withdrawn' END, CASE WHEN NOT latest THEN at END
       FROM (SELECT *, row_number() OVER (PARTITION BY person, organisation ORDER BY n) = 1 AS latest FROM asked
              WHERE status IN ('in_progress', 'completed')) one
     ON CONFLICT DO NOTHING`
  )
  await owner.query('RESET session_replication_role')
}
