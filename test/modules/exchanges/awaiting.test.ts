import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ok, refused } from '../../support/app.ts'
import { type Client, type House, makeHouse, performedOn } from './support.ts'

let house: House
let ann: Client
let bev: Client
let young: Client
let company: string
let careful: string

before(async () => {
  house = await makeHouse('awaiting', { minorsAllowed: true })
  ann = await house.member({ name: 'Ann' })
  bev = await house.member({ name: 'Bev' })
  young = await house.member({ name: 'Young', profile: { dateOfBirth: '2012-05-05' } })
  const category = async (slug: string, more: object) =>
    ok(await house.admin.post('categories', { name: slug, slug, ...more }), 201).id
  company = await category('company', { vetting: true })
  careful = await category('careful', { vetting: true, risk: 'high' })
})
after(() => house.stage.close())

const agreed = async (provider: Client, receiver: Client, more: Record<string, unknown> = {}) => {
  const { id } = ok(await provider.post('exchanges', house.between(provider, receiver, { performedOn, ...more })), 201)
  return ok(await receiver.post(`exchanges/${id}/agreement`, {}))
}
const step = (id: string, name: string, body?: object, by: Client = house.broker) =>
  by.post(`exchanges/${id}/${name}`, body)

const vet = async (member: Client, validUntil: string, satisfactory = true) =>
  ok(
    await house.broker.post(`members/${member.memberId}/screenings`, {
      kind: 'vetting',
      heldOn: '2026-01-02',
      inPerson: true,
      satisfactory,
      validUntil
    }),
    201
  )

test('it waits for risk, then vetting, then a guardian, as each applies, and is ready after the last', async () => {
  const { id, status } = await agreed(young, bev, { categoryId: careful })
  assert.equal(status, 'awaiting_risk')
  for (const name of ['vetting', 'report', 'no-show'])
    refused(
      await step(id, name, { report: { minutes: 60, performedOn }, 'no-show': { side: 'provider' } }[name] ?? {}),
      409,
      'wrong-state'
    )
  assert.equal(ok(await step(id, 'approval')).status, 'awaiting_vetting')
  refused(await step(id, 'vetting'), 422, 'vetting-needed')
  await vet(young, '2026-01-14')
  refused(await step(id, 'vetting'), 422, 'vetting-needed')
  await vet(young, performedOn)
  assert.equal(ok(await step(id, 'vetting')).status, 'awaiting_guardian')
  refused(await step(id, 'vetting'), 409, 'wrong-state')
  refused(await step(id, 'guardian-consent', { how: 'guessed' }), 400, 'validation-failed')
  const ready = ok(await step(id, 'guardian-consent', { how: 'phone' }))
  assert.deepEqual([ready.status, ready.guardianConsent], ['ready', 'phone'])
  const told = ok(await bev.get('notices')).items.filter((x: { subjectId: string }) => x.subjectId === id)
  assert.equal(
    told.filter((x: { kind: string }) => x.kind === 'exchange.approved').length,
    1,
    'told once, when nothing is left to wait for'
  )
  ok(await young.post(`exchanges/${id}/report`, { minutes: 60, performedOn }))
  assert.equal(ok(await bev.post(`exchanges/${id}/confirmation`)).status, 'settled')
  await vet(young, performedOn, false)
})

test('only a broker who is no side lets it go on', async () => {
  const { id, status } = await agreed(ann, bev, { categoryId: company })
  assert.equal(status, 'awaiting_vetting')
  for (const [name, body] of [
    ['vetting', {}],
    ['approval', {}],
    ['guardian-consent', { how: 'phone' }]
  ] as const)
    refused(await step(id, name, body, ann), 403, 'forbidden')
  const own = await agreed(house.broker, bev, { categoryId: company })
  refused(await step(own.id, 'vetting'), 403, 'forbidden')
  ok(await step(own.id, 'cancellation', {}))
  assert.equal(ok(await step(id, 'cancellation', {}, bev)).status, 'cancelled')
})

