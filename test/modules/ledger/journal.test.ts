import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { journal, postAll } from '../../../src/modules/ledger/index.ts'
import type { JournalFilter, JournalPlace, Transfer } from '../../../src/modules/ledger/journal.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { makePool } from '../../support/database.ts'
import { asOwner, makeBooks, seedOf, transfer } from './support.ts'

const database = await makePool('journal')
const owner = asOwner(database.url)
const books = await makeBooks(database, [{}, {}, {}])
const seed = seedOf('journal')
const ada = '01900000-0000-7000-8000-00000000000a'
const bob = '01900000-0000-7000-8000-00000000000b'

type Row = {
  id: string
  kind: number
  operation: number
  actor: string | null
  on_behalf_of: string | null
  source: number
  performed_on: string
  at: string
  debit_account: number
}
/** In the order of recording, newest first: by time and id, and those of account 3 by its versions. */
let rows: Row[]
const total = 45_000

/**
 * More than a page may look at, put there by the owner: a quiet year with a busy hour in it, times that several share, and a
 * tenth of the ids such as no clock has made.
 */
before(async () => {
  await owner.pool.query('SELECT setseed($1)', [(seed % 1000) / 1000])
  await owner.pool.query(
    `INSERT INTO ledger.transfers (
       timebank_id, id, recorded_at, actor, fingerprint, debit_balance, credit_balance, debit_account, credit_account,
       debit_version, credit_version, minutes, performed_on, operation, kind, flags, ref, source, on_behalf_of)
     SELECT $1, CASE WHEN random() < 0.1 THEN gen_random_uuid() ELSE (left(ledger.id_at(at)::text, 24) || lpad(to_hex(i), 12, '0'))::uuid END,
            at, CASE WHEN i % 9000 = 1 THEN $3::uuid ELSE $2::uuid END, i, 0, 0, CASE WHEN i % 2 = 0 THEN 3 ELSE 4 END, 5,
            (i + 1) / 2, i, 15, at::date - (random() * 10)::integer + CASE WHEN random() < 0.01 THEN 60 ELSE 0 END,
            CASE WHEN i % 50 = 0 THEN 2 ELSE 1 END, CASE WHEN i % 15000 = 5 THEN 10 ELSE 1 + i % 2 END, 0, NULL, i % 8,
            CASE WHEN i % 700 = 0 THEN $3::uuid END
       FROM (SELECT i, CASE WHEN i BETWEEN 10000 AND 35000
                  THEN '2026-03-10T10:00:00Z'::timestamptz + (i / 3) * interval '0.3 seconds'
                  ELSE '2026-01-01T00:00:00.123456Z'::timestamptz + (i / 3) * interval '1 second'
                       + CASE WHEN i < 10000 THEN i * interval '5 minutes' ELSE interval '100 days' + (i - 35000) * interval '10 minutes' END
                  END AS at
               FROM generate_series(1, $4::integer) i) q`,
    [books.timebankId, ada, bob, total]
  )
  await owner.pool.query(
    `UPDATE ledger.accounts a SET version = (SELECT max(debit_version) FROM ledger.transfers t WHERE t.debit_account = a.id)
      WHERE timebank_id = $1 AND id IN (3, 4)`,
    [books.timebankId]
  )
  await owner.pool.query('ANALYZE ledger.transfers')
  const { rows: all } = await owner.pool.query<Row>(
    `SELECT id, kind, operation, actor, on_behalf_of, source, performed_on, debit_account,
            to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
       FROM ledger.transfers WHERE timebank_id = $1 ORDER BY recorded_at DESC, id DESC`,
    [books.timebankId]
  )
  rows = all
})
after(async () => {
  await owner.close()
  await database.close()
})

/** All pages, and how long the longest was. */
async function read(filter: JournalFilter, order: 'newest' | 'oldest', limit: number, pagesAtMost = 10_000) {
  const items: Transfer[] = []
  let pages = 0
  let short = 0
  let place: JournalPlace | null = null
  do {
    const page = await books.work((tx) => journal(tx, filter, order, place, limit))
    pages += 1
    assert.ok(page.items.length <= limit)
    if (page.next !== null && page.items.length < limit) short += 1
    items.push(...page.items)
    place = page.next
  } while (place !== null && pages < pagesAtMost)
  return { ids: items.map(({ id }) => id), pages, short, items }
}

const expected = (passes: (row: Row) => boolean, order: 'newest' | 'oldest') => {
  const ids = rows.filter(passes).map(({ id }) => id)
  return order === 'newest' ? ids : ids.reverse()
}

