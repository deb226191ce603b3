import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, ok, refused } from '../../support/app.ts'
import { mulberry, seedOf } from '../ledger/support.ts'
import { type Json, makeQueue, type Queue } from './support.ts'

let queue: Queue
let admin: Client
let broker: Client
let ann: Client
let bev: Client

before(async () => {
  queue = await makeQueue('follow_up_talking')
  admin = queue.admin
  // far from UTC, so that the days of a window are those of the timebank
  await queue.policy({ timeZone: 'Pacific/Auckland' })
  broker = await queue.member({ name: 'Bron', roles: ['broker'] })
  ann = await queue.member({ name: 'Ann' })
  bev = await queue.member({ name: 'Bev' })
})

after(() => queue.stage.close())

const say = (by: Client, about: string, text = 'Could you come on Friday?') =>
  by.post(`${about}/conversations`, { text })

test('a first message that nobody answers for three days is brought to the broker: who and since when, never the text', async () => {
  const offer = await queue.offer(bev)
  const { id, startedAt } = ok(await say(ann, `offers/${offer.id}`), 201)
  await queue.pass(2.9)
  assert.deepEqual(await queue.about('unanswered_message', bev), [])
  await queue.pass(0.2)
  const [followUp] = await queue.about('unanswered_message', bev)
  assert.deepEqual(
    [followUp.subject, followUp.member.name, followUp.other.name, followUp.suggestedStep.code],
    [{ type: 'conversation', id }, 'Bev', 'Ann', 'ask_for_answer']
  )
  assert.equal(Date.parse(followUp.since), Date.parse(startedAt))
  assert.ok(!JSON.stringify(followUp).includes('Friday'))
  refused(await admin.get(`conversations/${id}`), 404, 'not-found')
  ok(await bev.post(`conversations/${id}/messages`, { text: 'Gladly' }), 201)
  await queue.look()
  assert.equal((await queue.about('unanswered_message', bev))[0].outcome, 'settled_itself')
})

test('what is answered in time, or by an exchange of the two, is not brought to the broker', async () => {
  const cai = await queue.member()
  const offer = await queue.offer(cai)
  ok(await say(ann, `offers/${offer.id}`), 201)
  const { id } = ok(await say(bev, `offers/${offer.id}`), 201)
  queue.shift(0.1)
  ok(await cai.post('exchanges', queue.between(cai, ann)), 201)
  await queue.pass(1)
  ok(await cai.post(`conversations/${id}/messages`, { text: 'Yes' }), 201)
  await queue.pass(3)
  assert.deepEqual(await queue.about('unanswered_message', cai), [])
})

test('a message about a request is an answer to the request', async () => {
  const cai = await queue.member()
  const request = await queue.request(cai)
  await queue.pass(1)
  ok(await say(ann, `requests/${request.id}`), 201)
  await queue.pass(3)
  assert.deepEqual(await queue.about('unanswered_request', cai), [])
  assert.equal((await queue.about('unanswered_message', cai)).length, 1, 'and waits for one itself')
})

test('a reported conversation is there at once, for nobody in particular and not for those who take part in it', async () => {
  const cai = await queue.member({ name: 'Cai' })
  const { rowVersion } = ok(await admin.get(`members/${cai.memberId}`))
  ok(
    await admin.put(`members/${cai.memberId}/broker`, { brokerId: broker.memberId }, { 'if-match': `"${rowVersion}"` })
  )
  const { id } = ok(await say(broker, `members/${cai.memberId}`, 'Come here'), 201)
  const report = ok(await cai.post(`conversations/${id}/report`, { reason: 'This is not kind' }), 201)
  const [followUp] = await queue.about('reported_conversation', cai)
  assert.deepEqual(
    [followUp.subject, followUp.assignee, followUp.member.name, followUp.suggestedStep.code],
    [{ type: 'conversation_report', id: report.id }, null, 'Cai', 'read_report']
  )
  assert.ok(!JSON.stringify(followUp).includes('not kind'))
  // the broker who wrote it learns nothing of it
  assert.deepEqual(ok(await broker.get('follow-ups?limit=200&state=all&kind=reported_conversation')).items, [])
  refused(await broker.get(`follow-ups/${followUp.id}`), 404, 'not-found')
  refused(await queue.note(followUp.id, 'nothing_needed', broker), 404, 'not-found')
  const kindsOf = async (by: Client) => ok(await by.get('follow-ups/summary')).items.map(({ kind }: Json) => kind)
  assert.ok((await kindsOf(admin)).includes('reported_conversation'))
  assert.ok(!(await kindsOf(broker)).includes('reported_conversation'))
  ok(await admin.post(`conversation-reports/${report.id}/opening`))
  ok(await admin.post(`conversation-reports/${report.id}/closure`, { outcome: 'spoken_with' }))
  assert.equal((await queue.about('reported_conversation', cai))[0].outcome, 'settled_itself')
})

const figures = async (from: string, to: string): Promise<Json> =>
  ok(await broker.get(`follow-ups/first-replies?from=${from}&to=${to}`))