test('vetting counts until the day that is noted with it; the one noted last counts', async () => {
  const dai = await house.member()
  const at = async () => (await agreed(dai, bev, { categoryId: company })).status
  assert.equal(await at(), 'awaiting_vetting')
  await vet(dai, performedOn)
  assert.equal(await at(), 'agreed')
  assert.equal(ok(await house.broker.get(`members/${dai.memberId}`)).vettedUntil, performedOn)
  assert.equal('vettedUntil' in ok(await bev.get(`members/${dai.memberId}`)), false)
  await vet(dai, '2026-12-31', false)
  assert.equal(await at(), 'awaiting_vetting')
  const screening = { kind: 'vetting', heldOn: '2026-01-02', inPerson: true, satisfactory: true }
  for (const more of [{}, { validUntil: '2026-01-01' }, { kind: 'reference', validUntil: '2027-01-01' }])
    refused(
      await house.broker.post(`members/${dai.memberId}/screenings`, { ...screening, ...more }),
      400,
      'validation-failed'
    )
  refused(await dai.post('members/me/screenings', { ...screening, validUntil: '2027-01-01' }), 403, 'forbidden')
})

test('a planned day after the vetting has ended waits; a report of such a day is refused, a broker tells it', async () => {
  const dai = await house.member()
  await vet(dai, '2026-01-20')
  assert.equal((await agreed(dai, bev, { categoryId: company, performedOn: '2026-02-01' })).status, 'awaiting_vetting')
  const { id } = await agreed(dai, bev, { categoryId: company })
  const later = { minutes: 60, performedOn: '2026-01-25' }
  refused(await dai.post(`exchanges/${id}/report`, later), 422, 'vetting-needed')
  assert.equal(ok(await step(id, 'report', later)).status, 'reported')
})

test('no way of recording goes around vetting', async () => {
  const input = house.between(ann, bev, { categoryId: company, performedOn })
  refused(await ann.post('exchanges/reports', input), 422, 'vetting-needed')
  refused(await bev.post('exchanges/reports', input), 422, 'vetting-needed')
  refused(await house.broker.post('exchanges/records', input), 422, 'vetting-needed')
  const several = {
    providers: [{ memberId: ann.memberId, minutes: 60 }],
    receivers: [{ memberId: bev.memberId }, { memberId: house.admin.memberId }],
    categoryId: company,
    performedOn
  }
  refused(await house.broker.post('exchange-groups', several), 422, 'vetting-needed')
  refused(await ann.post('exchange-groups/reports', several), 422, 'vetting-needed')
})

test('no way of recording goes around a guardian; a broker says how they consented', async () => {
  for (const input of [house.between(young, bev, { performedOn }), house.between(bev, young, { performedOn })]) {
    refused(await bev.post('exchanges/reports', input), 422, 'guardian-consent-needed')
    refused(await house.broker.post('exchanges/records', input), 422, 'guardian-consent-needed')
    assert.equal((await bev.post('exchanges/reports', { ...input, guardianConsent: 'phone' })).status, 400)
    const recorded = ok(await house.broker.post('exchanges/records', { ...input, guardianConsent: 'in_person' }), 201)
    assert.deepEqual([recorded.status, recorded.guardianConsent], ['settled', 'in_person'])
  }
  const several = {
    providers: [{ memberId: ann.memberId, minutes: 60 }],
    receivers: [{ memberId: bev.memberId }, { memberId: young.memberId }],
    categoryId: house.category,
    performedOn
  }
  refused(await house.broker.post('exchange-groups', several), 422, 'guardian-consent-needed')
  const claimed = { ...several, guardianConsent: 'phone' }
  refused(await ann.post('exchange-groups/reports', claimed), 422, 'guardian-consent-needed')
  const { exchanges } = ok(await house.broker.post('exchange-groups', claimed), 201)
  assert.deepEqual(
    exchanges.map((x: { guardianConsent: string }) => x.guardianConsent),
    [null, 'phone']
  )
})