for (const order of ['newest', 'oldest'] as const)
  describe(`the journal from the ${order} on`, () => {
    test('has every transfer once, in the order of recording, over all pages', async () => {
      const { ids, short } = await read({}, order, 1999)
      assert.deepEqual(
        ids,
        expected(() => true, order)
      )
      assert.equal(short, 0)
    })

    test('begins without looking at all of it', async () => {
      const { ids } = await read({}, order, 50, 3)
      assert.deepEqual(ids, expected(() => true, order).slice(0, 150))
    })

    const filters: [name: string, filter: JournalFilter, passes: (row: Row) => boolean][] = [
      ['a rare kind', { kind: 'write_off' }, (r) => r.kind === 10],
      ['an operation', { operation: 'hold' }, (r) => r.operation === 2],
      ['an actor', { actor: bob }, (r) => r.actor === bob],
      ['on whose behalf', { onBehalfOf: bob }, (r) => r.on_behalf_of === bob],
      ['a source', { source: 'phone' }, (r) => r.source === 4],
      ['no source', { source: 'unknown' }, (r) => r.source === 0],
      [
        'service dates',
        { from: '2026-02-03', to: '2026-02-09' },
        (r) => r.performed_on >= '2026-02-03' && r.performed_on <= '2026-02-09'
      ],
      ['service dates to come', { from: '2027-01-01' }, (r) => r.performed_on >= '2027-01-01'],
      [
        'times of recording',
        { recordedFrom: new Date('2026-03-10T10:10:00Z'), recordedBefore: new Date('2026-03-10T10:20:00.300Z') },
        (r) => r.at >= '2026-03-10T10:10:00.000000Z' && r.at < '2026-03-10T10:20:00.300000Z'
      ],
      [
        'several at once',
        {
          kind: 'gift',
          source: 'api',
          from: '2026-03-05',
          recordedBefore: new Date('2026-03-10T11:00:00Z'),
          actor: ada
        },
        (r) =>
          r.kind === 2 &&
          r.source === 2 &&
          r.performed_on >= '2026-03-05' &&
          r.at < '2026-03-10T11:00:00.000000Z' &&
          r.actor === ada
      ],
      ['nothing', { from: '2026-02-01', to: '2025-02-01' }, () => false]
    ]
    for (const [name, filter, passes] of filters)
      test(`has what is asked for: ${name}`, async () => {
        const { ids } = await read(filter, order, 700)
        assert.deepEqual(ids, expected(passes, order))
      })

    test('of an account is in the order of its versions', async () => {
      const own = expected((r) => r.debit_account === 3, order)
      const { items } = await read({ account: 3 }, order, 5000)
      assert.deepEqual(new Set(items.map(({ id }) => id)), new Set(own))
      const versions = items.map(({ debitVersion }) => debitVersion)
      assert.deepEqual(
        versions,
        versions.toSorted((a, b) => (order === 'newest' ? b - a : a - b))
      )
      const rare = await read({ account: 4, kind: 'write_off' }, order, 50)
      assert.deepEqual(
        rare.ids,
        expected((r) => r.debit_account === 4 && r.kind === 10, order)
      )
      assert.equal(rare.short, 1)
      const part = {
        account: 4,
        recordedFrom: new Date('2026-03-10T10:10:00Z'),
        recordedBefore: new Date('2026-03-10T10:20:00Z')
      }
      const between = rows.filter(
        (r) => r.debit_account === 4 && r.at >= '2026-03-10T10:10:00.000000Z' && r.at < '2026-03-10T10:20:00.000000Z'
      )
      assert.equal((await read(part, order, 500)).ids.length, between.length)
      assert.deepEqual((await read({ account: 77 }, order, 50)).ids, [])
    })

    test('gives up on a page after some 20,000 transfers, and says where to go on', async () => {
      const { pages, ids } = await read({ kind: 'write_off' }, order, 50)
      assert.equal(ids.length, 3)
      assert.ok(pages > 1 && pages < 6, `${pages} pages`)
    })
  })

test('a timebank has its own journal only', async () => {
  const other = await makeBooks(database, [{}, {}])
  await other.work((tx) => postAll(tx, [transfer(3, 4, 15)]))
  const { items, next } = await other.work((tx) => journal(tx, {}, 'newest', null, 50))
  assert.deepEqual([items.length, next], [1, null])
  assert.equal(items[0]!.actor, systemActor.personId)
})
