import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { exchangesTasks } from '../../../src/modules/exchanges/index.ts'
import { ok } from '../../support/app.ts'
import { type Client, type House, makeHouse, performedOn } from './support.ts'

let house: House
let ann: Client
let bev: Client

before(async () => {
  house = await makeHouse('auto-confirm', { minorsAllowed: true })
  ann = await house.member({ name: 'Ann' })
  bev = await house.member({ name: 'Bev' })
})
after(() => house.stage.close())

/** The hourly task as a process of its own would run it so many days from now. */
const runLater = (days: number) => {
  const clock = () => new Date(Date.now() + days * 24 * 60 * 60 * 1000)
  return exchangesTasks({ ...house.stage.database, clock })['exchanges.auto_confirm']!({})
}
const report = async (more: object = {}): Promise<string> =>
  ok(await ann.post('exchanges/reports', { ...house.between(ann, bev, { performedOn }), ...more }), 201).id
const statusOf = async (id: string) => ok(await house.admin.get(`exchanges/${id}`)).status

test('each report waits for the days of the policy that it was made under; 0 waits for ever', async () => {
  const fourteen = await report()
  await house.change({ autoConfirmAfterDays: 3 })
  const three = await report()
  await house.change({ autoConfirmAfterDays: 0 })
  const never = await report()
  await house.change({ autoConfirmAfterDays: 14 })
  const states = async () => Promise.all([fourteen, three, never].map(statusOf))
  await runLater(2)
  assert.deepEqual(await states(), ['reported', 'reported', 'reported'])
  await runLater(4)
  assert.deepEqual(await states(), ['reported', 'settled', 'reported'])
  await runLater(300)
  assert.deepEqual(await states(), ['settled', 'settled', 'reported'])
})

test('run again and by several processes at once, hours move once and each is told once', async () => {
  const ids = await Promise.all([report(), report(), report()])
  const before = await house.balanceOf(ann)
  await Promise.all([runLater(15), runLater(15), runLater(15)])
  await runLater(16)
  assert.equal(await house.balanceOf(ann), before + 180)
  const told = ok(await bev.get('notices?limit=200')).items
  for (const id of ids) {
    assert.equal(await statusOf(id), 'settled')
    const auto = told.filter(
      (x: { kind: string; subjectId: string }) => x.kind === 'exchange.auto-confirmed' && x.subjectId === id
    )
    assert.equal(auto.length, 1)
  }
  await house.sound()
})

test('silence confirms nothing where one of the two, or who acts for a body, is supported or under 18', async () => {
  const supported = await house.member()
  const { rowVersion } = ok(await house.admin.get(`members/${supported.memberId}`))
  ok(await house.admin.patch(`members/${supported.memberId}`, { supported: true }, rowVersion))
  const group = ok(await house.admin.post('organisations', { name: 'Story group', kind: 'charity' }), 201)
  ok(
    await house.admin.post(`organisations/${group.id}/affiliations`, {
      memberId: supported.memberId,
      professional: false,
      actsFor: true,
      validFrom: '2026-01-01'
    }),
    201
  )
  const body = { capacity: 'organisation', organisationId: group.id }
  const waiting = [
    await report({ receiver: { ...body, memberId: supported.memberId } }),
    await report({ receiver: { memberId: supported.memberId } }),
    ok(await bev.post('exchanges/reports', house.between(supported, bev, { performedOn })), 201).id
  ]
  const young = await house.member({ profile: { dateOfBirth: '2012-05-05' } })
  const { id } = ok(await ann.post('exchanges', house.between(ann, young, { performedOn })), 201)
  ok(await young.post(`exchanges/${id}/agreement`, {}))
  ok(await house.broker.post(`exchanges/${id}/guardian-consent`, { how: 'phone' }))
  ok(await ann.post(`exchanges/${id}/report`, { minutes: 60, performedOn }))
  const due = await report({ receiver: body })
  await runLater(20)
  for (const one of [...waiting, id]) assert.equal(await statusOf(one), 'reported')
  assert.equal(await statusOf(due), 'settled')
})

test('what is disputed, before or after it settled, is nobody’s silence', async () => {
  const early = await report()
  ok(await bev.post(`exchanges/${early}/dispute`, { reason: 'It was shorter', minutes: 30 }))
  const late = await report()
  ok(await bev.post(`exchanges/${late}/confirmation`))
  ok(await bev.post(`exchanges/${late}/dispute`, { reason: 'It was shorter' }))
  await runLater(100)
  assert.deepEqual([await statusOf(early), await statusOf(late)], ['disputed', 'disputed'])
})

test('an answer and the silence of the same moment: hours move once', async () => {
  const ids = await Promise.all([report(), report(), report(), report()])
  const before = await house.balanceOf(ann)
  const [, ...answers] = await Promise.all([runLater(15), ...ids.map((id) => bev.post(`exchanges/${id}/confirmation`))])
  for (const answer of answers) assert.ok(answer!.status === 200 || answer!.body.code === 'wrong-state', answer!.text)
  assert.equal(await house.balanceOf(ann), before + 240)
  await house.sound()
})
