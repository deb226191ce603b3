import type pg from 'pg'
import { inTimebank } from '../src/db/client.ts'
import { followUpsTasks } from '../src/modules/follow-ups/index.ts'
import { openAccounts } from '../src/modules/ledger/index.ts'
import { systemActor } from '../src/shared/actor.ts'
import { agencyScopes } from '../src/shared/agency-scopes.ts'
import { makeTown, type Town } from '../test/support/town.ts'
import { findFunction } from './books.ts'
import { fillPartners } from './city-agencies.ts'
import { fillLife } from './city-life.ts'
import type { Ground } from './ground.ts'
import { inProcess } from './load/process.ts'
import type { SqlJob, SqlResult } from './load/sql.ts'
import type { Options } from './options.ts'

const organisations = 500
const years = "interval '7 years'"

/** How large a city's timebank is made. */
export type CitySize = { members: number; exchanges: number; offers: number; requests: number }

export const citySize = ({ quick }: Pick<Options, 'quick'>): CitySize =>
  quick
    ? { members: 10_000, exchanges: 100_000, offers: 20_000, requests: 10_000 }
    : { members: 100_000, exchanges: 1_000_000, offers: 200_000, requests: 100_000 }

/**
 * A city's timebank with years of its members' work: the ledger filled by its own posting function, everything else copied
 * from a few rows by SQL. Its first members can sign in; the first of all has fifty times as many exchanges as the others.
 */
export async function makeCity(ground: Ground, size: CitySize): Promise<Town> {
  const { database, owner, service } = ground
  const policy = { memberFloorSoft: null, memberFloorHard: null, memberCeilingSoft: null }
  const town = await makeTown(database, service.url, { slug: 'city', members: 20, policy })
  const first = town.members[0]!.accountId
  const limits = { floorSoft: null, floorHard: null, ceilingSoft: null, ceilingHard: null }
  const open = (kind: 'member' | 'organisation', count: number) =>
    inTimebank(database, town.timebankId, systemActor, (tx) =>
      openAccounts(
        tx,
        Array.from({ length: count }, () => ({ kind, limits })),
        'for a measurement'
      )
    )
  for (let left = size.members - town.members.length; left > 0; left -= 5000) await open('member', Math.min(left, 5000))
  const [organisation] = await open('organisation', organisations)
  await fillMembers(owner, town, size)
  await fillOrganisations(owner, town, organisation!)
  await fillAgencies(owner, town)
  await postExchanges(ground, town, first, size)
  await spreadJournal(owner, town)
  // each step joins what the one before has made: without statistics row by row
  await owner.query('ANALYZE')
  await fillExchanges(owner, town)
  await fillListings(owner, town, size)
  await owner.query('ANALYZE')
  await fillLife(owner, town)
  await fillPartners(owner, town)
  await owner.query('VACUUM ANALYZE')
  for (const look of Object.values(followUpsTasks(database))) await look({})
  await owner.query('ANALYZE')
  return town
}

/** The others, with areas, languages and a broker each. */
async function fillMembers(owner: pg.Client, { timebankId, broker, members }: Town, size: CitySize): Promise<void> {
  const last = members.at(-1)!
  await owner.query(
    `WITH made AS (
       SELECT n, uuidv7() AS person, 'Member ' || n AS name
         FROM generate_series($2::integer + 1, $2 + $3::integer) n),
     people AS (
       INSERT INTO identity.persons (id, name, locale) SELECT person, name, 'en' FROM made)
     INSERT INTO members.memberships (timebank_id, id, person_id, number, account_id, status, roles, broker_id, display_name,
                                      languages, gifts, area, status_since, joined_on)
     SELECT $1, uuidv7(), person, n - $2 + $4, n, CASE WHEN n % 500 = 0 THEN 'applied' ELSE 'active' END,
            CASE WHEN n % 5000 = 0 THEN '{member,broker}'::text[] ELSE '{member}'::text[] END,
            CASE WHEN n % 10 = 0 THEN $5::uuid END, name, CASE WHEN n % 8 = 0 THEN '{en,cy}'::text[] ELSE '{en}'::text[] END,
            ARRAY['gift ' || n % 50], 'Area ' || n % 300, now() - make_interval(hours => n % 20000), '2020-01-01'::date + n % 2000
       FROM made`,
    [timebankId, last.accountId, size.members - members.length, members.length + 1, broker.id]
  )
  await owner.query(
    'UPDATE members.numbers SET next_number = (SELECT max(number) + 1 FROM members.memberships m WHERE m.timebank_id = $1) WHERE timebank_id = $1',
    [timebankId]
  )
}

