import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { connect, inTimebank } from '../../../src/db/client.ts'
import { getBudget } from '../../../src/modules/budgets/index.ts'
import { propose as proposeExchange } from '../../../src/modules/exchanges/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { ok, refused } from '../../support/app.ts'
import { seedOf } from '../ledger/support.ts'
import { type Client, type Figures, type Fund, makeFund, today, whole } from './support.ts'

let fund: Fund
let ann: Client
let givers: Client[]

before(async () => {
  fund = await makeFund('budget-figures')
  await fund.change({ granularityMinutes: 1 })
  ann = await fund.member({ name: 'Ann' })
  givers = await Promise.all(['Bev', 'Cai', 'Dai', 'Eve'].map((name) => fund.member({ name })))
})
after(() => fund?.stage.close())

const asked = (giver: Client, budgetId: string, minutes: number) => ({
  provider: { capacity: 'citizen' as const, memberId: giver.memberId },
  receiver: { capacity: 'citizen' as const, memberId: ann.memberId },
  ...{ categoryId: fund.category, description: '', minutes, budgetId }
})
const propose = async (giver: Client, budgetId: string, minutes: number): Promise<string> =>
  ok(await ann.post('exchanges', fund.between(giver, ann, { minutes, budgetId })), 201).id

test('of 200 who commit at once as many succeed as there is room for, and the figures agree all along', async () => {
  const budgetId = await fund.funded(ann, 600)
  const giverOf = (i: number) => givers[i % givers.length]!
  // in one transaction: it is the agreements that are to come at once
  const proposed = await fund.as(ann, async (tx) => {
    const ids: string[] = []
    for (let i = 0; i < 200; i += 1) ids.push((await proposeExchange(tx, asked(giverOf(i), budgetId, 15))).id)
    return ids
  })
  // over a connection of its own, so that it does not wait its turn behind them
  const beside = connect({ url: fund.stage.ownerUrl, max: 1 })
  const { timebankId } = ok(await ann.get('/v1/me')).memberships[0]
  const read: Figures[] = []
  let going = true
  const reading = (async () => {
    while (going)
      await inTimebank(beside, timebankId, systemActor, async (tx) => {
        read.push(whole((await getBudget(tx, budgetId)).figures))
      })
  })()
  const answers = await Promise.all(proposed.map((id, i) => giverOf(i).post(`exchanges/${id}/agreement`, {})))
  going = false
  await reading
  await beside.close()
  assert.equal(answers.filter(({ status }) => status === 200).length, 40)
  const others = answers.filter(({ status }) => status !== 200)
  assert.equal(others.length, 160)
  for (const answer of others) refused(answer, 422, 'budget-exhausted')
  assert.ok(
    read.some(({ committed }) => committed > 0 && committed < 600),
    'the figures were read while it went on'
  )
  assert.deepEqual(await fund.figures(budgetId), {
    allocated: 600,
    spent: 0,
    committed: 600,
    returned: 0,
    available: 0
  })
  await fund.sound()
})

test('commits, settlements, returns and the end at once leave a budget whose figures agree', async () => {
  const budgetId = await fund.funded(ann, 300)
  const proposed = await Promise.all(givers.map((giver) => propose(giver, budgetId, 60)))
  const [one, two, ...rest] = proposed
  ok(await givers[0]!.post(`exchanges/${one}/agreement`, {}))
  ok(await givers[1]!.post(`exchanges/${two}/agreement`, {}))
  ok(await givers[0]!.post(`exchanges/${one}/report`, { minutes: 45, performedOn: today }))
  const answers = await Promise.all([
    ann.post(`exchanges/${one}/confirmation`, {}),
    fund.officer.post(`budgets/${budgetId}/end`, {}),
    ...rest.map((id, i) => givers[i + 2]!.post(`exchanges/${id}/agreement`, {})),
    ann.post(`exchanges/${two}/cancellation`, {}),
    fund.officer.post(`budgets/${budgetId}/returns`, { minutes: 30 })
  ])
  assert.ok(
    answers.every(({ status }) => status < 500),
    answers.map(({ text }) => text).join('\n')
  )
  assert.deepEqual([answers[0]!.status, answers[1]!.status], [200, 200])
  assert.equal((await fund.figures(budgetId)).spent, 45)
  await fund.sound()
})

