import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { ask, type Json, makeOffer, say, see, textsOf } from './support.ts'

let stage: Stage
let admin: Client
let broker: Client
let ann: Client
let bev: Client
let garden: string

before(async () => {
  stage = await makeStage('conversation_reports')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  ann = await addMember(stage, admin, { name: 'Ann', profile: { brokerId: broker.memberId } })
  bev = await addMember(stage, admin, { name: 'Bev' })
  garden = ok(await admin.get('categories/gardening')).id
})

after(() => stage.close())

const begin = async (): Promise<string> => (await ask(bev, await makeOffer(ann, garden), 'First')).id
const told = async (client: Client, conversation: string): Promise<string[]> =>
  ok(await client.get('notices?limit=200'))
    .items.filter((n: Json) => n.subjectId === conversation && n.kind !== 'conversation.message')
    .map((n: Json) => n.kind)
const report = async (client: Client, id: string, reason = 'They insult me'): Promise<Json> =>
  ok(await client.post(`conversations/${id}/report`, { reason }), 201)

test('a report lets brokers read what had been written by then, and who does is noted', async () => {
  const id = await begin()
  await say(ann, id, 'Second')
  const made = await report(bev, id)
  assert.deepEqual([made.fromNumber, made.toNumber, made.state], [1, 2, 'open'])
  await say(ann, id, 'After the report')
  const item = `conversation-reports/${made.id}`
  refused(await broker.get(`conversations/${id}`), 404, 'not-found')
  refused(await broker.get(`${item}/messages`), 409, 'wrong-state')
  refused(await broker.post(`${item}/closure`, { outcome: 'nothing_needed' }), 409, 'wrong-state')
  const [listed] = ok(await broker.get('conversation-reports')).items
  assert.deepEqual([listed.id, listed.reason, listed.reportedBy.name], [made.id, 'They insult me', 'Bev'])
  assert.deepEqual(listed.participants.map((p: Json) => p.name).sort(), ['Ann', 'Bev'])
  const opened = ok(await broker.post(`${item}/opening`))
  assert.deepEqual(
    opened.openedBy.map((o: Json) => o.memberId),
    [broker.memberId]
  )
  assert.deepEqual(ok(await broker.post(`${item}/opening`)).openedBy, opened.openedBy)
  const page = ok(await broker.get(`${item}/messages?limit=1`))
  assert.deepEqual(
    page.items.map((m: Json) => m.text),
    ['Second']
  )
  const rest = ok(await broker.get(`${item}/messages?cursor=${page.next}`))
  assert.deepEqual(
    rest.items.map((m: Json) => m.text),
    ['First']
  )
  refused(await admin.get(`${item}/messages`), 409, 'wrong-state')
  const events = ok(await admin.get(`audit?subjectType=conversation&subjectId=${id}`)).items
  assert.deepEqual(
    events.map((e: Json) => [e.action, e.actorMembershipId]),
    [
      ['conversation.report-opened', broker.memberId],
      ['conversation.reported', bev.memberId],
      ['conversation.started', bev.memberId]
    ]
  )
  assert.ok(!JSON.stringify(events).includes('insult'))
})

test('the others learn what was shown when a broker has dealt with it, the reporter at once', async () => {
  const id = await begin()
  await report(bev, id)
  assert.deepEqual(
    (await see(bev, id)).shown.map((s: Json) => [s.fromNumber, s.toNumber, s.byYou]),
    [[1, 1, true]]
  )
  assert.deepEqual((await see(ann, id)).shown, [])
  refused(await bev.post(`conversations/${id}/report`, { reason: 'Once more' }), 409, 'already-exists')
  const item = `conversation-reports/${ok(await broker.get('conversation-reports')).items[0].id}`
  ok(await broker.post(`${item}/opening`))
  const closed = ok(await broker.post(`${item}/closure`, { outcome: 'spoken_with', note: 'With both' }))
  assert.deepEqual(
    [closed.state, closed.outcome, closed.note, closed.closedBy],
    ['closed', 'spoken_with', 'With both', broker.memberId]
  )
  assert.deepEqual(
    (await see(ann, id)).shown.map((s: Json) => [s.fromNumber, s.toNumber, s.byYou]),
    [[1, 1, false]]
  )
  assert.deepEqual([await told(bev, id), await told(ann, id)], [['conversation.report-closed'], ['conversation.shown']])
  refused(await broker.get(`${item}/messages`), 409, 'wrong-state')
  refused(await broker.post(`${item}/closure`, { outcome: 'spoken_with' }), 409, 'wrong-state')
  refused(await broker.post(`${item}/opening`), 409, 'wrong-state')
  assert.ok(!ok(await broker.get('conversation-reports')).items.some((r: Json) => r.conversationId === id))
  assert.ok(ok(await broker.get('conversation-reports?state=closed')).items.some((r: Json) => r.conversationId === id))
  await report(bev, id, 'It goes on')
})

