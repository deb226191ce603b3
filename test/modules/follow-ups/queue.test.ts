import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, foundAnother, ok, refused } from '../../support/app.ts'
import { type Json, makeQueue, type Queue } from './support.ts'

let queue: Queue
let admin: Client
let broker: Client
let other: Client

before(async () => {
  queue = await makeQueue('follow_up_queue')
  admin = queue.admin
  broker = await queue.member({ name: 'Bron', roles: ['broker'] })
  other = await queue.member({ name: 'Olga', roles: ['broker'] })
})

after(() => queue.stage.close())

/** A member with a request that nobody has answered, and the follow-up about it. */
async function unanswered(memberOf: Client | null = null): Promise<{ member: Client; followUp: Json }> {
  const member = await queue.member()
  if (memberOf) {
    const { rowVersion } = ok(await admin.get(`members/${member.memberId}`))
    ok(
      await admin.put(
        `members/${member.memberId}/broker`,
        { brokerId: memberOf.memberId },
        { 'if-match': `"${rowVersion}"` }
      )
    )
  }
  await queue.request(member)
  await queue.pass(3.1)
  const [followUp] = await queue.about('unanswered_request', member)
  return { member, followUp }
}

const assign = (id: string, memberId: string | null, by = broker) => by.put(`follow-ups/${id}/assignee`, { memberId })
const snooze = (id: string, until: string | null, by = broker) => by.put(`follow-ups/${id}/snooze`, { until })
const ids = (answer: { status: number }): string[] => ok(answer as never).items.map(({ id }: Json) => id)

test("it begins with the member's own broker, and can be given to another broker or admin, or to nobody", async () => {
  const { followUp } = await unanswered(broker)
  assert.deepEqual(followUp.assignee, { memberId: broker.memberId, memberNumber: broker.number, name: 'Bron' })
  const { id } = followUp
  assert.ok(ids(await broker.get('follow-ups?assignee=me')).includes(id))
  assert.ok(!ids(await other.get('follow-ups?assignee=me')).includes(id))
  assert.equal(ok(await assign(id, other.memberId)).assignee.name, 'Olga')
  assert.ok(ids(await admin.get(`follow-ups?assignee=${other.memberId}`)).includes(id))
  assert.equal(ok(await assign(id, admin.memberId)).assignee.memberId, admin.memberId)
  assert.equal(ok(await assign(id, null)).assignee, null)
  assert.ok(ids(await admin.get('follow-ups?assignee=none')).includes(id))
  const { items } = ok(await admin.get(`audit?subjectType=follow-up&subjectId=${id}`))
  assert.deepEqual(
    items.map((event: Json) => [event.action, event.changes]),
    [
      ['follow-up.assigned', { assigneeId: [admin.memberId, null] }],
      ['follow-up.assigned', { assigneeId: [other.memberId, admin.memberId] }],
      ['follow-up.assigned', { assigneeId: [broker.memberId, other.memberId] }]
    ]
  )
})

test('who is no broker or admin, or not here, looks after nothing; who is no longer one is released by the job', async () => {
  const { member, followUp } = await unanswered()
  assert.equal(followUp.assignee, null)
  refused(await assign(followUp.id, member.memberId), 400, 'validation-failed')
  assert.equal(
    refused(await assign(followUp.id, crypto.randomUUID()), 400, 'validation-failed').errors[0].pointer,
    '/memberId'
  )
  const passing = await queue.member({ roles: ['broker'] })
  ok(await assign(followUp.id, passing.memberId))
  const { rowVersion } = ok(await admin.get(`members/${passing.memberId}`))
  ok(await admin.put(`members/${passing.memberId}/roles`, { roles: ['member'] }, { 'if-match': `"${rowVersion}"` }))
  await queue.look()
  assert.equal(ok(await broker.get(`follow-ups/${followUp.id}`)).assignee, null)
})

