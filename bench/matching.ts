import { inTimebank } from '../src/db/client.ts'
import { rebuildWords } from '../src/modules/listings/index.ts'
import { systemActor } from '../src/shared/actor.ts'
import { makeTown, type Town } from '../test/support/town.ts'
import { type Ground, withProcessor } from './ground.ts'
import type { Options } from './options.ts'
import { type Figure, measuredAtMost, type Section } from './report.ts'

const members = 5000
const asked = 100

/** Candidates for one request among many open offers, over HTTP, one request at a time. */
export async function matchingFigures(ground: Ground, options: Options): Promise<Section> {
  const town = await makeTown(ground.database, ground.service.url, { slug: 'matchtown', members: 1, policy: {} })
  await populate(ground, town)
  const figures: Figure[] = []
  let before = 0
  for (const offers of [10_000, 200_000]) {
    await addOffers(ground, town, offers - before)
    before = offers
    await town.signIn()
    figures.push(...(await measure(ground, options, town, offers)))
  }
  return { title: 'Matching', figures }
}

async function measure(ground: Ground, options: Options, town: Town, offers: number): Promise<Figure[]> {
  const { rows } = await ground.owner.query<{ id: string; category_id: string }>(
    'SELECT id, category_id FROM listings.requests WHERE timebank_id = $1 ORDER BY id LIMIT $2',
    [town.timebankId, asked]
  )
  const ask = async (kind: string, id: string) => {
    const answer = await fetch(`${ground.service.url}/v1/timebanks/${town.slug}/${kind}s/${id}/candidates`, {
      headers: { authorization: `Bearer ${town.broker.token}` }
    })
    if (!answer.ok) throw new Error(`candidates: ${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  const rounds = options.quick ? 1 : 3
  // warm: statements are prepared, pages are read
  for (const { id } of rows.slice(0, 20)) await ask('request', id)
  const repeated = Array.from({ length: rounds }, () => rows).flat()
  const { result: times, processor } = await withProcessor(ground, () =>
    timed(
      repeated.map(
        ({ id }) =>
          () =>
            ask('request', id)
      )
    )
  )
  const plain = await timed(
    repeated.map(
      ({ category_id }) =>
        () =>
          ground.owner.query({
            name: 'bench.plain',
            text: "SELECT * FROM listings.offers WHERE timebank_id = $1 AND category_id = $2 AND status = 'open' ORDER BY id DESC LIMIT 500",
            values: [town.timebankId, category_id]
          })
    )
  )
  const among = `among ${offers.toLocaleString('en')} open offers and ${members.toLocaleString('en')} members`
  return [
    {
      name: `candidates for a request, ${among}`,
      value: `p95 ${at(times, 0.95).toFixed(0)} ms, ${(at(times, 0.5) / at(plain, 0.5)).toFixed(1)} × plain`,
      p50: at(times, 0.5),
      p99: at(times, 0.99),
      service: (processor.service / times.length) * 1000,
      database: (processor.database / times.length) * 1000,
      measured: at(times, 0.95),
      ...(offers === 10_000 ? { aim: measuredAtMost(100, 'p95 < 100 ms') } : {})
    },
    {
      name: `plain SQL beside it: the newest 500 offers of the category, ${among}`,
      value: `p95 ${at(plain, 0.95).toFixed(1)} ms`,
      p50: at(plain, 0.5),
      p99: at(plain, 0.99)
    }
  ]
}

async function timed(calls: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const times: number[] = []
  for (const call of calls) {
    const begun = performance.now()
    await call()
    times.push(performance.now() - begun)
  }
  return times.sort((a, b) => a - b)
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!

/** What people write: words of their subject, few of them often, and words that everybody uses. */
const texts = `
  CREATE TEMP TABLE said AS SELECT row_number() OVER () - 1 AS n, split_part(line, ':', 1) AS slug, string_to_array(split_part(line, ':', 2), ' ') AS words
    FROM unnest(ARRAY[
      'gardening:garden gardening weeding pruning hedges lawn mowing planting vegetables compost digging seeds greenhouse',
      'shopping:shopping groceries errands pharmacy market bags carrying list weekly supermarket',
      'cooking:cooking baking bread cakes soup meals vegetarian recipes kitchen jam preserves',
      'pets:dog walking cat feeding rabbit pets holidays grooming puppy training',
      'small-repairs:repairs shelves taps painting plaster furniture drill hinges doors curtains',
      'sewing:sewing mending trousers curtains knitting crochet buttons zips alterations wool',
      'lifts:driving lift hospital station airport car appointment surgery dentist journey',
      'housework:cleaning ironing windows laundry dusting tidying cupboards spring floors',
      'forms-and-letters:letters forms benefits passport application writing reading council post',
      'moving:moving boxes van furniture packing removal stairs piano lifting storage'
    ]) line`

const sentence = (count: string) =>
  `(SELECT string_agg(s.words[1 + floor(power(random(), 1.6) * cardinality(s.words))::integer + 0 * g], ' ') FROM generate_series(1, ${count}) g)`

const someone = 'ids[1 + floor(random() * cardinality(ids))::integer]'

const listing = (kind: 'offers' | 'requests') => `
  INSERT INTO listings.${kind} (timebank_id, id, membership_id, category_id, status, title, description, mode, setting, availability, languages,
                                latitude, longitude, estimated_minutes, expires_on, opened_at)
  SELECT $1, uuidv7(-(random() * 300 || ' days')::interval), ${someone}, c.id, 'open', ${sentence('2 + (i % 3)')}, 'I would ' || ${sentence('6')} || ' for somebody near',
         (ARRAY['do', 'do', 'teach', 'together'])[1 + i % 4], (ARRAY['any', 'outdoors', 'receiver_home', 'online', 'public_place'])[1 + i % 5],
         ARRAY[(ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[1 + i % 7] || '_' || (ARRAY['morning', 'afternoon', 'evening'])[1 + i % 3], 'sat_morning'],
         CASE WHEN i % 6 = 0 THEN '{cy,en}'::text[] WHEN i % 2 = 0 THEN '{en}' ELSE '{}' END,
         round((51.5 + (random() - 0.5) * 0.3)::numeric, 3), round((-3.2 + (random() - 0.5) * 0.4)::numeric, 3), 60, current_date + 60, now() - random() * 200 * interval '1 day'
    FROM generate_series(1, $2) i
   CROSS JOIN (SELECT array_agg(id) AS ids FROM members.memberships WHERE timebank_id = $1) people
    JOIN said s ON s.n = floor(power((i * 7919 % 1000) / 1000.0, 1.5) * 10)
    JOIN listings.categories c ON c.timebank_id = $1 AND c.slug = s.slug`

/** Straight into the tables: through the service it would take an hour. Its foreign keys are looked at by nobody meanwhile. */
async function populate({ owner, database }: Ground, town: Town): Promise<void> {
  await owner.query("SET session_replication_role = 'replica'")
  await owner.query(texts)
  await owner.query(
    `INSERT INTO ledger.accounts (timebank_id, id, kind, credits, debits)
     SELECT $1, 1000 + n, 'member', (random() * 2000)::integer, (random() * 2000)::integer FROM generate_series(1, $2::integer) n`,
    [town.timebankId, members]
  )
  await owner.query(
    `INSERT INTO members.memberships (timebank_id, id, person_id, number, account_id, status, roles, display_name, languages, area, gifts, skills, interests, status_since)
     SELECT $1, uuidv7(), gen_random_uuid(), 1000 + i, 1000 + i, 'active', '{member}', 'Member ' || i, CASE WHEN i % 5 = 0 THEN '{cy,en}'::text[] ELSE '{en}' END,
            'Area ' || i % 20, ARRAY[${sentence('2')}], ARRAY[${sentence('1')}], ARRAY[${sentence('2')}], now()
       FROM generate_series(1, $2::integer) i JOIN said s ON s.n = i % 10`,
    [town.timebankId, members]
  )
  await owner.query(
    `INSERT INTO exchanges.exchanges (timebank_id, id, status, provider_id, provider_capacity, receiver_id, receiver_capacity, category_id, description,
                                      proposed_minutes, service_minutes, credit_minutes, policy_version, proposed_by, source, recorded_at)
     SELECT $1, uuidv7(-(random() * 700 || ' days')::interval), 'settled', ids[1 + i * 31 % cardinality(ids)], 'citizen', ids[1 + (i * 31 + i * 17 + 1) % cardinality(ids)], 'citizen', $2, '',
            60, 60, 60, 1, 'broker', 'api', now()
       FROM generate_series(1, 50000) i, (SELECT array_agg(id) AS ids FROM members.memberships WHERE timebank_id = $1) people
      WHERE ids[1 + i * 31 % cardinality(ids)] <> ids[1 + (i * 31 + i * 17 + 1) % cardinality(ids)]`,
    [town.timebankId, town.categoryId]
  )
  await owner.query(listing('requests'), [town.timebankId, 2000])
  await inTimebank(database, town.timebankId, systemActor, rebuildWords)
  await owner.query("SET session_replication_role = 'origin'")
}

async function addOffers({ owner, database }: Ground, town: Town, count: number): Promise<void> {
  await owner.query("SET session_replication_role = 'replica'")
  await owner.query(listing('offers'), [town.timebankId, count])
  await owner.query("SET session_replication_role = 'origin'")
  await inTimebank(database, town.timebankId, systemActor, rebuildWords)
  await owner.query(
    'VACUUM ANALYZE listings.offers, listings.requests, members.memberships, exchanges.exchanges, ledger.accounts'
  )
}