/** Groups and bodies, with five people each who belong to them. */
async function fillOrganisations(owner: pg.Client, { timebankId }: Town, firstAccount: number): Promise<void> {
  await owner.query(
    `INSERT INTO members.organisations (timebank_id, id, account_id, name, kind, area)
     SELECT $1, uuidv7(), $2 + n, 'Organisation ' || n, 'community_group', 'Area ' || n % 300 FROM generate_series(0, $3::integer - 1) n`,
    [timebankId, firstAccount, organisations]
  )
  await owner.query(
    `INSERT INTO members.affiliations (timebank_id, id, organisation_id, membership_id, professional, acts_for, valid_from, status)
     SELECT $1, uuidv7(), o.id, m.id, m.number % 2 = 0, m.number % 5 = 0, '2020-01-01', 'accepted'
       FROM (SELECT id, row_number() OVER () AS n FROM members.organisations WHERE timebank_id = $1) o
       JOIN members.memberships m ON m.timebank_id = $1 AND m.number BETWEEN o.n * 5 AND o.n * 5 + 4`,
    [timebankId]
  )
}

/** The first organisations are agencies, with one system each that has changed its secret every week for two years. */
async function fillAgencies(owner: pg.Client, { timebankId }: Town): Promise<void> {
  await owner.query(
    `INSERT INTO agencies.clients (timebank_id, id, organisation_id, name, scopes, professional_id, requests_per_minute)
     SELECT $1, uuidv7(), o.id, 'System', $2, a.id, 100000
       FROM (SELECT id FROM members.organisations WHERE timebank_id = $1 ORDER BY id LIMIT 20) o
      CROSS JOIN LATERAL (
        SELECT a.id FROM members.affiliations a
          JOIN members.memberships m ON m.timebank_id = $1 AND m.id = a.membership_id AND m.status = 'active'
         WHERE a.timebank_id = $1 AND a.organisation_id = o.id AND a.professional LIMIT 1) a`,
    [timebankId, agencyScopes]
  )
  await owner.query(
    `INSERT INTO agencies.secrets (timebank_id, id, client_id, secret_hash, ends_at)
     SELECT $1, uuidv7(), c.id, c.id || ' ' || n, now() - make_interval(weeks => n)
       FROM agencies.clients c, generate_series(1, 100) n WHERE c.timebank_id = $1`,
    [timebankId]
  )
}

/** One transfer for each exchange. */
async function postExchanges({ server, owner }: Ground, town: Town, first: number, size: CitySize): Promise<void> {
  await inProcess<SqlJob, SqlResult>('sql.ts', {
    url: server.url,
    clients: 2,
    warmSeconds: 0,
    seconds: 600,
    calls: size.exchanges / 1000,
    work: {
      kind: 'postings',
      posting: await findFunction(owner, 'post_many'),
      size: 1000,
      timebanks: [town.timebankId],
      mixed: false,
      accounts: { first, count: size.members },
      hot: { account: first, share: 0.01 }
    }
  })
}