test('what is put off is out of the queue until its day, and then back by itself', async () => {
  const { followUp } = await unanswered()
  const { id } = followUp
  const snoozed = ok(await snooze(id, queue.inDays(2)))
  assert.deepEqual([snoozed.state, snoozed.snoozedUntil], ['snoozed', queue.inDays(2)])
  const seen = async (state: string) => ids(await broker.get(`follow-ups?limit=200&state=${state}`)).includes(id)
  assert.deepEqual([await seen('open'), await seen('snoozed'), await seen('all')], [false, true, true])
  await queue.pass(1)
  assert.equal(await seen('open'), false)
  await queue.pass(1)
  assert.deepEqual([await seen('open'), await seen('snoozed')], [true, false])
  assert.equal(ok(await broker.get(`follow-ups/${id}`)).state, 'open')
  ok(await snooze(id, queue.inDays(3)))
  assert.equal(ok(await snooze(id, null)).state, 'open')
  for (const until of [queue.today(), queue.inDays(-1), queue.inDays(400)])
    assert.equal(refused(await snooze(id, until), 400, 'validation-failed').errors[0].pointer, '/until')
  refused(await snooze(id, 'soon'), 400, 'validation-failed')
})

test('what is put off settles itself all the same', async () => {
  const { member, followUp } = await unanswered()
  ok(await snooze(followUp.id, queue.inDays(30)))
  ok(await broker.post('exchanges', queue.between(broker, member, { requestId: followUp.subject.id })), 201)
  await queue.look()
  assert.equal(ok(await broker.get(`follow-ups/${followUp.id}`)).outcome, 'settled_itself')
})

test('of a closed one nothing is changed any more; an outcome belongs to its kind', async () => {
  const { followUp } = await unanswered()
  assert.equal(
    refused(await queue.note(followUp.id, 'limit_changed'), 400, 'validation-failed').errors[0].pointer,
    '/outcome'
  )
  refused(await queue.note(followUp.id, 'settled_itself'), 400, 'validation-failed')
  ok(await queue.note(followUp.id, 'let_end', broker))
  refused(await queue.note(followUp.id, 'let_end'), 409, 'wrong-state')
  refused(await assign(followUp.id, other.memberId), 409, 'wrong-state')
  refused(await snooze(followUp.id, queue.inDays(2)), 409, 'wrong-state')
})

test('two outcomes, and an outcome beside naming who looks after it, at once: one outcome, and nothing after it', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { followUp } = await unanswered()
    const { id } = followUp
    const [first, second, assigned] = await Promise.all([
      queue.note(id, 'contacted', broker),
      queue.note(id, 'helper_found', other),
      assign(id, other.memberId, admin)
    ])
    assert.deepEqual([first.status, second.status].sort(), [200, 409])
    assert.ok(assigned.status === 200 || assigned.status === 409, assigned.text)
    const closed = ok(await broker.get(`follow-ups/${id}`))
    assert.equal(closed.outcome, first.status === 200 ? 'contacted' : 'helper_found')
    assert.equal(closed.assignee?.memberId ?? null, assigned.status === 200 ? other.memberId : null)
  }
})

test('an outcome beside the job that settles it: it is closed once, by the one or the other', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { member, followUp } = await unanswered()
    ok(await other.post('exchanges', queue.between(other, member, { requestId: followUp.subject.id })), 201)
    const [noted] = await Promise.all([queue.note(followUp.id, 'contacted'), queue.look(), queue.look()])
    const [closed, ...more] = await queue.about('unanswered_request', member)
    assert.deepEqual(more, [])
    assert.equal(closed.outcome, noted.status === 200 ? 'contacted' : 'settled_itself')
  }
})

test('the job done again, and several at once, opens nothing twice', async () => {
  const members = await Promise.all(Array.from({ length: 5 }, () => queue.member()))
  for (const member of members) await queue.request(member)
  await queue.pass(2.99)
  const all = async () => ok(await admin.get('follow-ups?limit=200&state=all')).items
  const ofThem = (items: Json[]) =>
    items.filter(
      ({ kind, member }) => kind === 'unanswered_request' && members.some((m) => m.memberId === member?.memberId)
    )
  assert.deepEqual(ofThem(await all()), [])
  queue.shift(0.02)
  await Promise.all([queue.look(), queue.look(), queue.look(), admin.get('follow-ups'), broker.get('follow-ups')])
  const after = await all()
  assert.equal(ofThem(after).length, 5)
  const open = after.filter(({ state }: Json) => state !== 'closed').map((f: Json) => `${f.kind} ${f.subject.id}`)
  assert.equal(new Set(open).size, open.length)
  await queue.look()
  assert.deepEqual(await all(), after)
})

