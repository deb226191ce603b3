import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import {
  makePostingQueue,
  type Operation,
  type Outcome,
  openAccounts,
  trialBalance,
  tryPost,
  verifyBooks
} from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { newId } from '../../../src/shared/ids.ts'
import { addMember, type Client, makeStage, ok, type Stage, setUp } from '../../support/app.ts'
import { submitter } from '../ledger/queues.ts'
import { follow, hold, mulberry, seedOf, sizeOf, transfer } from '../ledger/support.ts'

let stage: Stage
after(() => stage.close())

/** A snapshot of the timebank in one statement: all balances, all holds, and the whole journal. */
const sums = `
  SELECT sum(a.credits - a.debits)::int AS balances, (sum(a.held_in) - sum(a.held_out))::int AS holds,
         (SELECT coalesce(sum(e.delta), 0)::int FROM ledger.entries e WHERE e.timebank_id = $1) AS journal,
         sum(a.version)::int AS versions
    FROM ledger.accounts a WHERE a.timebank_id = $1`

test('16 writers and 4 readers: every read of the timebank adds up to 0', { timeout: 600_000 }, async () => {
  stage = await makeStage('bank')
  const admin = await setUp(stage)
  const timebankId: string = ok(await admin.get(`/v1/timebanks/${admin.timebank}`)).id
  const givers: Client[] = [await addMember(stage, admin), await addMember(stage, admin)]
  const work = <T>(inside: (tx: Tx) => Promise<T>): Promise<T> =>
    inTimebank(stage.database, timebankId, systemActor, inside)
  const limits = { floorSoft: -100, floorHard: -600, ceilingSoft: 100, ceilingHard: 600 }
  const accounts = await work((tx) =>
    openAccounts(
      tx,
      Array.from({ length: 20 }, () => ({ kind: 'member' as const, limits })),
      'test'
    )
  )
  const queue = makePostingQueue(stage.database)
  const submit = submitter(queue, { timebankId })
  const seed = seedOf('bank')
  const end = Date.now() + 1000 * sizeOf('BANK_SECONDS', 4)
  const written: Record<string, number> = { queue: 0, batch: 0, group: 0, http: 0 }
  const read: Record<string, number> = { snapshot: 0, http: 0, trial: 0 }
  const versions = new Set<number>()

  async function write(writer: number): Promise<void> {
    const random = mulberry(seed + writer)
    const pick = (n: number) => Math.floor(random() * n)
    const open: Operation[] = []
    const any = (more: { groupId?: string } = {}): Operation => {
      const debit = pick(20)
      const [from, to] = [accounts[debit]!, accounts[(debit + 1 + pick(19)) % 20]!]
      const held = pick(4) === 0 ? open.pop() : undefined
      if (held) return follow(pick(2) ? 'settle' : 'release', held)
      return pick(3) ? transfer(from, to, 1 + pick(60), more) : hold(from, to, 1 + pick(60), more)
    }
    const way = ['queue', 'batch', 'group', 'http'][writer % 4]!
    while (Date.now() < end) {
      if (way === 'http') {
        const [giver, to] = writer % 8 < 4 ? [givers[0]!, givers[1]!] : [givers[1]!, givers[0]!]
        const { status } = await giver.post('gifts', { to: { memberId: to.memberId }, minutes: 1 + pick(30) })
        assert.ok(status === 201 || status === 422, `${status}`)
        if (status === 201) written['http']! += 1
        continue
      }
      const groupId = newId()
      const operations = Array.from({ length: 1 + pick(10) }, () => any(way === 'group' ? { groupId } : {}))
      const outcomes: Outcome[] =
        way === 'queue' ? await Promise.all(operations.map(submit)) : await work((tx) => tryPost(tx, operations))
      for (const [i, { code }] of outcomes.entries()) {
        if (code !== 'posted') continue
        written[way]! += 1
        if (operations[i]!.operation === 'hold') open.push(operations[i]!)
      }
    }
  }

  async function look(reader: number): Promise<void> {
    while (Date.now() < end) {
      if (reader === 0) {
        const { sum } = ok(await admin.get('trial-balance'))
        assert.equal(sum.balanceMinutes, 0)
        read['http']! += 1
      } else if (reader === 1) {
        const { sum } = await work(trialBalance)
        assert.deepEqual([sum.balance, sum.credits - sum.debits, sum.heldIn - sum.heldOut], [0, 0, 0])
        read['trial']! += 1
      } else {
        const { rows } = await work((tx) => tx.client.query(sums, [timebankId]))
        const { versions: sumOfVersions, ...rest } = rows[0]
        assert.deepEqual(rest, { balances: 0, holds: 0, journal: 0 })
        versions.add(sumOfVersions)
        read['snapshot']! += 1
      }
    }
  }

  await Promise.all([
    ...Array.from({ length: 16 }, (_, writer) => write(writer)),
    ...Array.from({ length: 4 }, (_, reader) => look(reader))
  ])
  await queue.drained()
  console.log('bank: written', written, 'read', read)
  assert.ok(Object.values(written).every((count) => count > 0) && Object.values(read).every((count) => count > 0))
  // the readers have seen the books in motion
  assert.ok(versions.size > 3)
  assert.deepEqual(await work(verifyBooks), [])
})
