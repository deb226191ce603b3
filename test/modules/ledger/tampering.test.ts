/**
 * What an owner of the database changes by hand is found. Each round changes one thing in one row (or deletes, doubles or
 * swaps rows), looks, and takes it back. SEED=… runs the same again, TAMPERINGS=1000 more of them.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import {
  noLimits,
  postAll,
  setAccountStatus,
  setLimits,
  verifyBooks,
  verifyChain
} from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { chain, seal } from './sealing.ts'
import { asOwner, follow, hold, makeBooks, seedOf, transfer } from './support.ts'

const rounds = Number(process.env['TAMPERINGS'] ?? 150)
const database = await makePool('ledger tampering')
const owner = asOwner(database.url)
after(async () => {
  await owner.close()
  await database.close()
})

const seed = seedOf('tampering')
let state = seed
/** mulberry32: from 0 to below 1, the same for the same seed */
function random(): number {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const below = (n: number): number => Math.floor(random() * n)
const oneOf = <T>(items: readonly T[]): T => items[below(items.length)]!

const books = await makeBooks(database, [{ floorSoft: -600 }, { floorHard: -90_000 }, {}, {}, {}, { ceilingSoft: 9 }])
const others = await makeBooks(database, [{}, {}])
await others.work((tx) => postAll(tx, [transfer(3, 4, 7)]))

/** Everything that there is in a ledger, in several blocks. */
for (let i = 0; i < 6; i += 1) {
  const pair = (): [number, number] => {
    const debit = 3 + below(6)
    return [debit, 3 + ((debit - 2 + below(5)) % 6)]
  }
  const moved = Array.from({ length: 20 }, () => transfer(...pair(), 5 + below(60)))
  const holds = Array.from({ length: 12 }, () => hold(...pair(), 10 + below(60)))
  const groupId = newId()
  const legs = Array.from({ length: 4 }, () => transfer(...pair(), 5, { groupId }))
  await books.work((tx) => postAll(tx, [...moved, ...holds, ...legs]), { ...systemActor, personId: newId() })
  await books.work((tx) =>
    postAll(tx, [
      ...holds.slice(0, 4).map((h) => follow('settle', h, { minutes: 5 })),
      ...holds.slice(4, 8).map((h) => follow('release', h)),
      ...moved.slice(0, 5).map((m) => follow('reverse', m, { performedOn: '2026-03-02' }))
    ])
  )
  await books.work((tx) => setLimits(tx, 5 + (i % 4), { ...noLimits, floorSoft: -100 * i }, `round ${i}`))
  await books.work((tx) => setAccountStatus(tx, 3, 'frozen', 'now and then'))
  if (i < 5) await books.work((tx) => setAccountStatus(tx, 3, 'open', 'and open again'))
  await chain(database, books.timebankId, { leavesAtOnce: 25 })
}

const tables = [
  'accounts',
  'transfers',
  'transfers',
  'transfers',
  'limit_changes',
  'books',
  'blocks',
  'checkpoints',
  'chains'
]
/** The key of a copied row. Of the others there is one row only for each timebank. */
const copies: Record<string, Record<string, string>> = {
  accounts: { id: 'id + 100' },
  transfers: {
    id: 'gen_random_uuid()',
    debit_version: 'debit_version + 1000',
    credit_version: 'credit_version + 1000',
    ref: 'NULL'
  },
  // the same limits once more are what setting them again would write: nothing is forged by that
  limit_changes: { version: 'version + 1', floor_hard: 'coalesce(floor_hard, 0) - 1' },
  blocks: { number: 'number + 1' },
  checkpoints: { number: 'number + 1' }
}
const enums: Record<string, string[]> = {
  'accounts.kind': ['member', 'organisation', 'community_pot', 'budget', 'clearing', 'opening'],
  'accounts.status': ['open', 'frozen', 'closed'],
  'limit_changes.status': ['open', 'frozen', 'closed']
}

type Column = { name: string; type: string; nullable: boolean }
const { rows: columnRows } = await owner.pool.query<Column & { table: string }>(
  `SELECT c.relname AS table, a.attname AS name, NOT a.attnotnull AS nullable,
          -- of a domain, what it is a domain over
          format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL) AS type
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum`
)
const columnsOf = (table: string): Column[] => columnRows.filter((row) => row.table === table)

/** SQL for another value of the column. */
function otherValue(table: string, { name, type, nullable }: Column): string {
  if (nullable && below(4) === 0) return 'NULL'
  const known = enums[`${table}.${name}`]
  if (known) return `'${oneOf(known)}'`
  const by = `${1 + below(below(2) ? 3 : 1000)}`
  switch (type) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return `coalesce(${name}, 0) ${oneOf(['+', '-'])} ${by}`
    case 'uuid':
      if (name === 'timebank_id') return `'${oneOf([others.timebankId, newId()])}'`
      return below(2)
        ? `'${newId()}'`
        : `(SELECT x.${name} FROM ledger.${table} x ORDER BY x.ctid OFFSET ${below(200)} LIMIT 1)`
    case 'date':
      return `${name} + ${below(2) ? by : `-${by}`}`
    case 'timestamp with time zone':
      return `coalesce(${name}, now()) + interval '${oneOf([1, -1, 1000, 86_400_000_000])} microseconds'`
    case 'text':
      return `coalesce(${name}, '') || '${oneOf(['x', ' ', '|'])}'`
    case 'bytea':
      return `set_byte(${name}, ${below(32)}, (get_byte(${name}, 3) + ${1 + below(250)}) % 256)`
    case 'uuid[]':
    case 'integer[]':
      return oneOf([
        `${name}[2:]`,
        `${name} || ${name}[1:1]`,
        `(SELECT array_agg(e ORDER BY n DESC) FROM unnest(${name}) WITH ORDINALITY u(e, n))`
      ])
    default:
      throw new Error(`no other value is known for ${type}`)
  }
}