test('of two who close a report at once one is refused', async () => {
  const made = await report(bev, await begin())
  const item = `conversation-reports/${made.id}`
  ok(await broker.post(`${item}/opening`))
  ok(await admin.post(`${item}/opening`))
  const answers = await Promise.all(
    [broker, admin].map((who) => who.post(`${item}/closure`, { outcome: 'nothing_needed' }))
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
})

test('reports are for staff who do not take part themselves; members and other timebanks have none', async () => {
  const { id } = ok(await broker.post(`members/${ann.number}/conversations`, { text: 'Hello' }), 201)
  const made = await report(ann, id, 'My broker is rude')
  assert.ok(!ok(await broker.get('conversation-reports?limit=200')).items.some((r: Json) => r.id === made.id))
  refused(await broker.get(`conversation-reports/${made.id}`), 404, 'not-found')
  refused(await broker.post(`conversation-reports/${made.id}/opening`), 404, 'not-found')
  assert.equal(ok(await admin.get(`conversation-reports/${made.id}`)).reason, 'My broker is rude')
  ok(await admin.post(`conversation-reports/${made.id}/opening`))
  const actions = async (who: Client, where: string): Promise<string[]> =>
    ok(await who.get(`${where}${where.includes('?') ? '&' : '?'}limit=200`))
      .items.filter((e: Json) => e.subjectId === id)
      .map((e: Json) => e.action)
  const ofIt = `audit?subjectType=conversation&subjectId=${id}`
  const [opened, reported, started] = ['report-opened', 'reported', 'started'].map((verb) => `conversation.${verb}`)
  assert.deepEqual(await actions(admin, ofIt), [opened, reported, started])
  assert.deepEqual(await actions(broker, ofIt), [started])
  assert.deepEqual(await actions(broker, 'audit'), [started])
  assert.deepEqual(await actions(broker, `members/${ann.memberId}/audit`), [])
  assert.deepEqual(await actions(admin, `members/${ann.memberId}/audit`), [reported])
  refused(await bev.get('conversation-reports'), 403, 'forbidden')
  const other = await foundAnother(stage, admin, 'hilltown')
  refused(await other.get(`conversation-reports/${made.id}`), 404, 'not-found')
  assert.deepEqual(ok(await other.get('conversation-reports')).items, [])
  refused(await bev.post(`conversations/${id}/report`, { reason: 'Not mine' }), 404, 'not-found')
  refused(await ann.post(`conversations/${id}/report`, { reason: 'x' }), 400, 'validation-failed')
})

test('a broker takes part from when one of the two wishes it, and has nothing of before', async () => {
  const id = await begin()
  await say(ann, id, 'Between us two')
  refused(await bev.post(`conversations/${id}/brokers`, {}), 400, 'validation-failed')
  refused(await bev.post(`conversations/${id}/brokers`, { memberId: ann.memberId }), 400, 'validation-failed')
  refused(await broker.post(`conversations/${id}/brokers`, {}), 404, 'not-found')
  const { participants } = ok(await bev.post(`conversations/${id}/brokers`, { memberId: broker.memberId }))
  assert.equal(participants.find((p: Json) => p.memberId === broker.memberId).side, 'broker')
  assert.deepEqual(
    [await told(ann, id), await told(broker, id)],
    [['conversation.broker-added'], ['conversation.invited']]
  )
  const seen = await see(broker, id)
  assert.deepEqual([seen.unread, seen.lastMessage], [0, null])
  assert.deepEqual(await textsOf(broker, id), [])
  refused(await broker.post(`conversations/${id}/report`, { reason: 'Nothing to show' }), 409, 'wrong-state')
  await say(bev, id, 'Dear broker')
  assert.deepEqual(await textsOf(broker, id), ['Dear broker'])
  assert.equal((await see(broker, id)).unread, 1)
  await say(broker, id, 'Here I am')
  assert.equal((await see(ann, id)).lastMessage.text, 'Here I am')
  refused(await broker.post(`conversations/${id}/brokers`, { memberId: admin.memberId }), 403, 'forbidden')
  ok(await bev.post(`conversations/${id}/brokers`, { memberId: broker.memberId }))
  const other = await begin()
  const { participants: three } = ok(await ann.post(`conversations/${other}/brokers`, {}))
  assert.equal(three.find((p: Json) => p.side === 'broker').memberId, broker.memberId, 'her own, where none is named')
  const { rowVersion } = ok(await admin.get(`members/${broker.memberId}`))
  ok(await admin.put(`members/${broker.memberId}/roles`, { roles: [] }, { 'if-match': `"${rowVersion}"` }))
  refused(await broker.get(`conversations/${id}`), 404, 'not-found')
  assert.ok(!(await broker.get('conversations')).text.includes(id))
  const rings = async () =>
    ok(await broker.get('notices?limit=200')).items.filter((n: Json) => n.subjectId === id).length
  ok(
    await broker.put(
      `notices/${ok(await broker.get('notices?unread=true')).items.find((n: Json) => n.subjectId === id).id}/read`
    )
  )
  const before = await rings()
  await say(bev, id, 'No broker any more')
  assert.equal(await rings(), before)
})
