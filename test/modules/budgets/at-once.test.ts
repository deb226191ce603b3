import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { changeHolder } from '../../../src/modules/budgets/proposing.ts'
import { ok, refused } from '../../support/app.ts'
import { type Client, type Fund, makeFund, today } from './support.ts'

let fund: Fund
let ann: Client
let bev: Client

before(async () => {
  fund = await makeFund('budgets-at-once')
  ann = await fund.member({ name: 'Ann' })
  bev = await fund.member({ name: 'Bev' })
})
after(() => fund?.stage.close())

test('who holds a budget no longer, when what they agree to comes to be paid from it, says nothing for it', async () => {
  const { broker, between, figures } = fund
  const [old, next] = [await fund.member({ name: 'Old' }), await fund.member({ name: 'Next' })]
  const id = await fund.funded(ann, 120)
  const held = async (by: Client) => {
    const { rowVersion } = ok(await ann.get(`budgets/${id}`))
    const holder = { mode: 'nominated_person', memberId: by.memberId }
    return ok(await ann.put(`budgets/${id}/holder`, holder, { 'if-match': `"${rowVersion}"` }))
  }
  const { rowVersion } = await held(old)
  const exchange = ok(await bev.post('exchanges', between(bev, ann)), 201).id
  // the holder is another one, and that is not committed yet
  let asked: Promise<{ status: number; text: string; body: { code: string } }> | undefined
  await fund.as(
    broker,
    async (tx) => {
      await changeHolder(tx, id, { mode: 'nominated_person', memberId: next.memberId }, rowVersion)
      asked = old.post(`exchanges/${exchange}/budget`, { budgetId: id })
      await new Promise((resolve) => setTimeout(resolve, 300))
    },
    ['member', 'broker']
  )
  const answer = await asked!
  assert.ok([403, 404].includes(answer.status), answer.text)
  assert.equal((await figures(id)).committed, 0)
})

test('a broker of the funder does not spend more from a budget by a correction than who holds it has agreed to', async () => {
  const { between, figures, admin } = fund
  const id = await fund.funded(ann, 240)
  const paid = async () =>
    ok(
      await fund.broker.post('exchanges/records', between(bev, ann, { minutes: 60, budgetId: id, performedOn: today })),
      201
    ).id
  const biased = await fund.member({ name: 'Bias', roles: ['broker'] })
  await fund.acting(biased, fund.funder.id)
  const decide = (by: Client, exchange: string, minutes: number) =>
    by.post(`exchanges/${exchange}/decision`, { decision: 'correct', reason: 'It was otherwise', minutes })
  const one = await paid()
  refused(await decide(biased, one, 90), 403, 'budget-word-needed')
  // what was agreed to already covers what is less
  const less = ok(await decide(biased, one, 45)).correctedByExchangeId
  assert.equal((await figures(id)).spent, 45)
  refused(await decide(biased, less, 90), 403, 'budget-word-needed')
  ok(await decide(admin, less, 90))
  assert.deepEqual(await figures(id), { allocated: 240, spent: 90, committed: 0, returned: 0, available: 150 })
})

test('a correction to more and the end of the budget at once end in one of their orders', async () => {
  const { between, figures, broker, officer } = fund
  for (let round = 0; round < 5; round += 1) {
    const id = await fund.funded(ann, 120)
    const body = between(bev, ann, { minutes: 60, budgetId: id, performedOn: today })
    const exchange = ok(await broker.post('exchanges/records', body), 201).id
    const [ended, corrected] = await Promise.all([
      officer.post(`budgets/${id}/end`, {}),
      broker.post(`exchanges/${exchange}/decision`, { decision: 'correct', reason: 'It was longer', minutes: 90 })
    ])
    ok(ended)
    assert.ok([200, 409, 422].includes(corrected.status), corrected.text)
    const spent = corrected.status === 200 ? 90 : 60
    assert.deepEqual(await figures(id), { allocated: 120, spent, committed: 0, returned: 120 - spent, available: 0 })
  }
})