async function tamper(tx: Tx): Promise<string> {
  for (;;) {
    const table = oneOf(tables)
    const { rows } = await tx.client.query<{ place: string }>(
      `SELECT ctid::text AS place FROM ledger.${table} WHERE timebank_id = $1 ORDER BY ctid`,
      [books.timebankId]
    )
    const [row, second] = [oneOf(rows).place, oneOf(rows).place]
    const column = oneOf(columnsOf(table))
    const at = (place: string) => `ctid = '${place}'`
    const value = otherValue(table, column)
    const what = below(10)
    let sql = `UPDATE ledger.${table} SET ${column.name} = ${value} WHERE ${at(row)} AND ${column.name} IS DISTINCT FROM ${value}`
    if (what === 0) sql = `DELETE FROM ledger.${table} WHERE ${at(row)}`
    const copy = copies[table]
    if (what === 1 && copy)
      sql = `INSERT INTO ledger.${table}
        SELECT ${columnsOf(table).map(({ name }) => copy[name] ?? name)} FROM ledger.${table} WHERE ${at(row)}`
    if (what === 2)
      sql = `WITH pair AS (SELECT ctid AS place, ${column.name} AS value FROM ledger.${table} WHERE ctid IN ('${row}', '${second}'))
        UPDATE ledger.${table} t SET ${column.name} = b.value FROM pair b
         WHERE t.ctid IN ('${row}', '${second}') AND b.place <> t.ctid AND t.${column.name} IS DISTINCT FROM b.value`
    // what a constraint refuses is no tampering
    await tx.client.query('SAVEPOINT attempt')
    try {
      const done = await tx.client.query(sql)
      if (done.rowCount) return sql
    } catch (error) {
      if (!/^2[23]/.test((error as { code?: string }).code ?? '')) throw error
    }
    await tx.client.query('ROLLBACK TO SAVEPOINT attempt')
  }
}

const look = async (tx: Tx) => [...(await verifyBooks(tx)), ...(await verifyChain(tx, [seal.key]))]

test(`what is changed by hand is found, ${rounds} times of ${rounds}`, { timeout: 300_000 }, async () => {
  assert.deepEqual(await books.work(look), [])
  const unseen: string[] = []
  const seen = new Map<string, number>()
  const undone = new Error('undone')
  for (let round = 0; round < rounds; round += 1) {
    await inTimebank(owner, books.timebankId, systemActor, async (tx) => {
      // foreign keys are no obstacle to an owner
      await tx.client.query('SET LOCAL session_replication_role = replica')
      const sql = await tamper(tx)
      const problems = await look(tx)
      if (problems.length === 0) unseen.push(sql)
      for (const name of new Set(problems.map(({ problem }) => problem))) seen.set(name, (seen.get(name) ?? 0) + 1)
      throw undone
    }).catch((error) => {
      if (error !== undone) throw error
    })
  }
  console.log(`${rounds - unseen.length} of ${rounds} found`, Object.fromEntries(seen))
  assert.deepEqual(unseen, [], `SEED=${seed}`)
  assert.deepEqual(await books.work(look), [])
})

test('a crossing that was not kept, and one that never was, are found', async () => {
  const undone = new Error('undone')
  const cases: [sql: string, found: string[]][] = [
    ['DELETE FROM ledger.limit_crossings', ['limit_crossing']],
    [
      `INSERT INTO ledger.limit_crossings (timebank_id, transfer_id, account_id, which, limit_minutes, balance, crossed_at)
       SELECT timebank_id, id, debit_account, 'floor', 0, debit_balance, recorded_at FROM ledger.transfers
        WHERE timebank_id = '${books.timebankId}' AND flags = 0 LIMIT 1`,
      ['limit_crossing']
    ]
  ]
  for (const [sql, found] of cases)
    await assert.rejects(
      inTimebank(owner, books.timebankId, systemActor, async (tx) => {
        const { rowCount } = await tx.client.query(sql)
        assert.ok(rowCount)
        const problems = await verifyBooks(tx)
        assert.deepEqual([...new Set(problems.map(({ problem }) => problem))], found)
        throw undone
      }),
      undone
    )
})
