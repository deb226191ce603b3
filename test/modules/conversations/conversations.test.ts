import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import {
  firstReplies,
  unansweredConversation,
  unansweredConversations
} from '../../../src/modules/conversations/index.ts'
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
import { ask, type Json, listing, makeOffer, makeOrganisation, say, see, textsOf } from './support.ts'

let stage: Stage
let admin: Client
let broker: Client
let ann: Client
let bev: Client
let cai: Client
let garden: string
let timebankId: string

before(async () => {
  stage = await makeStage('conversations')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  ann = await addMember(stage, admin, { name: 'Ann', profile: { phone: '01234 567890', contactVisibility: 'staff' } })
  bev = await addMember(stage, admin, { name: 'Bev', profile: { phone: '09876 543210', contactVisibility: 'members' } })
  cai = await addMember(stage, admin, { name: 'Cai' })
  garden = ok(await admin.get('categories/gardening')).id
  timebankId = ok(await admin.get('/v1/timebanks/rivertown')).id
})

after(() => stage.close())

const side = (client: Client) => ({ memberId: client.memberId })
const propose = async (provider: Client, receiver: Client): Promise<string> =>
  ok(
    await provider.post('exchanges', {
      provider: side(provider),
      receiver: side(receiver),
      categoryId: garden,
      minutes: 30
    }),
    201
  ).id
const noticesOf = async (client: Client, conversation: string, query = ''): Promise<Json[]> =>
  ok(await client.get(`notices?limit=200${query}`)).items.filter((n: Json) => n.subjectId === conversation)
const asService = <T>(work: Parameters<typeof inTimebank<T>>[3]) =>
  inTimebank(stage.database, timebankId, systemActor, work)

test('who asks about an offer and who makes it write to each other; each sees what is unread to them', async () => {
  const offer = await makeOffer(ann, garden)
  const begun = await ask(bev, offer, '  Could you come on Friday?  ')
  assert.deepEqual(begun.about, { kind: 'offer', id: offer })
  assert.equal(begun.lastMessage.text, 'Could you come on Friday?')
  assert.deepEqual([begun.messages, begun.unread, begun.readUpTo], [1, 0, 0])
  assert.equal((await see(ann, begun.id)).unread, 1)
  await say(ann, begun.id, 'Gladly.')
  await say(ann, begun.id, 'At ten?')
  assert.deepEqual(await textsOf(bev, begun.id), ['At ten?', 'Gladly.', 'Could you come on Friday?'])
  const seen = await see(bev, begun.id)
  assert.deepEqual([seen.messages, seen.unread, seen.lastMessage.author.name], [3, 2, 'Ann'])
  assert.equal(ok(await bev.put(`conversations/${begun.id}/read`, { upTo: 2 })).unread, 1)
  assert.equal(ok(await bev.put(`conversations/${begun.id}/read`, { upTo: 99 })).readUpTo, 3)
  assert.equal((await see(bev, begun.id)).unread, 0)
  assert.equal((await see(ann, begun.id)).unread, 1, 'what one has read is nothing to the other')
  assert.equal(ok(await bev.put(`conversations/${begun.id}/read`, { upTo: 0 })).unread, 2, 'unread again')
})

test('a second start goes on where the first one is, from either side of an exchange', async () => {
  const offer = await makeOffer(ann, garden)
  const { id } = await ask(bev, offer, 'One')
  const again = await ask(bev, offer, 'Two', 200)
  assert.deepEqual([again.id, again.messages], [id, 2])
  assert.notEqual((await ask(cai, offer, 'Me too')).id, id, 'another asker has a conversation of their own')
  const exchange = await propose(ann, bev)
  const first = ok(await bev.post(`exchanges/${exchange}/conversations`, { text: 'When?' }), 201)
  const answer = await ann.post(`exchanges/${exchange}/conversations`, { text: 'On Monday' })
  assert.equal(ok(answer, 200).id, first.id)
  assert.match(String(answer.headers['location']), new RegExp(`/conversations/${first.id}$`))
  assert.deepEqual(await textsOf(bev, first.id), ['On Monday', 'When?'])
})

