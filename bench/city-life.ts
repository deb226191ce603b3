import type pg from 'pg'
import type { Town } from '../test/support/town.ts'

type Fill = (text: string) => Promise<unknown>

/** What goes on between the members of a city beside their exchanges; one pair of a hundred has somebody who signs in. */
export async function fillLife(owner: pg.Client, { timebankId, members, broker }: Town): Promise<void> {
  // a statement that makes a table takes no parameters
  const fill: Fill = (text) => owner.query(text.replaceAll('$1', `'${timebankId}'::uuid`))
  // rows come in any order: what they refer to is right by construction
  await owner.query("SET session_replication_role = 'replica'")
  const known = members.map(({ id }) => `'${id}'::uuid`).join(', ')
  await fill(
    `CREATE TEMPORARY TABLE pair AS
     WITH numbered AS (SELECT id, row_number() OVER (ORDER BY number) - 1 AS n FROM members.memberships
                        WHERE timebank_id = $1 AND status = 'active' AND number > 100),
          many AS (SELECT count(*) AS all FROM numbered)
     SELECT g.n, CASE WHEN g.n % 100 = 0 THEN (ARRAY[${known}])[1 + g.n / 100 % ${members.length}] ELSE a.id END AS a, b.id AS b
       FROM generate_series(0, 99999) g(n) CROSS JOIN many
       JOIN numbered a ON a.n = g.n % many.all
       JOIN numbered b ON b.n = (g.n * 7 + 31) % many.all AND b.id <> a.id`
  )
  await owner.query('ANALYZE pair')
  await fillConversations(fill, broker.id)
  await fillThanks(fill)
  await fillMatches(fill)
  await fillMeetings(fill)
  await fillSlips(fill)
  await fillConsents(fill)
  await fillWebhooks(fill)
  await fillBudgets(fill)
  await owner.query('RESET session_replication_role')
}

/** Three messages each, the last of them unread; every fifth has had no answer. */
async function fillConversations(fill: Fill, brokerId: string): Promise<void> {
  await fill(
    `CREATE TEMPORARY TABLE talk AS
     SELECT p.*, uuidv7(make_interval(mins => -p.n)) AS id, o.id AS offer, now() - make_interval(mins => p.n) AS at
       FROM pair p JOIN (SELECT id, row_number() OVER () AS n FROM listings.offers WHERE timebank_id = $1) o ON o.n = p.n + 1`
  )
  await fill(
    `INSERT INTO conversations.conversations (timebank_id, id, offer_id, asker_id, asked_id, started_at, first_reply_at, last_message_at, messages)
     SELECT $1, id, offer, a, b, at, CASE WHEN n % 5 <> 0 THEN at END, at, 3 FROM talk`
  )
  await fill(
    `INSERT INTO conversations.participants (timebank_id, conversation_id, membership_id, side, from_number, read_up_to, unread, wrote, activity)
     SELECT $1, id, a, 'asker', 1, 3, 0, true, id FROM talk UNION ALL SELECT $1, id, b, 'asked', 1, 2, 1, n % 5 <> 0, id FROM talk`
  )
  await fill(
    `INSERT INTO conversations.messages (timebank_id, conversation_id, number, author_id, text, source, created_at)
     SELECT $1, id, number, CASE WHEN number = 2 AND n % 5 <> 0 THEN b ELSE a END, 'Could you come on Friday?', 'api', at
       FROM talk, generate_series(1, 3) number`
  )
  await fill(
    `INSERT INTO conversations.reports (timebank_id, id, conversation_id, reported_by, reason, from_number, to_number, reported_at)
     SELECT $1, uuidv7(), id, b, 'Not friendly', 1, 2, at FROM talk WHERE n % 500 = 0`
  )
  await fill(
    `INSERT INTO conversations.openings (timebank_id, report_id, membership_id, opened_at)
     SELECT $1, id, '${brokerId}'::uuid, now() FROM conversations.reports WHERE timebank_id = $1`
  )
}

