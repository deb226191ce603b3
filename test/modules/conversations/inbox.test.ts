import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { inTimebank } from '../../../src/db/client.ts'
import { conversationsTasks } from '../../../src/modules/conversations/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import {
  addMember,
  type Client,
  foundAnother,
  makeStage,
  ok,
  refused,
  type Stage,
  setUp,
  signIn
} from '../../support/app.ts'
import { ask, type Json, makeOffer, makeOrganisation, say, see, textsOf } from './support.ts'

let stage: Stage
let admin: Client
let ann: Client
let bev: Client
let garden: string

before(async () => {
  stage = await makeStage('inbox')
  admin = await setUp(stage)
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: 'Bev' })
  garden = ok(await admin.get('categories/gardening')).id
  const { version } = ok(await admin.get('policy'))
  ok(
    await admin.call(
      'PATCH',
      'policy',
      { rules: { messagesPerHour: 1000 }, why: 'Random steps write much' },
      { 'if-match': `"${version}"` }
    )
  )
})

after(() => stage.close())

const inboxOf = async (client: Client): Promise<Json[]> => ok(await client.get('inbox?limit=200')).items
const summaryOf = async (client: Client): Promise<Json> => ok(await client.get('inbox/summary'))
const nightly = () => conversationsTasks(stage.database)['conversations.nightly']!({})
test('the inbox is one list of unread conversations and notices, newest first, and pages', async () => {
  const eve = await addMember(stage, admin, { name: 'Eve' })
  const propose = async () =>
    ok(
      await ann.post('exchanges', {
        provider: { memberId: ann.memberId },
        receiver: { memberId: eve.memberId },
        categoryId: garden,
        minutes: 30
      }),
      201
    ).id
  const offers = [await makeOffer(eve, garden), await makeOffer(eve, garden)]
  const first = (await ask(ann, offers[0]!, 'One')).id
  const exchange = await propose()
  const second = (await ask(bev, offers[1]!, 'Two')).id
  const later = await propose()
  await say(ann, first, 'Three')
  const items = await inboxOf(eve)
  assert.deepEqual(
    items.map((i) => i.conversation?.id ?? i.notice.subjectId),
    [first, later, second, exchange]
  )
  assert.deepEqual(
    items.map(({ text }) => text),
    [
      'Ann has written to you.',
      'Somebody proposes an exchange.',
      'Bev has written to you.',
      'Somebody proposes an exchange.'
    ]
  )
  const paged: Json[] = []
  for (let cursor = ''; ; ) {
    const page = ok(await eve.get(`inbox?limit=1${cursor}`))
    paged.push(...page.items)
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  assert.deepEqual(paged, items)
  assert.deepEqual(await summaryOf(eve), { conversations: 2, messages: 3, notices: 2 })
  ok(await eve.put(`conversations/${first}/mute`, { muted: true }))
  ok(await eve.put(`notices/${items[1].notice.id}/read`))
  assert.deepEqual(await summaryOf(eve), { conversations: 1, messages: 1, notices: 1 })
  ok(await eve.put(`conversations/${second}/read`, { upTo: 1 }))
  assert.deepEqual(
    (await inboxOf(eve)).map((i) => i.notice?.subjectId),
    [exchange]
  )
  assert.deepEqual(await summaryOf(ann), { conversations: 0, messages: 0, notices: 0 })
  refused(await eve.get('inbox?cursor=zzz'), 400, 'validation-failed')
  const other = await foundAnother(stage, admin, 'hilltown')
  refused(
    await { ...(await addMember(stage, other)), timebank: 'rivertown' }.get('/v1/timebanks/rivertown/inbox'),
    404,
    'not-found'
  )
})

test('the sentence is in the language of the reader', async () => {
  const sol = await addMember(stage, admin, { name: 'Sol', profile: { locale: 'es' } })
  await ask(ann, await makeOffer(sol, garden), 'Hola')
  assert.equal((await inboxOf(sol))[0].text, 'Ann le ha escrito.')
})

test('unread is what others wrote after the mark, for everybody, whatever is done in whatever order', async (t) => {
  const seed = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`FC_SEED=${seed}`)
  const { organisation, speaker, act } = await makeOrganisation(stage, admin, 'Allotments')
  const colleague = await addMember(stage, admin)
  await act(colleague)
  const broker = await addMember(stage, admin, { roles: ['broker'] })
  const who = fc.integer({ min: 0, max: 3 })
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('say' as const), who }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('read' as const), who, upTo: fc.integer({ min: 0, max: 20 }) })
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('mute' as const), who, muted: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('both' as const), who }) }
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const asker = await addMember(stage, admin, { login: true })
      const offer = await makeOffer(speaker, garden, { organisationId: organisation })
      const { id } = await ask(asker, offer, '1')
      ok(await asker.post(`conversations/${id}/brokers`, { memberId: broker.memberId }))
      const people = [asker, speaker, colleague, broker]
      const authors = [0]
      const from = [1, 1, 1, 2]
      const marks = [0, 0, 0, 1]
      const post = async (author: number) => authors.push(people.indexOf(people[author]!))
      for (const s of steps) {
        const client = people[s.who]!
        if (s.do === 'say') {
          await say(client, id, 'x')
          await post(s.who)
        } else if (s.do === 'read') {
          ok(await client.put(`conversations/${id}/read`, { upTo: s.upTo }))
          marks[s.who] = Math.min(Math.max(s.upTo, from[s.who]! - 1), authors.length)
        } else if (s.do === 'mute') ok(await client.put(`conversations/${id}/mute`, { muted: s.muted }))
        else {
          // at once: a message of another and this one's mark on what there is
          const author = (s.who + 1) % people.length
          const upTo = authors.length
          await Promise.all([
            say(people[author]!, id, 'x'),
            client.put(`conversations/${id}/read`, { upTo }).then((answer) => ok(answer))
          ])
          marks[s.who] = Math.max(upTo, from[s.who]! - 1)
          await post(author)
        }
        for (const [i, person] of people.entries()) {
          const seen = await see(person, id)
          const expected = authors.filter((author, n) => n + 1 > marks[i]! && author !== i).length
          assert.deepEqual([seen.messages, seen.readUpTo, seen.unread], [authors.length, marks[i], expected])
        }
      }
      const summary = await summaryOf(asker)
      const { unread, muted } = await see(asker, id)
      assert.equal(summary.messages, muted ? 0 : unread)
    }),
    { seed, numRuns: Number(process.env['MODEL_RUNS'] ?? 4), endOnFailure: true }
  )
})

