import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { postAll, verifyBooks } from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { asOwner, follow, hold, makeBooks, transfer } from './support.ts'

const database = await makePool('ledger verify')
const owner = asOwner(database.url)
after(async () => {
  await owner.close()
  await database.close()
})

const books = await makeBooks(database, [{ floorSoft: -600 }, {}, {}])
const [first, second, third] = [transfer(3, 4, 60), transfer(4, 5, 30), transfer(5, 3, 10)]
const [settled, released, open] = [hold(3, 4, 40), hold(3, 5, 20), hold(4, 5, 15)]
const [settlement, release, reversal] = [
  follow('settle', settled, { minutes: 25 }),
  follow('release', released),
  follow('reverse', second)
]
await books.work((tx) => postAll(tx, [first, second, third, settled, released, open]))
await books.work((tx) => postAll(tx, [settlement, release, reversal]))
// another timebank must neither help nor disturb
const others = await makeBooks(database, [{}, {}])
await others.work((tx) => postAll(tx, [transfer(3, 4, 7), hold(4, 3, 1)]))

const q = (id: string) => `'${id}'`
const rowOf = (more: Record<string, string | number>) => {
  const row: Record<string, string | number> = {
    timebank_id: q(books.timebankId),
    id: q(newId()),
    recorded_at: 'now()',
    fingerprint: 1,
    debit_balance: -1,
    credit_balance: 1,
    debit_account: 3,
    credit_account: 4,
    debit_version: 900,
    credit_version: 900,
    minutes: 1,
    performed_on: 'current_date',
    operation: 1,
    kind: 1,
    flags: 0,
    ...more
  }
  return `INSERT INTO ledger.transfers (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).join(', ')})`
}