const fillThanks = (fill: Fill) =>
  fill(
    `INSERT INTO thanks.notes (timebank_id, exchange_id, side, id, author_id, about_id, text, visibility, shared, given_at, changed_at)
     SELECT timebank_id, id, 'receiver', uuidv7(settled_at - now()), receiver_id, provider_id, 'Thank you', 'timebank',
            credit_minutes % 3 = 0, settled_at, settled_at
       FROM exchanges.exchanges WHERE timebank_id = $1 AND status = 'settled' AND service_minutes % 8 = 0`
  )

const fillMatches = (fill: Fill) =>
  fill(
    `INSERT INTO matching.matches (timebank_id, id, status, request_id, provider_id, receiver_id, proposed_by, proposed_at, expires_at)
     SELECT $1, uuidv7(make_interval(mins => -p.n)), CASE WHEN p.n % 10 = 0 THEN 'proposed' ELSE 'expired' END, r.id, p.a,
            r.membership_id, 'receiver', now(), now() + interval '14 days'
       FROM pair p
       JOIN (SELECT id, membership_id, row_number() OVER () AS n FROM listings.requests WHERE timebank_id = $1 AND status = 'open') r
         ON r.n = p.n AND r.membership_id <> p.a`
  )

/** Every tenth pair meets weekly for two months. */
async function fillMeetings(fill: Fill): Promise<void> {
  await fill(
    `INSERT INTO schedule.arrangements (timebank_id, id, kind, status, title, category_id, provider_id, provider_capacity, receiver_id,
            receiver_capacity, local_start, time_zone, minutes, rrule, policy_version, proposed_by, source, agreed_minutes)
     SELECT $1, uuidv7(make_interval(mins => -n)), 'pair', CASE WHEN n % 20 = 0 THEN 'active' ELSE 'ended' END, 'Conversation',
            (SELECT id FROM category WHERE category.n = 0), a, 'citizen', b, 'citizen', '2026-01-06T10:00', 'UTC', 60,
            'FREQ=WEEKLY', 1, 'provider', 'api', 60
       FROM pair WHERE n % 10 = 0`
  )
  await fill(
    `INSERT INTO schedule.sessions (timebank_id, id, arrangement_id, rule_date, local_start, time_zone, minutes, starts_at, status, updated_at)
     SELECT $1, uuidv7(), a.id, day::date, to_char(day, 'YYYY-MM-DD"T"HH24:MI'), 'UTC', 60, day,
            CASE WHEN day > now() THEN 'planned' WHEN i = 3 THEN 'skipped' ELSE 'held' END, now()
       FROM schedule.arrangements a, generate_series(0, 7) i
       CROSS JOIN LATERAL (SELECT date_trunc('hour', now()) + make_interval(days => i * 7 - 28) AS day) d
      WHERE a.timebank_id = $1`
  )
  await fill(
    `INSERT INTO schedule.slots (timebank_id, member_id, subject, subject_id, starts_at, ends_at, reminded)
     SELECT $1, member, 'session', s.id, s.starts_at, s.starts_at + interval '1 hour', s.starts_at < now() + interval '1 day'
       FROM schedule.sessions s JOIN schedule.arrangements a ON a.timebank_id = $1 AND a.id = s.arrangement_id,
            unnest(ARRAY[a.provider_id, a.receiver_id]) member
      WHERE s.timebank_id = $1`
  )
}

const fillSlips = (fill: Fill) =>
  fill(
    `INSERT INTO slips.books (timebank_id, id, prefix, from_number, to_number, digits, status, holder_id, note, issued_at)
     SELECT $1, uuidv7(), 'B' || n || '-', 1, 50, 2, 'issued', a, '', now() FROM pair WHERE n < 500`
  )