type Model = Figures & { committedTo: Map<string, number>; settled: Map<string, number> }
type Step = (m: Model, pick: number, minutes: number) => Promise<void>

/** What each step does to the figures where it can be done; where not, it is refused and does nothing. */
const stepsOn = (budgetId: string): Record<string, Step> => {
  const chosen = (from: Map<string, number>, pick: number) => [...from][pick % Math.max(from.size, 1)]
  const settle = async (m: Model, id: string, held: number, minutes: number): Promise<void> => {
    ok(await givers[0]!.post(`exchanges/${id}/report`, { minutes, performedOn: today }))
    const fits = minutes <= held + m.available
    const answer = await ann.post(`exchanges/${id}/confirmation`, {})
    if (!fits) return void refused(answer, 422, 'budget-exhausted')
    ok(answer)
    m.committedTo.delete(id)
    m.settled.set(id, minutes)
    m.committed -= held
    m.spent += minutes
    m.available += held - minutes
  }
  return {
    allocate: async (m, _, minutes) => {
      ok(await fund.officer.post(`budgets/${budgetId}/allocations`, { minutes }))
      m.allocated += minutes
      m.available += minutes
    },
    commit: async (m, _, minutes) => {
      const id = await propose(givers[0]!, budgetId, minutes)
      const answer = await givers[0]!.post(`exchanges/${id}/agreement`, {})
      if (minutes > m.available) return void refused(answer, 422, 'budget-exhausted')
      ok(answer)
      m.committedTo.set(id, minutes)
      m.committed += minutes
      m.available -= minutes
    },
    settleAll: async (m, pick) => {
      const [id, held] = chosen(m.committedTo, pick) ?? []
      if (id) await settle(m, id, held!, held!)
    },
    settleLess: async (m, pick, minutes) => {
      const [id, held] = chosen(m.committedTo, pick) ?? []
      if (id) await settle(m, id, held!, Math.max(1, held! - minutes))
    },
    settleMore: async (m, pick, minutes) => {
      const [id, held] = chosen(m.committedTo, pick) ?? []
      if (!id || held! + minutes > held! + m.available) return
      await settle(m, id, held!, held! + minutes)
    },
    release: async (m, pick) => {
      const [id, held] = chosen(m.committedTo, pick) ?? []
      if (!id) return
      ok(await ann.post(`exchanges/${id}/cancellation`, {}))
      m.committedTo.delete(id)
      m.committed -= held!
      m.available += held!
    },
    giveBack: async (m, _, minutes) => {
      const answer = await fund.officer.post(`budgets/${budgetId}/returns`, { minutes })
      if (minutes > m.available) return void refused(answer, 422, 'budget-exhausted')
      ok(answer)
      m.returned += minutes
      m.available -= minutes
    },
    reverse: async (m, pick) => {
      const [id, minutes] = chosen(m.settled, pick) ?? []
      if (!id) return
      ok(await fund.broker.post(`exchanges/${id}/reversal`, { reason: 'It was a mistake' }))
      m.settled.delete(id)
      m.spent -= minutes!
      m.available += minutes!
    }
  }
}

test('whatever is allocated, committed, settled, released, returned and reversed, the figures are what the steps say', async () => {
  const names = Object.keys(stepsOn(''))
  const walk = fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(50), fc.integer({ min: 1, max: 200 })), {
    minLength: 8,
    maxLength: 16
  })
  await fc.assert(
    fc.asyncProperty(walk, async (taken) => {
      const budgetId = await fund.funded(ann, 250)
      const steps = stepsOn(budgetId)
      const m: Model = {
        ...{ allocated: 250, spent: 0, committed: 0, returned: 0, available: 250 },
        ...{ committedTo: new Map(), settled: new Map() }
      }
      for (const [name, pick, minutes] of taken) {
        await steps[name]!(m, pick, minutes)
        const { committedTo: _committedTo, settled: _settled, ...expected } = m
        assert.deepEqual(await fund.figures(budgetId), whole(expected), name)
      }
      const { items } = ok(await ann.get(`budgets/${budgetId}/statement?limit=200`))
      assert.deepEqual([items[0].available, items[0].committed], [m.available, m.committed])
    }),
    { numRuns: 6, seed: seedOf('budget figures') }
  )
  await fund.sound()
})
