import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { listMembers, type MemberFilter } from '../../../src/modules/members/index.ts'
import { type House, makeHouse } from './house.ts'

const size = 100_000
let house: House
before(async () => {
  house = await makeHouse('large-list')
  const owner = new pg.Client({ connectionString: house.database.url })
  await owner.connect()
  await owner.query("SET session_replication_role = 'replica'")
  // all indexes but the primary key are made afterwards, which takes a tenth of the time
  const { rows: indexes } = await owner.query(
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'members' AND tablename = 'memberships' AND indexname NOT LIKE '%_pk'"
  )
  for (const { indexname } of indexes) await owner.query(`DROP INDEX members.${indexname}`)
  await owner.query(
    `INSERT INTO members.memberships (timebank_id, id, person_id, number, account_id, status, roles, broker_id, display_name, languages, area, status_since)
     SELECT $1, gen_random_uuid(), gen_random_uuid(), n, n + 100, CASE WHEN n % 500 = 0 THEN 'applied' ELSE 'active' END,
            CASE WHEN n % 5000 = 0 THEN '{member,broker}'::text[] ELSE '{member}'::text[] END,
            CASE WHEN n % 400 = 0 THEN $2::uuid END,
            CASE WHEN n % 1000 = 0 THEN 'Zoë Quixley ' ELSE 'Member ' END || n,
            CASE WHEN n % 800 = 0 THEN '{en,cy}'::text[] ELSE '{en}'::text[] END, 'Area ' || n % 300, now()
       FROM generate_series(2, $3::integer) n`,
    [house.timebankId, house.founder.id, size]
  )
  for (const { indexdef } of indexes) await owner.query(indexdef)
  await owner.query('VACUUM ANALYZE members.memberships')
  await owner.end()
})
after(() => house.database.close())

/** A page, the time it took, and how many rows of the table were touched, by index or by reading all of it. */
async function measured(filter: Partial<MemberFilter>) {
  return house.asService(async (tx) => {
    const touched = async () => {
      const { rows } = await tx.client.query(
        "SELECT seq_scan, seq_tup_read + idx_tup_fetch AS rows FROM pg_stat_xact_user_tables WHERE relid = 'members.memberships'::regclass"
      )
      return rows[0] as { seq_scan: number; rows: number }
    }
    const before = await touched()
    const started = performance.now()
    const page = await listMembers(tx, { after: null, ...filter }, 50)
    const milliseconds = performance.now() - started
    const after = await touched()
    return { page, milliseconds, seqScans: after.seq_scan - before.seq_scan, rows: after.rows - before.rows }
  })
}

const lists: [name: string, filter: () => Partial<MemberFilter>, found: number][] = [
  ['the first page', () => ({}), 51],
  ['a page from the middle', () => ({ after: 60_000 }), 51],
  ['what a member sees', () => ({ visibleTo: house.founder.id, after: 60_000 }), 51],
  ['those who have applied', () => ({ statuses: ['applied'] }), 51],
  ['the brokers', () => ({ role: 'broker' }), 21],
  ['the members of a broker', () => ({ brokerId: house.founder.id }), 51],
  ['an area', () => ({ area: 'Area 7' }), 51],
  ['a rare language', () => ({ language: 'cy' }), 51],
  ['a name, whatever its accents and case', () => ({ q: 'zoe QUIX' }), 51],
  ['the beginning of a name', () => ({ q: 'qu' }), 51],
  ['a name that nobody has', () => ({ q: 'xylophone' }), 0],
  ['a number', () => ({ q: '777' }), 1],
  ['a name and an area', () => ({ q: 'quixley', area: 'Area 100' }), 34]
]

for (const [name, filter, found] of lists)
  test(`of ${size} members ${name} is found by an index`, async (t) => {
    const { page, milliseconds, seqScans, rows } = await measured(filter())
    t.diagnostic(`${milliseconds.toFixed(1)} ms, ${rows} rows touched`)
    assert.equal(page.length, found)
    assert.deepEqual(
      page.map((m) => m.number),
      page.map((m) => m.number).sort((a, b) => a - b)
    )
    assert.equal(seqScans, 0)
    assert.ok(rows < 3000, `${rows} rows touched`)
  })

test('signs that mean something in patterns are looked for as they are', async () => {
  assert.equal((await measured({ q: '%_%' })).page.length, 0)
  assert.equal((await measured({ q: '%' })).page.length, 0)
})