/** As if it had been posted over the years, at even steps: ids and times of recording, in the order in which rows lie. */
async function spreadJournal(owner: pg.Client, { timebankId }: Town): Promise<void> {
  await withoutIndexes(owner, 'ledger.transfers', async () => {
    await owner.query('CREATE TEMPORARY TABLE posted AS SELECT * FROM ledger.transfers WHERE timebank_id = $1', [
      timebankId
    ])
    await owner.query('DELETE FROM ledger.transfers WHERE timebank_id = $1', [timebankId])
    await owner.query('VACUUM ledger.transfers')
    await owner.query(
      `INSERT INTO ledger.transfers
       SELECT spread.* FROM (SELECT *, ${years} * (row_number() OVER (ORDER BY recorded_at, id)::double precision / count(*) OVER () - 1) AS ago FROM posted) p,
              jsonb_populate_record(NULL::ledger.transfers, to_jsonb(p) || jsonb_build_object('id', uuidv7(ago), 'recorded_at', now() + ago)) spread
        ORDER BY ago`
    )
    await owner.query('DROP TABLE posted')
  })
}

/** An exchange, its last event and a notice for each transfer; one of fifty is not settled yet, or no more. */
async function fillExchanges(owner: pg.Client, { timebankId }: Town): Promise<void> {
  await owner.query('CREATE TEMPORARY TABLE category (id uuid, n bigint)')
  await owner.query(
    'INSERT INTO category SELECT id, row_number() OVER () - 1 FROM listings.categories WHERE timebank_id = $1 AND NOT closed',
    [timebankId]
  )
  await withoutIndexes(owner, 'exchanges.exchanges', () =>
    owner.query(
      `INSERT INTO exchanges.exchanges (timebank_id, id, status, provider_id, provider_capacity, receiver_id, receiver_capacity,
              category_id, performed_on, proposed_minutes, agreed_minutes, service_minutes, credit_minutes, policy_version,
              proposed_by, reported_by, source, transfer_id, agreed_at, reported_at, settled_at, recorded_at, created_at)
       SELECT t.timebank_id, uuidv7(t.recorded_at - now()), s.status, p.id, 'citizen', r.id, 'citizen', c.id,
              t.recorded_at::date, t.minutes, t.minutes, t.minutes, t.minutes, 1, 'provider', 'provider', 'api',
              CASE WHEN s.status = 'settled' THEN t.id END, t.recorded_at, t.recorded_at,
              CASE WHEN s.status = 'settled' THEN t.recorded_at END, t.recorded_at, t.recorded_at
         FROM (SELECT *, row_number() OVER (ORDER BY recorded_at) AS n FROM ledger.transfers WHERE timebank_id = $1 AND kind = 1) t
         JOIN members.memberships p ON p.timebank_id = $1 AND p.account_id = t.credit_account
         JOIN members.memberships r ON r.timebank_id = $1 AND r.account_id = t.debit_account
         JOIN category c ON c.n = t.n % (SELECT count(*) FROM category)
         CROSS JOIN LATERAL (SELECT CASE WHEN t.n % 50 <> 0 THEN 'settled'
              ELSE (ARRAY['proposed', 'agreed', 'awaiting_risk', 'ready', 'reported', 'disputed', 'declined', 'cancelled', 'reversed'])
                   [1 + (t.n / 50) % 9] END AS status) s`,
      [timebankId]
    )
  )
  await withoutIndexes(owner, 'audit.events', () =>
    owner.query(
      `INSERT INTO audit.events (timebank_id, id, at, actor_membership_id, source, action, subject_type, subject_id)
       SELECT timebank_id, uuidv7(recorded_at - now()), recorded_at, receiver_id, 'api', 'exchange.confirmed', 'exchange', id::text
         FROM exchanges.exchanges WHERE timebank_id = $1`,
      [timebankId]
    )
  )
  await withoutIndexes(owner, 'notices.notices', () =>
    owner.query(
      `INSERT INTO notices.notices (timebank_id, id, membership_id, kind, subject_id, created_at, read_at)
       SELECT timebank_id, uuidv7(recorded_at - now()), provider_id, 'exchange.confirmed', id, recorded_at,
              CASE WHEN row_number() OVER () % 10 <> 0 THEN recorded_at END
         FROM exchanges.exchanges WHERE timebank_id = $1`,
      [timebankId]
    )
  )
}