test('messages older than the policy keeps them are removed, and a conversation with its last one', async () => {
  const begin = async (text: string) => (await ask(bev, await makeOffer(ann, garden), text)).id
  const [gone, kept, shown] = [await begin('Gone'), await begin('Long ago'), await begin('Shown')]
  ok(await ann.post(`conversations/${shown}/report`, { reason: 'To be looked at' }), 201)
  assert.equal((await see(ann, kept)).unread, 1)
  await nightly()
  assert.equal((await textsOf(ann, gone)).length, 1, 'not before its time')
  const emails = [ok(await ann.get('members/me')).email, ok(await bev.get('members/me')).email]
  const { rules } = ok(await admin.get('policy'))
  assert.equal(rules.retentionYears.messages, 2)
  stage.clock.now = new Date(Date.now() + (2 * 366 + 1) * 24 * 60 * 60 * 1000)
  try {
    const [annLater, bevLater] = [
      await signIn(stage, 'rivertown', emails[0]),
      await signIn(stage, 'rivertown', emails[1])
    ]
    await say(bevLater, kept, 'Today')
    await nightly()
    refused(await annLater.get(`conversations/${gone}`), 404, 'not-found')
    assert.deepEqual(await textsOf(annLater, kept), ['Today'])
    assert.deepEqual([(await see(annLater, kept)).unread, (await see(annLater, kept)).messages], [1, 2])
    assert.deepEqual(await textsOf(annLater, shown), ['Shown'], 'until the report is closed')
    assert.equal((await say(annLater, kept, 'Numbers go on')).number, 3)
  } finally {
    stage.clock.now = null
  }
})

test('where the two began an exchange instead, the night notes it as the first answer', async () => {
  const [gil, hal] = [await addMember(stage, admin), await addMember(stage, admin)]
  const { id } = await ask(hal, await makeOffer(gil, garden), 'Could you?')
  const first = async () => {
    const { timebankId } = ok(await admin.get('/v1/me')).memberships.find((m: Json) => m.slug === 'rivertown')
    return inTimebank(stage.database, timebankId, systemActor, async (tx) => {
      const found = await tx.client.query('SELECT first_reply_at FROM conversations.conversations WHERE id = $1', [id])
      return found.rows[0].first_reply_at as Date | null
    })
  }
  await nightly()
  assert.equal(await first(), null)
  ok(
    await gil.post('exchanges', {
      provider: { memberId: gil.memberId },
      receiver: { memberId: hal.memberId },
      categoryId: garden,
      minutes: 30
    }),
    201
  )
  await nightly()
  assert.ok((await first())! <= new Date())
})

test('of who is erased nothing is left of what they wrote, to themselves a report included', async () => {
  const dai = await addMember(stage, admin, { name: 'Dai' })
  const { id } = await ask(dai, await makeOffer(ann, garden), 'My secret')
  await say(ann, id, 'My answer')
  const { id: report } = ok(await dai.post(`conversations/${id}/report`, { reason: 'My reason' }), 201)
  ok(await admin.post(`conversation-reports/${report}/opening`))
  ok(await admin.post(`conversation-reports/${report}/closure`, { outcome: 'spoken_with', note: 'About Dai' }))
  ok(await admin.post(`members/${dai.memberId}/departure`, { reason: 'Moved away' }))
  ok(await admin.post(`members/${dai.memberId}/erasure`, { reason: 'They asked for it' }))
  const { items } = ok(await ann.get(`conversations/${id}/messages`))
  assert.deepEqual(
    items.map((m: Json) => [m.text, m.erased, m.author.name]),
    [
      ['My answer', false, 'Ann'],
      ['', true, `Former member ${dai.number}`]
    ]
  )
  const seen = ok(await admin.get(`conversation-reports/${report}`))
  assert.deepEqual([seen.reason, seen.note, seen.outcome], ['', null, 'spoken_with'])
})