test('a request is asked about as an offer is, and a broker writes to a member by number', async () => {
  const request = ok(await ann.post('requests', listing(garden)), 201).id
  const { id, about } = ok(await bev.post(`requests/${request}/conversations`, { text: 'I can help' }), 201)
  assert.deepEqual(about, { kind: 'request', id: request })
  await say(ann, id, 'Lovely')
  const written = ok(await broker.post(`members/${ann.number}/conversations`, { text: 'How are you?' }), 201)
  assert.deepEqual(written.about, { kind: 'member', id: ann.memberId })
  assert.equal(ok(await broker.post(`members/${ann.memberId}/conversations`, { text: '?' }), 200).id, written.id)
  await say(ann, written.id, 'Well')
  assert.equal((await see(broker, written.id)).unread, 1)
  refused(await bev.post(`members/${ann.memberId}/conversations`, { text: 'Hello' }), 403, 'forbidden')
  refused(await broker.post(`members/${broker.number}/conversations`, { text: 'Me' }), 422, 'own-listing')
  refused(await broker.post('members/999999/conversations', { text: 'Nobody' }), 404, 'not-found')
})

test('nobody but who takes part has a conversation, staff and other timebanks included', async () => {
  const { id } = await ask(bev, await makeOffer(ann, garden), 'Between us')
  const other = await foundAnother(stage, admin, 'hilltown')
  const stranger = { ...(await addMember(stage, other)), timebank: 'rivertown' }
  const auditor = await addMember(stage, admin, { roles: ['auditor'] })
  for (const who of [cai, broker, admin, auditor, stranger]) {
    refused(await who.get(`conversations/${id}`), 404, 'not-found')
    refused(await who.get(`conversations/${id}/messages`), 404, 'not-found')
    refused(await who.post(`conversations/${id}/messages`, { text: 'Me too' }), 404, 'not-found')
    refused(await who.put(`conversations/${id}/read`, { upTo: 1 }), 404, 'not-found')
    refused(await who.put(`conversations/${id}/mute`, { muted: true }), 404, 'not-found')
    const list = await who.get('conversations')
    assert.ok(!list.text.includes('Between us'))
  }
  const exchange = await propose(ann, bev)
  for (const who of [cai, broker, stranger])
    refused(await who.post(`exchanges/${exchange}/conversations`, { text: 'Me too' }), 404, 'not-found')
  const events = (await admin.get(`audit?subjectType=conversation&subjectId=${id}`)).text
  assert.ok(events.includes('conversation.started') && !events.includes('Between us'))
})

test('about what somebody cannot see, or what is their own, they do not begin', async () => {
  const draft = await makeOffer(ann, garden, { open: false })
  refused(await bev.post(`offers/${draft}/conversations`, { text: 'Hello' }), 404, 'not-found')
  refused(await broker.post(`offers/${draft}/conversations`, { text: 'Hello' }), 409, 'wrong-state')
  refused(await ann.post(`offers/${draft}/conversations`, { text: 'Hello' }), 422, 'own-listing')
  refused(await bev.post(`offers/${randomUUID()}/conversations`, { text: 'Hello' }), 404, 'not-found')
  const offer = await makeOffer(ann, garden)
  refused(await bev.post(`offers/${offer}/conversations`, { text: ' ' }), 400, 'validation-failed')
  refused(await bev.post(`offers/${offer}/conversations`, { text: 'x'.repeat(4001) }), 400, 'validation-failed')
  refused(await bev.post(`offers/${offer}/conversations`, { text: 'x', phone: '1' }), 400, 'validation-failed')
  const { id } = await ask(bev, offer, 'x'.repeat(4000))
  ok(await ann.post(`offers/${offer}/closure`, {}))
  await say(ann, id, 'It is closed, but we can still write')
  assert.equal((await ask(bev, offer, 'Thanks', 200)).id, id)
  refused(await cai.post(`offers/${offer}/conversations`, { text: 'Late' }), 404, 'not-found')
})