test('the worked example: 5 h, 29 h, never, 53 h, never', async () => {
  await queue.pass(3)
  const [from, to] = [dayHere(), dayHere(1)]
  const empty = { replied: { value: null, n: 0, d: 0 }, unanswered: 0, medianMinutes: null, p90Minutes: null }
  assert.deepEqual(await figures(from, to), { from, to, requests: empty, messages: empty })
  const requests = []
  for (let i = 0; i < 5; i += 1) requests.push(await queue.request(ann))
  queue.shift(5 / 24)
  ok(await bev.post('exchanges', queue.between(bev, ann, { requestId: requests[0].id })), 201)
  queue.shift(1)
  ok(await say(bev, `requests/${requests[1].id}`), 201)
  queue.shift(1)
  ok(await admin.post('exchanges', queue.between(bev, ann, { requestId: requests[3].id, proposedBy: 'provider' })), 201)
  queue.shift(3)
  const { requests: seen } = await figures(from, to)
  assert.deepEqual(seen, {
    replied: { value: 0.6, n: 3, d: 5 },
    unanswered: 2,
    medianMinutes: 29 * 60,
    p90Minutes: 53 * 60
  })
})

/** The calendar date there, so many days from the tests' present moment. */
const dayHere = (days = 0) =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: 'Pacific/Auckland' }).format(
    new Date(queue.stage.clock.now!.getTime() + days * 24 * 60 * 60 * 1000)
  )

test('figures of many requests and messages equal an independent tally', async () => {
  const seed = seedOf('first replies')
  const random = mulberry(seed)
  const pick = (n: number) => Math.floor(random() * n)
  const people = [ann, bev, await queue.member(), await queue.member()]
  type Asked = { at: number; day: string; replied: number | null; by: Client; id: string }
  const requests: Asked[] = []
  const messages: (Asked & { asked: Client })[] = []
  const now = () => queue.stage.clock.now!.getTime()
  queue.shift(2)
  const first = dayHere()
  for (let step = 0; step < 60; step += 1) {
    queue.shift(random() * 0.2)
    const [by, other] = people.toSorted(() => random() - 0.5) as [Client, Client]
    const open = requests.filter((x) => x.by !== other)
    const asked = open[pick(open.length)]
    const waiting = messages[pick(messages.length)]
    const what = pick(5)
    if (what <= 1) {
      const { id } = await queue.request(by)
      requests.push({ at: now(), day: dayHere(), replied: null, by, id })
    } else if (what === 2 && asked) {
      ok(await other.post('exchanges', queue.between(other, asked.by, { requestId: asked.id })), 201)
      asked.replied ??= now()
      // an exchange of two answers what the one has written to the other
      for (const x of messages)
        if ([x.by, x.asked].includes(other) && [x.by, x.asked].includes(asked.by) && x.at < now()) x.replied ??= now()
    } else if (what === 3 && asked) {
      // the second time it goes on in the same conversation
      const { body: began } = await say(other, `requests/${asked.id}`)
      assert.ok(began.id, JSON.stringify(began))
      asked.replied ??= now()
      if (!messages.some(({ id }) => id === began.id))
        messages.push({ at: now(), day: dayHere(), replied: null, by: other, asked: asked.by, id: began.id })
    } else if (what === 4 && waiting) {
      ok(await waiting.asked.post(`conversations/${waiting.id}/messages`, { text: 'Yes' }), 201)
      waiting.replied ??= now()
    }
  }
  queue.shift(1)
  const last = dayHere()
  const tally = (all: readonly Asked[], from: string, to: string) => {
    const cohort = all.filter(({ day }) => day >= from && day < to)
    const waits = cohort.flatMap(({ at, replied }) => (replied === null ? [] : [Math.trunc((replied - at) / 60_000)]))
    const least = (share: number) =>
      waits.toSorted((a, b) => a - b).find((wait) => waits.filter((w) => w <= wait).length >= share * waits.length) ??
      null
    return {
      replied: {
        value: cohort.length === 0 ? null : Number((Math.round((waits.length / cohort.length) * 1e8) / 1e8).toFixed(4)),
        n: waits.length,
        d: cohort.length
      },
      unanswered: cohort.length - waits.length,
      medianMinutes: least(0.5),
      p90Minutes: least(0.9)
    }
  }
  const days = [...new Set([...requests, ...messages].map(({ day }) => day)), last].sort()
  assert.ok(requests.some((x) => x.replied) && messages.some((x) => x.replied) && days.length > 4)
  for (const [from, to] of [[first, last], ...days.slice(1).map((day, i) => [days[i]!, day])] as [string, string][]) {
    const { requests: ofRequests, messages: ofMessages } = await figures(from, to)
    assert.deepEqual(ofRequests, tally(requests, from, to), `${from} ${to}`)
    assert.deepEqual(ofMessages, tally(messages, from, to), `${from} ${to}`)
  }
})

test('a window ends after it begins, and lies where there are years', async () => {
  for (const query of [
    'from=2026-01-02&to=2026-01-02',
    'from=2026-01-02&to=2026-01-01',
    'from=2026-01-02',
    'from=0001-01-01&to=2026-01-01'
  ])
    refused(await broker.get(`follow-ups/first-replies?${query}`), 400, 'validation-failed')
})