test('lists are filtered and sorted, and go on page by page without a gap; a cursor belongs to its order', async () => {
  const { member } = await unanswered(broker)
  await queue.offer(member, { expiresOn: queue.inDays(3) })
  await queue.look()
  const all: Json[] = ok(await admin.get('follow-ups?limit=200&state=all')).items
  assert.ok(all.length > 12)
  const order = (f: Json) => `${f.dueOn} ${f.kind} ${f.subject.id} ${f.round}`
  assert.deepEqual(all.map(order), all.map(order).toSorted())
  const filters: [string, (f: Json) => boolean][] = [
    ['state=open', (f) => f.state === 'open'],
    ['state=closed', (f) => f.state === 'closed'],
    ['state=all&kind=unanswered_request', (f) => f.kind === 'unanswered_request'],
    ['state=all&assignee=none', (f) => f.assignee === null],
    [`state=all&assignee=${broker.memberId}`, (f) => f.assignee?.memberId === broker.memberId],
    [`state=all&memberId=${member.memberId}`, (f) => [f.member, f.other].some((x) => x?.memberId === member.memberId)],
    [`state=open&dueBefore=${queue.inDays(2)}`, (f) => f.state === 'open' && f.dueOn < queue.inDays(2)]
  ]
  for (const [query, wanted] of filters) {
    const expected = all.filter(wanted).map(({ id }) => id)
    assert.ok(expected.length > 0, query)
    for (const sort of ['due', 'opened']) {
      const paged: string[] = []
      for (let next: string | null = ''; next !== null; ) {
        const page: Json = ok(await broker.get(`follow-ups?limit=3&sort=${sort}&${query}${next && `&cursor=${next}`}`))
        paged.push(...page.items.map(({ id }: Json) => id))
        next = page.next
      }
      assert.deepEqual(
        sort === 'due' ? paged : paged.toSorted(),
        sort === 'due' ? expected : expected.toSorted(),
        query
      )
    }
  }
  const { next } = ok(await broker.get('follow-ups?limit=1&sort=due'))
  refused(await broker.get(`follow-ups?sort=opened&cursor=${next}`), 400, 'validation-failed')
  for (const query of ['kind=gossip', 'assignee=you', 'state=late', 'dueBefore=0000-01-01', 'sort=name', 'who=me'])
    refused(await broker.get(`follow-ups?${query}`), 400, 'validation-failed')
  const csv = await broker.get('follow-ups?state=open&kind=unanswered_request', { accept: 'text/csv' })
  assert.match(csv.text, /suggestedStepCode,suggestedStepText/)
})

test('the summary counts what is not closed by kind and by who looks after it', async () => {
  const { followUp } = await unanswered(broker)
  const { followUp: later } = await unanswered(broker)
  ok(await snooze(later.id, queue.inDays(5)))
  await queue.pass(2.5)
  const summary = ok(await broker.get('follow-ups/summary'))
  const all: Json[] = ok(await admin.get('follow-ups?limit=200&state=all')).items
  const open = all.filter(({ state }) => state === 'open')
  const snoozed = all.filter(({ state }) => state === 'snoozed')
  const overdue = open.filter(({ dueOn }) => dueOn < queue.today())
  assert.deepEqual([summary.open, summary.overdue, summary.snoozed], [open.length, overdue.length, snoozed.length])
  const mine = (of: Json[]) =>
    of.filter((f) => f.kind === 'unanswered_request' && f.assignee?.memberId === broker.memberId).length
  const line = summary.items.find(
    (x: Json) => x.kind === 'unanswered_request' && x.assignee?.memberId === broker.memberId
  )
  assert.deepEqual([line.open, line.overdue, line.snoozed], [mine(open), mine(overdue), mine(snoozed)])
  assert.ok(line.overdue > 0 && line.snoozed > 0)
  assert.equal(line.assignee.name, 'Bron')
  assert.ok(followUp.dueOn < queue.today())
})