test('no contact data is among what is answered, and who hides their profile is named once they write', async () => {
  const shy = await addMember(stage, admin, { name: 'Shy Person', profile: { profileVisibility: 'staff' } })
  const offer = await makeOffer(shy, garden)
  const { id, participants } = await ask(bev, offer, 'Hello?')
  const other = participants.find((p: Json) => !p.you)
  assert.deepEqual([other.memberId, other.memberNumber, other.name], [null, null, null])
  await say(shy, id, 'Here I am')
  const seen = await bev.get(`conversations/${id}`)
  assert.equal(seen.body.participants.find((p: Json) => !p.you).name, 'Shy Person')
  const known = await ask(ann, await makeOffer(bev, garden), 'Hello')
  const pages = [
    seen.text,
    (await ann.get(`conversations/${known.id}`)).text,
    (await bev.get('conversations')).text,
    (await bev.get(`conversations/${known.id}/messages`)).text
  ]
  for (const text of pages) assert.ok(!/example\.org|01234|09876|"(email|phone|otherPhone)"/.test(text), text)
})

test("for an organisation everybody who acts for it takes part, from when they do and until they don't", async () => {
  const { organisation, speaker, act } = await makeOrganisation(stage, admin, 'Library')
  const offer = await makeOffer(speaker, garden, { organisationId: organisation })
  const { id } = await ask(bev, offer, 'Do you lend tools?')
  assert.equal((await see(speaker, id)).unread, 1)
  const colleague = await addMember(stage, admin, { name: 'Colleague' })
  refused(await colleague.get(`conversations/${id}`), 404, 'not-found')
  const affiliation = await act(colleague)
  assert.equal((await see(colleague, id)).unread, 1)
  assert.equal(ok(await colleague.put(`conversations/${id}/read`, { upTo: 1 })).unread, 0)
  await say(bev, id, 'Anybody?')
  assert.equal((await see(colleague, id)).unread, 1)
  assert.equal((await noticesOf(colleague, id)).length, 1)
  const answers = await Promise.all(
    [speaker, colleague].map((who) => who.post(`conversations/${id}/messages`, { text: 'Yes' }))
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201]
  )
  assert.deepEqual(
    answers.map(({ body }) => body.number).sort(),
    [3, 4],
    'two who answer at once are both heard, in order'
  )
  assert.deepEqual((await see(bev, id)).unread, 2)
  assert.equal(
    (await see(speaker, id)).participants.find((p: Json) => p.name === 'Colleague').organisation.name,
    'Library'
  )
  await inTimebank(stage.database, timebankId, systemActor, (tx) =>
    tx.client.query(
      "UPDATE members.affiliations SET valid_from = '2020-01-01', valid_to = '2020-01-02' WHERE timebank_id = $1 AND id = $2",
      [timebankId, affiliation]
    )
  )
  refused(await colleague.get(`conversations/${id}`), 404, 'not-found')
  assert.ok(!(await colleague.get('conversations')).text.includes(id))
  const told = (await noticesOf(colleague, id)).length
  await say(bev, id, 'Thank you')
  assert.equal((await noticesOf(colleague, id)).length, told)
})

test('of two who begin at once one conversation comes, with both messages', async () => {
  const exchange = await propose(ann, bev)
  const offer = await makeOffer(ann, garden)
  const both = await Promise.all([
    ann.post(`exchanges/${exchange}/conversations`, { text: 'A' }),
    bev.post(`exchanges/${exchange}/conversations`, { text: 'B' }),
    bev.post(`offers/${offer}/conversations`, { text: 'C' }),
    bev.post(`offers/${offer}/conversations`, { text: 'D' }),
    bev.post(`offers/${offer}/conversations`, { text: 'E' })
  ])
  const [x, y, ...z] = both
  assert.deepEqual([x!.status, y!.status].sort(), [200, 201])
  assert.equal(x!.body.id, y!.body.id)
  assert.deepEqual(z.map(({ status }) => status).sort(), [200, 200, 201])
  assert.equal(new Set(z.map(({ body }) => body.id)).size, 1)
  assert.deepEqual((await textsOf(ann, x!.body.id)).sort(), ['A', 'B'])
  assert.deepEqual((await textsOf(ann, z[0]!.body.id)).sort(), ['C', 'D', 'E'])
})

test('a message sent again under the same key is one message', async () => {
  const { id } = await ask(bev, await makeOffer(ann, garden), 'Hello')
  const key = { 'idempotency-key': randomUUID() }
  const first = await bev.post(`conversations/${id}/messages`, { text: 'Once' }, key)
  const again = await bev.post(`conversations/${id}/messages`, { text: 'Once' }, key)
  assert.deepEqual(ok(again, 201), ok(first, 201))
  assert.equal(again.headers['idempotency-replayed'], 'true')
  assert.deepEqual(await textsOf(ann, id), ['Once', 'Hello'])
  refused(await bev.post(`conversations/${id}/messages`, { text: 'Twice' }, key), 422, 'idempotency-key-reused')
})