/** Titles of five words of some thousands, the frequent ones far more often than the rare. */
async function fillListings(owner: pg.Client, { timebankId }: Town, size: CitySize): Promise<void> {
  await owner.query(
    `CREATE TEMPORARY TABLE word AS
     SELECT n, (SELECT string_agg(substr('bcdfglmnprst', 1 + (n * (7 + i) / (12 ^ i)::integer) % 12, 1) ||
                                  substr('aeiou', 1 + (n / (3 ^ i)::integer) % 5, 1), '') FROM generate_series(0, 3) i) AS word
       FROM generate_series(0, 4999) n`
  )
  for (const [table, count, more, value] of [
    ['offers', size.offers, '', ''],
    ['requests', size.requests, ', helpers_needed', ', 1 + s.n % 3']
  ] as const) {
    await withoutIndexes(owner, `listings.${table}`, () =>
      owner.query(
        `WITH member AS (SELECT id, row_number() OVER () - 1 AS n FROM members.memberships WHERE timebank_id = $1 AND status = 'active')
         INSERT INTO listings.${table} (timebank_id, id, membership_id, category_id, status, title, description, mode, setting,
                availability, languages, area, latitude, longitude, estimated_minutes, expires_on, opened_at${more})
         SELECT $1, uuidv7(make_interval(secs => s.n - 20e6)), m.id, c.id,
                CASE WHEN s.n % 4 <> 0 THEN 'open' WHEN s.n % 8 = 0 THEN 'expired' ELSE 'draft' END,
                (SELECT string_agg(w.word, ' ') FROM generate_series(1, 5) i JOIN word w ON w.n = (5000 * power(abs(sin(s.n * 7.31 + i)), 3))::integer % 5000),
                (SELECT string_agg(w.word, ' ') FROM generate_series(1, 20) i JOIN word w ON w.n = (5000 * power(abs(sin(s.n * 3.7 + i)), 2))::integer % 5000),
                (ARRAY['do', 'teach', 'together'])[1 + s.n % 3], (ARRAY['receiver_home', 'outdoors', 'online', 'any'])[1 + s.n % 4],
                ARRAY['mon_morning', 'sat_afternoon'], CASE WHEN s.n % 8 = 1 THEN '{en,cy}'::text[] WHEN s.n % 5000 = 2 THEN '{en,pl}'::text[] ELSE '{en}'::text[] END,
                'Area ' || s.n % 300, 51.4 + (s.n % 1000) / 2500.0, -3.4 + (s.n / 1000 % 1000) / 2500.0,
                30 + s.n % 8 * 15, current_date + 20 + (s.n % 300)::integer, now() - make_interval(mins => s.n)${value}
           FROM generate_series(1, $2::integer) s(n)
           JOIN category c ON c.n = s.n % (SELECT count(*) FROM category)
           JOIN member m ON m.n = s.n % (SELECT count(*) FROM member)`,
        [timebankId, count]
      )
    )
  }
  await owner.query(
    `INSERT INTO listings.words (timebank_id, word)
     SELECT DISTINCT $1::uuid, word FROM word WHERE length(word) BETWEEN 3 AND 40 ON CONFLICT DO NOTHING`,
    [timebankId]
  )
}

/** Indexes that are made anew afterwards take a fraction of the time; keys and what they refer to are right by construction. */
async function withoutIndexes(owner: pg.Client, table: string, fill: () => Promise<unknown>): Promise<void> {
  const { rows } = await owner.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
       FROM pg_index WHERE indrelid = $1::regclass AND NOT indisprimary`,
    [table]
  )
  await owner.query("SET session_replication_role = 'replica'")
  for (const { name } of rows) await owner.query(`DROP INDEX ${name}`)
  await fill()
  for (const { definition } of rows) await owner.query(definition)
  await owner.query('RESET session_replication_role')
}
