import assert from 'node:assert/strict'
import { test } from 'node:test'
import { campaign } from '../../crash/campaign.ts'
import { compare, type There, type ToldSoFar } from '../../crash/check.ts'
import { fromSources } from '../support/process.ts'

test('kill -9 of database and of both, and cut connections, under load: nothing acknowledged is lost, nothing is there twice', {
  timeout: 240_000
}, async () => {
  const rounds = await campaign({
    rounds: ['database', 'both', 'database cut'],
    program: fromSources,
    clients: { processes: 1, flows: 12 }
  })
  assert.equal(rounds.length, 3)
  for (const { fault, acknowledged, seconds, details, ...findings } of rounds) {
    assert.deepEqual(findings, { lost: 0, doubled: 0, wrongBalances: 0, sum: 0, sound: true }, details.join('\n'))
    assert.ok(acknowledged > 0, fault)
    assert.ok(seconds !== null, `no success within a minute after: ${fault}`)
  }
})

test('the comparison sees a loss, a double, a changed transfer, a refusal that was posted and a wrong balance', () => {
  const transfer = (id: string) => ({ id, debit: 3, credit: 4, minutes: 15 })
  const told = (): ToldSoFar => ({
    transfers: new Map([['a', { what: 'transfer' as const, ...transfer('a') }]]),
    exchanges: new Map([['x', { what: 'exchange' as const, status: 'settled', ...transfer('x') }]]),
    refusals: new Set(['r'])
  })
  const there = (): There => ({
    transfers: [transfer('a'), transfer('t')],
    exchanges: [{ id: 'x', status: 'settled', transfer: 't', reversal: null }],
    balances: new Map([
      [3, -30],
      [4, 30]
    ])
  })
  const find = (change: (books: There) => void) => {
    const books = there()
    change(books)
    const { details: _, ...found } = compare(books, told())
    return found
  }
  const clean = { lost: 0, doubled: 0, wrongBalances: 0 }
  assert.deepEqual(
    find(() => {}),
    clean
  )
  assert.deepEqual(
    find(({ transfers }) => transfers.shift()),
    { ...clean, lost: 1 }
  )
  assert.deepEqual(
    find(({ transfers }) => transfers.push(transfer('again'))),
    { ...clean, doubled: 1 }
  )
  // gone as it was told, and another one in its place
  assert.deepEqual(
    find(({ transfers }) => {
      transfers[0] = { ...transfer('a'), minutes: 16 }
    }),
    { ...clean, lost: 1, doubled: 1 }
  )
  assert.deepEqual(
    find(({ transfers }) => transfers.push(transfer('r'))),
    { ...clean, doubled: 1 }
  )
  assert.deepEqual(
    find(({ exchanges }) => {
      exchanges[0]!.status = 'reported'
    }),
    { lost: 1, doubled: 1, wrongBalances: 2 }
  )
  assert.deepEqual(
    find(({ balances }) => balances.set(4, 45)),
    { ...clean, wrongBalances: 1 }
  )
})