test('the suggested step is told in the language of who asks', async () => {
  const { followUp } = await unanswered()
  const texts = new Set<string>()
  for (const locale of ['en', 'cy', 'es', 'es-MX', 'xx']) {
    const { rowVersion } = ok(await other.get('/v1/me'))
    ok(await other.patch('/v1/me', { locale }, rowVersion))
    texts.add(ok(await other.get(`follow-ups/${followUp.id}`)).suggestedStep.text)
  }
  assert.equal(texts.size, 3, [...texts].join('\n'))
})

test('for staff; auditors see no names; members and other timebanks see nothing', async () => {
  const { member, followUp } = await unanswered(broker)
  const { id } = followUp
  const auditor = await queue.member({ roles: ['auditor'] })
  const seen = ok(await auditor.get(`follow-ups/${id}`))
  assert.deepEqual([seen.member.name, seen.assignee.name, seen.member.memberNumber], [null, null, member.number])
  assert.equal(
    ok(await auditor.get('follow-ups/summary')).items.every((x: Json) => !x.assignee?.name),
    true
  )
  ok(await auditor.get('follow-ups/first-replies?from=2026-01-01&to=2026-02-01'))
  refused(await assign(id, broker.memberId, auditor), 403, 'forbidden')
  refused(await snooze(id, queue.inDays(2), auditor), 403, 'forbidden')
  for (const path of [
    'follow-ups',
    `follow-ups/${id}`,
    'follow-ups/summary',
    'follow-ups/first-replies?from=2026-01-01&to=2026-02-01'
  ])
    refused(await member.get(path), 403, 'forbidden')
  refused(await assign(id, broker.memberId, member), 403, 'forbidden')
  refused(await queue.note(id, 'contacted', member), 403, 'forbidden')
  const stranger = await foundAnother(queue.stage, await queue.freshAdmin(), 'othertown')
  assert.deepEqual(ok(await stranger.get('follow-ups?state=all')).items, [])
  refused(await stranger.get(`follow-ups/${id}`), 404, 'not-found')
  refused(await assign(id, stranger.memberId, stranger), 404, 'not-found')
  refused(await snooze(id, queue.inDays(2), stranger), 404, 'not-found')
  refused(await queue.note(id, 'contacted', stranger), 404, 'not-found')
  refused(await assign(id, stranger.memberId, broker), 400, 'validation-failed')
})

test('a broker does not close what is about an exchange of their own', async () => {
  const member = await queue.member()
  const { id } = ok(
    await broker.post('exchanges/reports', queue.between(broker, member, { performedOn: queue.today() })),
    201
  )
  ok(await member.post(`exchanges/${id}/dispute`, { reason: 'Only half of it' }))
  const followUp = `disputed_exchange.${id}`
  assert.equal(ok(await broker.get(`follow-ups/${followUp}`)).assignee, null)
  refused(await queue.note(followUp, 'decided', broker), 403, 'forbidden')
  ok(await queue.note(followUp, 'decided', other))
})

test('what was written about a member is blanked when they are erased; what came of it stays', async () => {
  const { member, followUp } = await unanswered()
  ok(await broker.post(`follow-ups/${followUp.id}/outcome`, { outcome: 'contacted', note: 'Lives alone since May' }))
  ok(await admin.post(`members/${member.memberId}/departure`, {}))
  ok(await admin.post(`members/${member.memberId}/erasure`, { reason: 'Asked for it' }))
  const left = ok(await broker.get(`follow-ups/${followUp.id}`))
  assert.deepEqual([left.note, left.outcome, left.member.name], [null, 'contacted', `Former member ${member.number}`])
  const events = await admin.get(`audit?subjectType=follow-up&subjectId=${followUp.id}`)
  assert.ok(!events.text.includes('Lives alone'))
})