/** What an owner could do to the books, and what verify says of it. */
const tamperings: [what: string, sql: string, problems: string[]][] = [
  [
    'minutes of a transfer',
    `UPDATE ledger.transfers SET minutes = minutes + 1 WHERE id = ${q(first.id)}`,
    ['account_row', 'balance_chain']
  ],
  [
    'minutes of an open hold',
    `UPDATE ledger.transfers SET minutes = minutes + 1 WHERE id = ${q(open.id)}`,
    ['account_row']
  ],
  [
    'minutes of a settled hold',
    `UPDATE ledger.transfers SET minutes = minutes - 20 WHERE id = ${q(settled.id)}`,
    ['broken_ref']
  ],
  [
    'a balance in the journal',
    `UPDATE ledger.transfers SET debit_balance = debit_balance - 1 WHERE id = ${q(second.id)}`,
    ['balance_chain']
  ],
  [
    'the credited balance in the journal',
    `UPDATE ledger.transfers SET credit_balance = 0 WHERE id = ${q(second.id)}`,
    ['balance_chain']
  ],
  [
    'a transfer deleted',
    `DELETE FROM ledger.transfers WHERE id = ${q(first.id)}`,
    ['account_row', 'balance_chain', 'version_gap']
  ],
  ['the last transfer of all deleted', `DELETE FROM ledger.transfers WHERE id = ${q(reversal.id)}`, ['account_row']],
  [
    'a hold deleted that was settled',
    `DELETE FROM ledger.transfers WHERE id = ${q(settled.id)}`,
    ['account_row', 'broken_ref', 'version_gap']
  ],
  ['a transfer slipped in', rowOf({}), ['account_row', 'balance_chain', 'version_gap']],
  [
    'a transfer slipped in with fitting versions and balances',
    rowOf({ debit_account: 1, credit_account: 2, debit_version: 1, credit_version: 1 }),
    ['account_row']
  ],
  [
    'a transfer that names an account that is not there',
    rowOf({ credit_account: 99, debit_account: 98, debit_version: 1, credit_version: 1 }),
    ['missing_account']
  ],
  [
    'a side moved to another account',
    `UPDATE ledger.transfers SET credit_account = 1 WHERE id = ${q(first.id)}`,
    ['account_row', 'balance_chain', 'version_gap']
  ],
  [
    'the sides of a transfer swapped',
    `UPDATE ledger.transfers SET debit_account = credit_account, credit_account = debit_account, debit_version = credit_version, credit_version = debit_version WHERE id = ${q(third.id)}`,
    ['account_row', 'balance_chain']
  ],
  [
    'a hold made a transfer',
    `UPDATE ledger.transfers SET operation = 1 WHERE id = ${q(open.id)}`,
    ['account_row', 'balance_chain']
  ],
  [
    'a settlement made a release',
    `UPDATE ledger.transfers SET operation = 4 WHERE id = ${q(settlement.id)}`,
    ['account_row', 'balance_chain', 'broken_ref']
  ],
  [
    'a reference to nothing',
    `UPDATE ledger.transfers SET ref = ${q(newId())} WHERE id = ${q(reversal.id)}`,
    ['broken_ref']
  ],
  [
    'a settlement of a transfer',
    `UPDATE ledger.transfers SET ref = ${q(first.id)} WHERE id = ${q(settlement.id)}`,
    ['account_row', 'broken_ref']
  ],
  [
    'a release of another hold',
    `UPDATE ledger.transfers SET ref = ${q(open.id)} WHERE id = ${q(release.id)}`,
    ['broken_ref']
  ],
  [
    'a reversal of another transfer',
    `UPDATE ledger.transfers SET ref = ${q(third.id)} WHERE id = ${q(reversal.id)}`,
    ['broken_ref']
  ],
  [
    'the minutes of a reversal',
    `UPDATE ledger.transfers SET minutes = minutes + 1 WHERE id = ${q(reversal.id)}`,
    ['account_row', 'balance_chain', 'broken_ref']
  ],
  [
    'a hold after its settlement',
    `UPDATE ledger.transfers SET debit_version = debit_version + 90, credit_version = credit_version + 90 WHERE id = ${q(settled.id)}`,
    ['balance_chain', 'broken_ref', 'version_gap']
  ],
  [
    'a transfer after its reversal',
    `UPDATE ledger.transfers SET debit_version = debit_version + 90, credit_version = credit_version + 90 WHERE id = ${q(second.id)}`,
    ['balance_chain', 'broken_ref', 'version_gap']
  ],
  [
    'a balance in the account',
    'UPDATE ledger.accounts SET credits = credits + 60 WHERE id = 3',
    ['account_row', 'sum_of_balances']
  ],
  [
    'two balances that add up',
    'UPDATE ledger.accounts SET debits = debits + 60, credits = credits + 60 WHERE id IN (3, 4)',
    ['account_row']
  ],
  [
    'a hold in the account',
    'UPDATE ledger.accounts SET held_out = held_out + 5 WHERE id = 3',
    ['account_row', 'sum_of_holds']
  ],
  ['a version in the account', 'UPDATE ledger.accounts SET version = version + 1 WHERE id = 3', ['account_row']],
  [
    'an account deleted',
    `SET LOCAL session_replication_role = replica; DELETE FROM ledger.accounts WHERE id = 3`,
    ['account_numbers', 'missing_account', 'sum_of_balances']
  ],
  [
    'an account slipped in',
    `INSERT INTO ledger.accounts (timebank_id, id, kind) VALUES (${q(books.timebankId)}, 40, 'member')`,
    ['account_numbers', 'limits']
  ],
  ['the next number of the books', 'UPDATE ledger.books SET next_account_id = 3', ['account_numbers']],
  ['a limit beside set_limits', 'UPDATE ledger.accounts SET floor_hard = -6000 WHERE id = 3', ['limits']],
  ['a status beside set_status', `UPDATE ledger.accounts SET status = 'closed' WHERE id = 3`, ['limits']]
]

describe('verify', () => {
  test('finds nothing in sound books', async () => {
    assert.deepEqual(await books.work(verifyBooks), [])
    assert.deepEqual(await others.work(verifyBooks), [])
  })

  for (const [what, sql, problems] of tamperings) {
    test(`finds ${what}`, async () => {
      const undone = new Error('undone')
      await assert.rejects(
        inTimebank(owner, books.timebankId, systemActor, async (tx) => {
          const before = await verifyBooks(tx)
          assert.deepEqual(before, [])
          await tx.client.query(sql.replaceAll(' WHERE id', ` WHERE timebank_id = ${q(books.timebankId)} AND id`))
          const found = await verifyBooks(tx)
          assert.deepEqual([...new Set(found.map(({ problem }) => problem))].sort(), problems)
          for (const { detail } of found) assert.ok(detail.length > 0)
          throw undone
        }),
        undone
      )
    })
  }

  test('names the first line at fault', async () => {
    const undone = new Error('undone')
    await assert.rejects(
      inTimebank(owner, books.timebankId, systemActor, async (tx) => {
        await tx.client.query('UPDATE ledger.transfers SET debit_balance = 5 WHERE timebank_id = $1 AND id = $2', [
          books.timebankId,
          second.id
        ])
        const [problem] = await verifyBooks(tx)
        assert.deepEqual([problem!.account, problem!.transfer], [4, second.id])
        throw undone
      }),
      undone
    )
  })
})