test('where somebody turns out to be under 18 after the agreement, their guardian is asked before the report', async () => {
  const dai = await house.member()
  const { id, status } = await agreed(dai, bev)
  assert.equal(status, 'agreed')
  const { rowVersion } = ok(await house.admin.get(`members/${dai.memberId}`))
  ok(await house.admin.patch(`members/${dai.memberId}`, { dateOfBirth: '2011-11-11' }, rowVersion))
  const report = { minutes: 60, performedOn }
  refused(await dai.post(`exchanges/${id}/report`, report), 422, 'guardian-consent-needed')
  refused(await step(id, 'report', report), 422, 'guardian-consent-needed')
  assert.equal(ok(await step(id, 'guardian-consent', { how: 'writing' })).status, 'agreed')
  assert.equal(ok(await dai.post(`exchanges/${id}/report`, report)).status, 'reported')
})

test('the quote tells what is missing to whom it concerns', async () => {
  const told = async (by: Client, provider: Client, receiver: Client) => {
    const { vetting, guardian } = ok(
      await by.post('exchanges/quote', house.between(provider, receiver, { categoryId: company, performedOn }))
    )
    return [vetting, guardian]
  }
  assert.deepEqual(await told(young, young, bev), ['missing', 'needed'])
  assert.deepEqual(await told(bev, young, bev), ['needed', 'if_minor'])
  assert.deepEqual(await told(house.broker, young, bev), ['missing', 'needed'])
  assert.deepEqual(await told(house.broker, ann, bev), ['missing', 'not_needed'])
})

test('where the policy has no exchanges of minors, none begins', async () => {
  await house.change({ minorsAllowed: false })
  try {
    refused(await bev.post('exchanges', house.between(young, bev)), 422, 'minors-not-allowed')
    const told = { ...house.between(young, bev, { performedOn }), guardianConsent: 'phone' }
    refused(await house.broker.post('exchanges/records', told), 422, 'minors-not-allowed')
  } finally {
    await house.change({ minorsAllowed: true })
  }
})

test('silence confirms nothing for who is under 18', async () => {
  const { id } = await agreed(young, bev)
  ok(await step(id, 'guardian-consent', { how: 'phone' }))
  assert.equal(ok(await young.post(`exchanges/${id}/report`, { minutes: 60, performedOn })).quote.silenceDays, null)
})

test('who did not come: on the planned day or after it, nothing moves, what was held is given back', async () => {
  await house.change({ holdAtAgreement: true })
  try {
    const early = await agreed(ann, bev, { performedOn: '2099-01-01' })
    refused(await step(early.id, 'no-show', { side: 'provider' }, bev), 409, 'conflict')
    ok(await step(early.id, 'cancellation', {}, bev))
    const { id } = await agreed(ann, bev)
    assert.equal((await house.account(bev)).heldOutMinutes, 60)
    refused(await step(id, 'no-show', { side: 'somebody' }, bev), 400, 'validation-failed')
    refused(await step(id, 'no-show', { side: 'provider' }, young), 404, 'not-found')
    const closed = ok(await step(id, 'no-show', { side: 'provider', reason: 'Nobody came' }, bev))
    assert.deepEqual([closed.status, closed.noShow, closed.transferId], ['cancelled', 'provider', null])
    assert.equal((await house.account(bev)).heldOutMinutes, 0)
    refused(await step(id, 'no-show', { side: 'provider' }, bev), 409, 'wrong-state')
    const auditor = await house.member({ roles: ['auditor'] })
    assert.equal(ok(await auditor.get(`exchanges/${id}`)).noShow, null)
    assert.equal(ok(await ann.get(`exchanges/${id}`)).noShow, 'provider')
  } finally {
    await house.change({ holdAtAgreement: false })
  }
  await house.sound()
})

test('two brokers who let one go on at once: it goes one step', async () => {
  const { id } = await agreed(young, bev, { categoryId: careful })
  const answers = await Promise.all([step(id, 'approval'), step(id, 'approval', {}, house.admin)])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
  assert.equal(ok(await bev.get(`exchanges/${id}`)).status, 'awaiting_vetting')
})