test('the list comes newest activity first and pages without gap or repeat; unread filters it', async () => {
  const eve = await addMember(stage, admin, { name: 'Eve' })
  const ids: string[] = []
  for (let i = 0; i < 7; i += 1) ids.push((await ask(eve, await makeOffer(ann, garden), `No. ${i}`)).id)
  await say(ann, ids[2]!, 'Yes')
  await say(ann, ids[5]!, 'Yes')
  const expected = [5, 2, 6, 4, 3, 1, 0].map((i) => ids[i])
  const found: string[] = []
  for (let cursor = ''; ; ) {
    const page = ok(await eve.get(`conversations?limit=3${cursor}`))
    found.push(...page.items.map((c: Json) => c.id))
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  assert.deepEqual(found, expected)
  assert.deepEqual(
    ok(await eve.get('conversations?unread=true')).items.map((c: Json) => c.id),
    [ids[5], ids[2]]
  )
  refused(await eve.get('conversations?cursor=zzz'), 400, 'validation-failed')
  const { id } = (await eve.get(`conversations/${ids[0]}`)).body
  for (let i = 0; i < 4; i += 1) await say(eve, id, `More ${i}`)
  const page = ok(await ann.get(`conversations/${id}/messages?limit=3`))
  const rest = ok(await ann.get(`conversations/${id}/messages?limit=3&cursor=${page.next}`))
  assert.deepEqual(
    [...page.items, ...rest.items].map((m: Json) => m.number),
    [5, 4, 3, 2, 1]
  )
  assert.equal(rest.next, null)
})

test('there is one unread notice for a conversation; reading it all is reading the notice; muted there is none', async () => {
  const { id } = await ask(bev, await makeOffer(ann, garden), 'One')
  await say(bev, id, 'Two')
  await say(bev, id, 'Three')
  const [notice, ...more] = await noticesOf(ann, id)
  assert.deepEqual(more, [])
  assert.deepEqual([notice.kind, notice.readAt], ['conversation.message', null])
  assert.deepEqual(await noticesOf(bev, id), [], 'nobody is told of what they wrote')
  ok(await ann.put(`conversations/${id}/read`, { upTo: 2 }))
  assert.equal((await noticesOf(ann, id, '&unread=true')).length, 1, 'not all is read')
  ok(await ann.put(`conversations/${id}/read`, { upTo: 3 }))
  assert.equal((await noticesOf(ann, id, '&unread=true')).length, 0)
  await say(bev, id, 'Four')
  assert.equal((await noticesOf(ann, id)).length, 2, 'a new one for what is new')
  ok(await ann.put(`notices/${(await noticesOf(ann, id, '&unread=true'))[0].id}/read`))
  await say(bev, id, 'Five')
  assert.equal((await noticesOf(ann, id)).length, 3, 'also after the notice alone was read')
  assert.equal(ok(await ann.put(`conversations/${id}/mute`, { muted: true })).muted, true)
  assert.equal((await noticesOf(ann, id, '&unread=true')).length, 0)
  await say(bev, id, 'Six')
  assert.equal((await noticesOf(ann, id)).length, 3)
  assert.equal((await see(ann, id)).unread, 6 - 3)
  assert.equal((await see(bev, id)).muted, false)
  ok(await ann.put(`conversations/${id}/mute`, { muted: false }))
  await say(bev, id, 'Seven')
  assert.equal((await noticesOf(ann, id)).length, 4)
})

test('who is suspended reads and does not write; to who has left nobody writes any more', async () => {
  const [dai, eli] = [await addMember(stage, admin), await addMember(stage, admin)]
  const { id } = await ask(dai, await makeOffer(eli, garden), 'Hello')
  ok(await dai.post('members/me/pause', {}))
  await say(dai, id, 'I pause, but let us finish')
  ok(await dai.post('members/me/resumption', {}))
  ok(await admin.post(`members/${dai.memberId}/suspension`, { reason: 'To be looked into' }))
  refused(await dai.post(`conversations/${id}/messages`, { text: 'Hello' }), 403, 'not-active')
  refused(await dai.post(`offers/${await makeOffer(ann, garden)}/conversations`, { text: 'Hi' }), 403, 'not-active')
  assert.equal((await textsOf(dai, id)).length, 2)
  await say(eli, id, 'You can still read this')
  ok(await admin.post(`members/${dai.memberId}/departure`, { reason: 'Moved away' }))
  refused(await eli.post(`conversations/${id}/messages`, { text: 'Still there?' }), 422, 'nobody-there')
  assert.equal((await dai.get(`conversations/${id}`)).status, 403)
})

test('more than the policy allows within an hour is refused with a time to wait, and goes on after it', async () => {
  const [fay, gus] = [await addMember(stage, admin), await addMember(stage, admin)]
  const policy = await admin.get('policy')
  const set = async (messagesPerHour: number) => {
    const { version } = ok(await admin.get('policy'))
    ok(
      await admin.call(
        'PATCH',
        'policy',
        { rules: { messagesPerHour }, why: 'For one test' },
        { 'if-match': `"${version}"` }
      )
    )
  }
  assert.equal(policy.body.rules.messagesPerHour, 60)
  await set(3)
  try {
    const { id } = await ask(fay, await makeOffer(gus, garden), '1')
    await say(fay, id, '2')
    await say(fay, id, '3')
    const answer = await fay.post(`conversations/${id}/messages`, { text: '4' })
    refused(answer, 429, 'rate-limited')
    const wait = Number(answer.headers['retry-after'])
    assert.ok(wait > 3500 && wait <= 3600, String(wait))
    await say(gus, id, 'Others are not held up')
    const { email } = ok(await fay.get('members/me'))
    stage.clock.now = new Date(Date.now() + (wait + 1) * 1000)
    await say(await signIn(stage, 'rivertown', email), id, '4')
  } finally {
    stage.clock.now = null
    await set(60)
  }
})

test('what nobody has answered is found until the other side writes or begins an exchange', async () => {
  const [gil, hal] = [await addMember(stage, admin), await addMember(stage, admin)]
  const from = new Date()
  const ids: string[] = []
  for (let i = 0; i < 3; i += 1) ids.push((await ask(hal, await makeOffer(gil, garden), `No. ${i}`)).id)
  const later = new Date(Date.now() + 60_000)
  const waiting = () =>
    asService((tx) =>
      unansweredConversations(
        tx,
        { before: later, after: { startedAt: from, id: '00000000-0000-0000-0000-000000000000' } },
        10
      )
    )
  const first = (await waiting())[0]!
  assert.deepEqual(
    (await waiting()).map(({ id }) => id),
    ids
  )
  assert.deepEqual([first.askerId, first.askedId, first.about.kind], [hal.memberId, gil.memberId, 'offer'])
  assert.deepEqual(await asService((tx) => unansweredConversation(tx, ids[1]!)).then((x) => x?.id), ids[1])
  await say(hal, ids[0]!, 'Hello?')
  assert.equal((await waiting()).length, 3, 'the asker does not answer themselves')
  await say(gil, ids[1]!, 'Yes')
  assert.deepEqual(
    (await waiting()).map(({ id }) => id),
    [ids[0], ids[2]]
  )
  assert.equal(await asService((tx) => unansweredConversation(tx, ids[1]!)), null)
  assert.deepEqual(
    (await asService((tx) => unansweredConversations(tx, { before: later, after: first }, 10))).map(({ id }) => id),
    [ids[2]]
  )
  assert.deepEqual(
    await asService((tx) => unansweredConversations(tx, { before: from }, 10)).then((x) =>
      x.filter(({ askerId }) => askerId === hal.memberId)
    ),
    []
  )
  await propose(gil, hal)
  const begun = Date.now()
  assert.deepEqual(await waiting(), [])
  await new Promise((resolve) => setTimeout(resolve, 20))
  await say(gil, ids[0]!, 'I have proposed it')
  const replies = await asService((tx) => firstReplies(tx, { from, to: later }))
  assert.deepEqual(
    replies.map(({ id }) => id),
    ids
  )
  for (const { startedAt, firstReplyAt } of replies) assert.ok(firstReplyAt !== null && firstReplyAt >= startedAt)
  assert.ok(replies[0]!.firstReplyAt!.getTime() <= begun, 'the exchange was the first answer, not the words after it')
})
