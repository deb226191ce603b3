import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { beginAgreed, reportAgreed } from '../../../src/modules/exchanges/index.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { ok } from '../../support/app.ts'
import { type Client, type House, makeHouse, performedOn } from './support.ts'

let house: House
let ann: Client
let bev: Client
let cai: Client

before(async () => {
  house = await makeHouse('agreed')
  ann = await house.member({ name: 'Ann' })
  bev = await house.member({ name: 'Bev' })
  cai = await house.member({ name: 'Cai' })
})
after(() => house.stage.close())

const input = (more: Record<string, unknown> = {}) => ({
  ...house.between(ann, bev, more),
  provider: { capacity: 'citizen' as const, memberId: ann.memberId },
  receiver: { capacity: 'citizen' as const, memberId: bev.memberId },
  description: ''
})

const code = (expected: string) => (error: unknown) => error instanceof DomainError && error.code === expected

test('what was agreed to elsewhere begins as agreed, whoever acts, and both sides are told', async () => {
  const { id } = await house.as(cai, (tx) => beginAgreed(tx, input()))
  const seen = ok(await ann.get(`exchanges/${id}`))
  assert.deepEqual([seen.status, seen.proposedBy, seen.agreedMinutes], ['agreed', 'broker', 60])
  assert.ok(seen.agreedAt)
  for (const side of [ann, bev]) {
    const { items } = ok(await side.get('notices'))
    assert.ok(
      items.some((x: { kind: string; subjectId: string }) => x.kind === 'exchange.agreed' && x.subjectId === id)
    )
  }
  ok(await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn }))
  assert.equal(ok(await bev.post(`exchanges/${id}/confirmation`)).status, 'settled')
})

test('where a broker has to look at it, it waits for them, unless they have before', async () => {
  const risky = ok(await house.admin.post('categories', { name: 'Roofs', slug: 'roofs', risk: 'high' }), 201)
  const more = { categoryId: risky.id }
  const waiting = await house.as(cai, (tx) => beginAgreed(tx, input(more)))
  assert.equal(waiting.status, 'awaiting_risk')
  const approved = await house.as(cai, (tx) => beginAgreed(tx, { ...input(more), approvedMinutes: 60 }))
  assert.equal(approved.status, 'agreed')
})

test('its minutes are set aside where the policy says so, and given back when it is called off', async () => {
  await house.change({ holdAtAgreement: true })
  try {
    const { id } = await house.as(cai, (tx) => beginAgreed(tx, input({ minutes: 70 })))
    assert.equal((await house.account(bev)).heldOutMinutes, 75)
    ok(await ann.post(`exchanges/${id}/cancellation`, {}))
    assert.equal((await house.account(bev)).heldOutMinutes, 0)
  } finally {
    await house.change({ holdAtAgreement: false })
  }
})

test('a limit that refuses the hold is not told to who is no side', async () => {
  await house.change({ holdAtAgreement: true })
  try {
    await assert.rejects(
      house.as(cai, (tx) => beginAgreed(tx, input({ minutes: 6000 }))),
      (error) => code('below-floor')(error) && Object.keys((error as DomainError).figures).length === 0
    )
  } finally {
    await house.change({ holdAtAgreement: false })
  }
})

test('a date of what was agreed before is reported by a side and confirmed by the other', async () => {
  const about = { ...input(), performedOn, agreedMinutes: 90 }
  const { id } = await house.as(ann, (tx) => reportAgreed(tx, about))
  const seen = ok(await bev.get(`exchanges/${id}`))
  assert.deepEqual(
    [seen.status, seen.reportedBy, seen.agreedMinutes, seen.serviceMinutes],
    ['reported', 'provider', 90, 60]
  )
  assert.equal(ok(await bev.post(`exchanges/${id}/confirmation`)).status, 'settled')
  await assert.rejects(
    house.as(cai, (tx) => reportAgreed(tx, about)),
    code('forbidden')
  )
  const future = { ...about, performedOn: '2099-01-01' }
  await assert.rejects(
    house.as(ann, (tx) => reportAgreed(tx, future)),
    code('future-service-date')
  )
})

test('where nobody confirms, it settles at once up to what was agreed, not beyond', async () => {
  await house.change({ whoConfirms: 'nobody' })
  try {
    const before = await house.balanceOf(ann)
    const about = { ...input(), performedOn }
    const within = await house.as(ann, (tx) => reportAgreed(tx, { ...about, agreedMinutes: 60 }))
    const beyond = await house.as(ann, (tx) => reportAgreed(tx, { ...about, agreedMinutes: 45 }))
    assert.deepEqual([within.status, beyond.status], ['settled', 'reported'])
    assert.equal(await house.balanceOf(ann), before + 60)
    await house.sound()
  } finally {
    await house.change({ whoConfirms: 'other_side' })
  }
})

test('a pause, or a category that has closed since, does not stand in the way of telling what took place', async () => {
  const old = ok(await house.admin.post('categories', { name: 'Old', slug: 'old' }), 201)
  const about = { ...input({ categoryId: old.id }), performedOn, agreedMinutes: 60 }
  ok(await house.admin.post(`categories/${old.id}/closure`, {}))
  ok(await bev.post('members/me/pause', {}))
  assert.equal((await house.as(ann, (tx) => reportAgreed(tx, about))).status, 'reported')
  await assert.rejects(
    house.as(ann, (tx) => beginAgreed(tx, about)),
    code('category-closed')
  )
  ok(await bev.post('members/me/resumption', {}))
})
