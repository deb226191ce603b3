import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import {
  getAccount,
  getAccounts,
  post,
  statement,
  trialBalance,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { asOwner, day, makeBooks, transfer } from './support.ts'

const database = await makePool('ledger rights')
after(() => database.close())
const books = await makeBooks(database, [{}, {}])
const others = await makeBooks(database, [{}, {}])
const denied = { code: '42501' }

describe("the service's own role", () => {
  const refused: [string, string][] = [
    ['update a transfer', 'UPDATE ledger.transfers SET minutes = 1'],
    ['delete a transfer', 'DELETE FROM ledger.transfers'],
    ['truncate the journal', 'TRUNCATE ledger.transfers'],
    [
      'insert a transfer',
      `INSERT INTO ledger.transfers (timebank_id, id, recorded_at, fingerprint, debit_balance, credit_balance, debit_account,
         credit_account, debit_version, credit_version, minutes, performed_on, operation, kind, flags)
       VALUES ('${books.timebankId}', '${newId()}', now(), 1, -1, 1, 3, 4, 1, 1, 1, '${day}', 1, 1, 0)`
    ],
    ['update a balance', 'UPDATE ledger.accounts SET credits = credits + 60'],
    ['update a limit beside set_limits', 'UPDATE ledger.accounts SET floor_hard = NULL'],
    [
      'insert an account',
      `INSERT INTO ledger.accounts (timebank_id, id, kind) VALUES ('${books.timebankId}', 77, 'member')`
    ],
    ['delete an account', 'DELETE FROM ledger.accounts'],
    ['lock an account by itself', 'SELECT * FROM ledger.accounts FOR UPDATE'],
    ['hand out account numbers by itself', 'UPDATE ledger.books SET next_account_id = 1'],
    ['rewrite a change of limits', `UPDATE ledger.limit_changes SET why = 'x'`],
    ['delete a change of limits', 'DELETE FROM ledger.limit_changes'],
    ['write through the view', 'DELETE FROM ledger.entries'],
    [
      'replace a function',
      'CREATE OR REPLACE FUNCTION ledger.require_timebank(p_timebank uuid) RETURNS void LANGUAGE sql AS $$ $$'
    ],
    ['make a table in the schema', 'CREATE TABLE ledger.mine (id int)']
  ]
  for (const [what, sql] of refused) {
    test(`may not ${what}`, async () => {
      await books.work((tx) => post(tx, transfer(3, 4, 1)))
      await assert.rejects(
        books.work((tx) => tx.client.query(sql)),
        // a view over a union is not updatable for anybody
        (error: { code?: string }) => error.code === '42501' || error.code === '55000'
      )
    })
  }

  test('is a role without rights of its own', async () => {
    const { rows } = await database.pool.query(
      'SELECT current_user AS role, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user'
    )
    assert.deepEqual(rows, [{ role: 'commonhours_service', rolsuper: false, rolbypassrls: false }])
  })

  test('nobody else may call the functions: PUBLIC has no EXECUTE on any', async () => {
    const { rows } = await database.pool.query(
      `SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'ledger' AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0))`
    )
    assert.deepEqual(rows, [])
  })

  test('every function that runs with its owner’s rights has a fixed search path', async () => {
    const { rows } = await database.pool.query(
      `SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'ledger' AND p.prosecdef AND NOT coalesce('search_path=pg_catalog' = ANY (p.proconfig), false)`
    )
    assert.deepEqual(rows, [])
  })
})

describe('another timebank', () => {
  const id = newId()
  const calls: [string, string, unknown[]][] = [
    ['open_books', 'SELECT ledger.open_books($1, NULL)', []],
    ['open_account', `SELECT ledger.open_account($1, NULL, 'x', 'member', NULL, NULL, NULL, NULL)`, []],
    [
      'open_accounts',
      `SELECT ledger.open_accounts($1, NULL, 'x', '{member}', '{NULL}', '{NULL}', '{NULL}', '{NULL}')`,
      []
    ],
    ['set_limits', `SELECT ledger.set_limits($1, NULL, 'x', 3, NULL, NULL, NULL, NULL)`, []],
    ['follow_limits', `SELECT ledger.follow_limits($1, NULL, 'x', '{3}', '{NULL}', '{NULL}', '{NULL}', '{NULL}')`, []],
    ['close_crossings', `SELECT ledger.close_crossings($1, 3, 'floor')`, []],
    ['set_status', `SELECT ledger.set_status($1, NULL, 'x', 3, 'frozen')`, []],
    [
      'post_one',
      `SELECT ledger.post_one($1, NULL, $2, 1::smallint, 3, 4, 10, 1::smallint, '${day}', NULL, NULL, 1, false, 2::smallint, NULL, NULL, false)`,
      [id]
    ],
    [
      'post_many',
      `SELECT ledger.post_many(ARRAY[$1::uuid], '{NULL}', ARRAY[$2::uuid], '{1}', '{3}', '{4}', '{10}', '{1}', '{${day}}', '{NULL}', '{NULL}', '{1}', '{false}', '{2}', '{NULL}', '{NULL}', false, false)`,
      [id]
    ],
    ['statement', 'SELECT ledger.statement($1, 3, NULL, NULL, NULL, NULL, false, 10)', []],
    ['trial_balance', 'SELECT ledger.trial_balance($1)', []],
    ['verify', 'SELECT ledger.verify($1)', []]
  ]
  for (const [name, sql, values] of calls) {
    test(`${name} refuses it`, async () => {
      await assert.rejects(
        books.work((tx) => tx.client.query(sql, [others.timebankId, ...values])),
        denied
      )
    })
    // the queue's way, tested below
    if (name === 'post_one' || name === 'post_many') continue
    test(`${name} refuses a transaction without a timebank`, async () => {
      await assert.rejects(database.pool.query(sql, [others.timebankId, ...values]))
    })
  }

  test('its accounts, transfers and entries are not seen', async () => {
    await others.work((tx) => post(tx, transfer(3, 4, 10)))
    await books.work(async (tx) => {
      for (const table of ['books', 'accounts', 'transfers', 'limit_changes', 'entries']) {
        const { rows } = await tx.client.query(`SELECT count(*) AS n FROM ledger.${table} WHERE timebank_id = $1`, [
          others.timebankId
        ])
        assert.deepEqual(rows, [{ n: 0 }], table)
      }
    })
  })

  test('accounts with the same numbers are different accounts', async () => {
    const before = await others.work((tx) => getAccount(tx, 4))
    await books.work((tx) => post(tx, transfer(3, 4, 10)))
    assert.deepEqual(await others.work((tx) => getAccount(tx, 4)), before)
  })

  test('an id of another timebank is a free id here', async () => {
    const same = transfer(3, 4, 5)
    assert.equal((await books.work((tx) => post(tx, same))).code, 'posted')
    assert.equal((await others.work((tx) => post(tx, same))).code, 'posted')
  })

  test('what another timebank has posted cannot be referred to', async () => {
    const theirs = transfer(3, 4, 5)
    await others.work((tx) => post(tx, theirs))
    const [outcome] = await books.work((tx) =>
      tryPost(tx, [{ id: newId(), operation: 'reverse', ref: theirs.id, performedOn: day }])
    )
    assert.equal(outcome!.code, 'unknown_ref')
  })
})

test('post_many takes operations of several timebanks in a transaction that belongs to none, each in its own books', async () => {
  const [a, b] = [await makeBooks(database, [{}, { floorHard: 0 }]), await makeBooks(database, [{}, {}])]
  const same = newId()
  const { rows } = await database.pool.query(
    `SELECT code, debit_account AS debit, debit_balance AS balance
       FROM ledger.post_many($1, $2, $3, '{1,1,1,1}', '{3,3,4,4}', '{4,4,3,3}', '{10,20,30,40}', '{1,1,1,1}', $4,
                             '{NULL,NULL,NULL,NULL}', $5, '{1,1,1,1}', '{false,false,false,false}',
                             '{2,2,2,2}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}', false, false)`,
    [
      [b, a, a, b].map(({ timebankId }) => timebankId),
      [null, null, null, null],
      // the same id in two timebanks is two ids, and the same group two groups
      [same, same, newId(), newId()],
      [day, day, day, day],
      [null, null, same, same]
    ]
  )
  assert.deepEqual(rows, [
    { code: 0, debit: 3, balance: -10 },
    { code: 0, debit: 3, balance: -20 },
    { code: 12, debit: 4, balance: null },
    { code: 0, debit: 4, balance: -30 }
  ])
  for (const { work } of [a, b]) assert.deepEqual(await work(verifyBooks), [])
  assert.deepEqual(
    [...(await a.work((tx) => getAccounts(tx, [3, 4]))).values()].map(({ id, balance }) => [id, balance]).sort(),
    [
      [3, -20],
      [4, 20]
    ]
  )
})

test('who acted is kept, and nothing else about anybody', async () => {
  const personId = newId()
  const moved = transfer(3, 4, 5)
  await books.work((tx) => post(tx, moved), { ...systemActor, personId })
  const { rows } = await books.work((tx) =>
    tx.client.query('SELECT actor FROM ledger.transfers WHERE id = $1', [moved.id])
  )
  assert.deepEqual(rows, [{ actor: personId }])
  // who repeats it is not who did it, and the repeat is a repeat all the same
  assert.equal((await books.work((tx) => post(tx, moved), { ...systemActor, personId: newId() })).code, 'replayed')
})

test('reading works in a transaction that cannot write, and posting does not', async () => {
  await inTimebank(
    database,
    books.timebankId,
    systemActor,
    async (tx) => {
      await statement(tx, 3, { limit: 1 })
      await trialBalance(tx)
      await verifyBooks(tx)
      await assert.rejects(post(tx, transfer(3, 4, 1)), { code: '25006' })
    },
    { readOnly: true }
  )
})

test('the owner of the tables stands above all that: what verify is for', async () => {
  const owner = asOwner(database.url)
  try {
    const { rowCount } = await owner.pool.query('UPDATE ledger.accounts SET version = version WHERE timebank_id = $1', [
      books.timebankId
    ])
    assert.equal(rowCount, 4)
  } finally {
    await owner.close()
  }
})