/** Every tenth pair supports one another; every fifth member allows organisations something, and is read of five times. */
async function fillConsents(fill: Fill): Promise<void> {
  await fill(
    `INSERT INTO supporters.supports (timebank_id, id, membership_id, supporter_id, kind, status, scopes, proposed_at, active_since, closed_at)
     SELECT $1, uuidv7(make_interval(mins => -n)), a, b, 'supporter', CASE WHEN turn = 1 THEN 'active' ELSE 'revoked' END,
            '{view,consents}', now(), now(), CASE WHEN turn > 1 THEN now() END
       FROM (SELECT *, row_number() OVER (PARTITION BY a, b) AS turn FROM pair WHERE n % 10 = 0) p`
  )
  await fill(
    `CREATE TEMPORARY TABLE allowed AS
     SELECT p.n, p.a, o.id AS organisation, row_number() OVER (PARTITION BY p.a, o.id ORDER BY p.n) AS turn
       FROM pair p JOIN (SELECT id, row_number() OVER () - 1 AS n, count(*) OVER () AS all
                           FROM members.organisations WHERE timebank_id = $1) o ON o.n = p.n % o.all
      WHERE p.n % 5 = 0`
  )
  await fill(
    `INSERT INTO consents.consents (timebank_id, id, membership_id, organisation_id, purpose, scopes, wording_version, wording_language,
            voice, given_by, how, given_at, status, closed_at)
     SELECT $1, uuidv7(make_interval(mins => -n)), a, organisation, 'referral', '{contact,share_status}', 1, 'en', 'self', a, 'online',
            now(), CASE WHEN turn = 1 THEN 'given' ELSE 'withdrawn' END, CASE WHEN turn > 1 THEN now() END
       FROM allowed`
  )
  await fill(
    `INSERT INTO consents.disclosures (timebank_id, id, at, organisation_id, client_id, affiliation_id, membership_id, subject_type, subject_id, parts)
     SELECT $1, uuidv7(make_interval(mins => -n - time)), now() - make_interval(mins => n::int + time), organisation, uuidv7(), uuidv7(), a,
            'service_request', uuidv7(), '{status}'
       FROM allowed, generate_series(1, 5) time`
  )
}

/** Ten endpoints, with some thousand deliveries each; nothing is sent to them any more. */
async function fillWebhooks(fill: Fill): Promise<void> {
  await fill(
    `INSERT INTO webhooks.endpoints (timebank_id, id, organisation_id, url, state, secret, disabled_at, disabled_by)
     SELECT $1, uuidv7(), o.id, 'https://' || o.id || '.example.org/', 'disabled', '\\x00', now(), 'agency'
       FROM members.organisations o WHERE o.timebank_id = $1 ORDER BY o.id LIMIT 10`
  )
  await fill(
    `INSERT INTO webhooks.events (timebank_id, id, organisation_id, type, subject_type, subject_id, at)
     SELECT $1, uuidv7(make_interval(mins => -n)), organisation_id, 'service_request.changed', 'service_request', uuidv7(),
            now() - make_interval(mins => n)
       FROM webhooks.endpoints, generate_series(1, 4000) n WHERE timebank_id = $1`
  )
  await fill(
    `INSERT INTO webhooks.deliveries (timebank_id, endpoint_id, event_id, state, attempts, started_at, next_at, last_at, last_outcome, last_status)
     SELECT $1, p.id, e.id, CASE WHEN random() < 0.01 THEN 'dead' ELSE 'delivered' END, 1, e.at, e.at, e.at, 'answered', 200
       FROM webhooks.endpoints p JOIN webhooks.events e USING (timebank_id, organisation_id) WHERE p.timebank_id = $1`
  )
}

/** Every twentieth pair has a budget for one of them that the other holds; what is in them is for the ledger's part to measure. */
async function fillBudgets(fill: Fill): Promise<void> {
  await fill(
    `CREATE TEMPORARY TABLE budgeted AS
     SELECT uuidv7(make_interval(mins => -p.n)) AS id, p.n, p.a, p.b, o.id AS funder
       FROM pair p JOIN (SELECT id, row_number() OVER () - 1 AS n, count(*) OVER () AS all
                           FROM members.organisations WHERE timebank_id = $1) o ON o.n = p.n % o.all
      WHERE p.n % 20 = 0`
  )
  await fill(
    `INSERT INTO budgets.budgets (timebank_id, id, kind, status, funder_id, member_id, holder_mode, intended_minutes, valid_from,
            proposed_at, updated_at)
     SELECT $1, id, 'person', CASE WHEN n % 100 = 0 THEN 'proposed' ELSE 'ended' END, funder, a, 'nominated_person', 600, '2026-01-01',
            now(), now()
       FROM budgeted`
  )
  await fill('INSERT INTO budgets.holders (timebank_id, budget_id, membership_id) SELECT $1, id, b FROM budgeted')
}
