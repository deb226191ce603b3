import assert from 'node:assert/strict'
import type { Database } from '../../../src/db/client.ts'
import { runJobsOnce } from '../../../src/jobs.ts'
import {
  acceptAgreement,
  clearingTasks,
  listPairs,
  type Pair,
  proposeAgreement
} from '../../../src/modules/clearing/index.ts'
import { type ClearingTransfer, sendTransfer } from '../../../src/modules/clearing/transfers.ts'
import { getAccount, trialBalance } from '../../../src/modules/ledger/index.ts'
import type { Membership } from '../../../src/modules/members/index.ts'
import { newId } from '../../../src/shared/ids.ts'
import { type House, makeHouse } from '../members/house.ts'

export type Pool = Database & { url: string }

export type Town = House & { slug: string; ann: Membership; bev: Membership }

/** A timebank with two members beside its founder. */
export async function makeTown(name: string, pool?: Pool): Promise<Town> {
  const house = await makeHouse(name, pool)
  const slug = `t${house.timebankId.slice(-12)}`
  return { ...house, slug, ann: await house.member('Ann'), bev: await house.member('Bev') }
}

/** Works through the queue, as the service does; nothing may fail. */
export async function runJobs(pool: Pool): Promise<number> {
  const { done, failed } = await runJobsOnce({ ownerUrl: pool.url, tasks: clearingTasks(pool) })
  assert.deepEqual(failed, [])
  return done
}

/** An agreement in force, known to both. */
export async function agree(a: Town, b: Town, limits = { owing: 600, owed: 600 }): Promise<void> {
  await a.asFounder((tx) => proposeAgreement(tx, b.slug, limits, 'neighbours'))
  await runJobs(a.database)
  await b.asFounder((tx) => acceptAgreement(tx, a.slug, {}, 'gladly'))
  await runJobs(a.database)
}

/** `from` gives to a member of another timebank; jobs have not run yet. */
export const send = (
  town: Town,
  from: Membership,
  other: Town,
  to: Membership | number,
  minutes: number,
  more: { id?: string; performedOn?: string } = {}
): Promise<ClearingTransfer> =>
  town.as(from, (tx) =>
    sendTransfer(tx, {
      id: newId(),
      to: { timebank: other.slug, memberNumber: typeof to === 'number' ? to : to.number },
      minutes,
      ...more
    })
  )

export const balanceOf = (town: Town, account: number): Promise<number> =>
  town.asService(async (tx) => (await getAccount(tx, account)).balance)

export async function pairOf(a: Town, b: Town): Promise<Pair> {
  const pairs = await listPairs(a.database, null, 200)
  const ids = new Set([a.timebankId, b.timebankId])
  return pairs.find(({ timebank, partner }) => ids.has(timebank.id) && ids.has(partner.id))!
}

/** What the first timebank owes the second, by the first one's books. */
export async function owes(a: Town, b: Town): Promise<number> {
  const { timebank, partner } = await pairOf(a, b)
  return timebank.id === a.timebankId ? timebank.balance : partner.balance
}

/** Sums, holds and journal of a timebank, and the agreement of all pairs. */
export async function refuseUnsound(...towns: Town[]): Promise<void> {
  for (const town of towns) {
    assert.deepEqual(await town.faults(), [])
    const { sum } = await town.asService(trialBalance)
    assert.deepEqual([sum.balance, sum.heldIn - sum.heldOut], [0, 0])
  }
  for (const pair of await listPairs(towns[0]!.database, null, 1000)) assert.ok(pair.agrees, JSON.stringify(pair))
}
