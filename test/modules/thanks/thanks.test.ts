import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { inTimebank } from '../../../src/db/client.ts'
import { thanksTold } from '../../../src/modules/thanks/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

let stage: Stage
let admin: Client
let broker: Client
let ann: Client
let bev: Client
let cai: Client
let garden: string

before(async () => {
  stage = await makeStage('thanks')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: 'Bev' })
  cai = await addMember(stage, admin, { name: 'Cai' })
  garden = ok(await admin.get('categories/gardening')).id
})

after(() => stage.close())

const settled = async (provider: Client | string, receiver: Client | string): Promise<string> => {
  const side = (x: Client | string) =>
    typeof x === 'string' ? { capacity: 'organisation', organisationId: x } : { memberId: x.memberId }
  const input = { provider: side(provider), receiver: side(receiver), categoryId: garden, minutes: 15 }
  return ok(await admin.post('exchanges/records', { ...input, performedOn: '2026-01-15' }), 201).id
}
const thank = (client: Client, exchange: string, text: string, visibility?: string) =>
  client.put(`exchanges/${exchange}/thanks`, { text, ...(visibility ? { visibility } : {}) })
const answer = async (client: Client, exchange: string, body: unknown): Promise<Json> =>
  ok(await client.put(`exchanges/${exchange}/thanks/received`, body))
const onExchange = async (client: Client, exchange: string): Promise<Json> =>
  ok(await client.get(`exchanges/${exchange}/thanks`))
const openOf = async (member: Client, by = cai): Promise<string[]> =>
  ok(await by.get(`members/${member.memberId}/thanks?limit=200`)).items.map((n: Json) => n.text)
const own = async (client: Client, query: string): Promise<string[]> =>
  ok(await client.get(`thanks?limit=200&${query}`)).items.map((n: Json) => n.text)
const rings = async (client: Client, exchange: string): Promise<number> =>
  ok(await client.get('notices?limit=200')).items.filter(
    (n: Json) => n.kind === 'thanks.given' && n.subjectId === exchange
  ).length

test('each side leaves the other one note, private at first; both see both', async () => {
  const exchange = await settled(ann, bev)
  assert.deepEqual(await onExchange(bev, exchange), { given: null, received: null })
  const note = ok(await thank(bev, exchange, '  Lovely roses  '), 201)
  assert.deepEqual(
    [note.text, note.visibility, note.shared, note.hidden, note.author.name, note.about.name],
    ['Lovely roses', 'private', false, null, 'Bev', 'Ann']
  )
  ok(await thank(ann, exchange, 'Lovely tea'), 201)
  const seen = await onExchange(ann, exchange)
  assert.deepEqual([seen.given.text, seen.received.text, seen.received.hidden], ['Lovely tea', 'Lovely roses', false])
  assert.deepEqual(await own(ann, 'about=me'), ['Lovely roses'])
  assert.deepEqual(await own(ann, 'from=me'), ['Lovely tea'])
  assert.deepEqual(await openOf(ann), [])
  const again = ok(await thank(bev, exchange, 'Lovely white roses'))
  assert.deepEqual([again.id, again.text], [note.id, 'Lovely white roses'])
  assert.equal(await rings(ann, exchange), 1)
})

test('others see a note when both have opened it, and only that text', async () => {
  const dai = await addMember(stage, admin, { name: 'Dai' })
  const first = await settled(dai, bev)
  const second = await settled(dai, cai)
  ok(await thank(bev, first, 'One', 'timebank'), 201)
  assert.deepEqual(await openOf(dai), [], 'the author alone does not open it')
  await answer(dai, first, { shared: true })
  assert.deepEqual(await openOf(dai), ['One'])
  ok(await thank(cai, second, 'Two'), 201)
  await answer(dai, second, { shared: true })
  assert.deepEqual(await openOf(dai), ['One'], 'nor does the thanked alone')
  ok(await thank(cai, second, 'Two', 'timebank'))
  assert.deepEqual(await openOf(dai), ['Two', 'One'], 'newest first')
  const [open] = ok(await ann.get(`members/${dai.number}/thanks`)).items
  assert.deepEqual(Object.keys(open).sort(), ['author', 'givenOn', 'id', 'text'], 'nothing of the exchange, no count')
  assert.equal(open.author.name, 'Cai')
  ok(await thank(cai, second, 'Two, otherwise', 'timebank'))
  assert.deepEqual(await openOf(dai), ['One'], 'another text is to be opened again')
  await answer(dai, second, { shared: true })
  assert.deepEqual(await openOf(dai), ['Two, otherwise', 'One'])
  ok(await thank(bev, first, 'One', 'private'))
  assert.deepEqual(await openOf(dai), ['Two, otherwise'])
  const page = ok(await ann.get(`members/${dai.number}/thanks?limit=1`))
  assert.equal(page.next, null)
})

test('the thanked hides a note, without its author being told; the author takes one back, and nothing stays', async () => {
  const exchange = await settled(ann, bev)
  ok(await thank(bev, exchange, 'Too much', 'timebank'), 201)
  await answer(ann, exchange, { shared: true })
  const hidden = await answer(ann, exchange, { shared: false, hidden: true })
  assert.deepEqual([hidden.hidden, hidden.shared], [true, false])
  assert.ok(!(await openOf(ann)).includes('Too much'))
  assert.ok(!(await own(ann, 'about=me')).includes('Too much'))
  assert.ok((await own(ann, 'about=me&hidden=true')).includes('Too much'))
  assert.equal((await onExchange(bev, exchange)).given.hidden, null)
  refused(
    await ann.put(`exchanges/${exchange}/thanks/received`, { shared: true, hidden: true }),
    400,
    'validation-failed'
  )
  refused(await ann.call('DELETE', `exchanges/${exchange}/thanks`), 404, 'not-found')
  assert.equal((await bev.call('DELETE', `exchanges/${exchange}/thanks`)).status, 204)
  refused(await bev.call('DELETE', `exchanges/${exchange}/thanks`), 404, 'not-found')
  refused(await ann.put(`exchanges/${exchange}/thanks/received`, { shared: true }), 404, 'not-found')
  assert.deepEqual(await onExchange(ann, exchange), { given: null, received: null })
  ok(await thank(bev, exchange, 'Written anew'))
  assert.equal(await rings(ann, exchange), 1, 'it does not ring twice')
})

test('private notes are for the two sides: not for staff, other members, other timebanks', async () => {
  const exchange = await settled(ann, bev)
  ok(await thank(bev, exchange, 'Between us'), 201)
  const other = await foundAnother(stage, admin, 'hilltown')
  const stranger = { ...(await addMember(stage, other)), timebank: 'rivertown' }
  const auditor = await addMember(stage, admin, { roles: ['auditor'] })
  for (const who of [broker, admin, cai, auditor, stranger]) {
    refused(await who.get(`exchanges/${exchange}/thanks`), 404, 'not-found')
    refused(await thank(who, exchange, 'Me too'), 404, 'not-found')
    refused(await who.put(`exchanges/${exchange}/thanks/received`, { shared: true }), 404, 'not-found')
    refused(await who.call('DELETE', `exchanges/${exchange}/thanks`), 404, 'not-found')
    for (const where of ['thanks?about=me', 'thanks?from=me', `members/${ann.memberId}/thanks`])
      assert.ok(!(await who.get(where)).text.includes('Between us'))
  }
  refused(await auditor.get(`members/${ann.memberId}/thanks`), 404, 'not-found')
  const { text } = await admin.get(`audit?subjectType=exchange&subjectId=${exchange}`)
  assert.ok(text.includes('thanks.given') && !text.includes('Between us'))
})

test('thanks are given once it is settled, and what is reversed leaves the open list', async () => {
  const { id: proposed } = ok(
    await ann.post('exchanges', {
      provider: { memberId: ann.memberId },
      receiver: { memberId: bev.memberId },
      categoryId: garden,
      minutes: 15
    }),
    201
  )
  refused(await thank(bev, proposed, 'Early'), 409, 'wrong-state')
  const exchange = await settled(ann, bev)
  refused(await thank(bev, exchange, ' '), 400, 'validation-failed')
  refused(await thank(bev, exchange, 'x'.repeat(1001)), 400, 'validation-failed')
  refused(await thank(bev, exchange, 'x', 'everybody'), 400, 'validation-failed')
  ok(await thank(bev, exchange, 'Soon undone', 'timebank'), 201)
  await answer(ann, exchange, { shared: true })
  assert.ok((await openOf(ann)).includes('Soon undone'))
  ok(await broker.post(`exchanges/${exchange}/reversal`, { reason: 'Recorded by mistake' }))
  assert.ok(!(await openOf(ann)).includes('Soon undone'))
  assert.ok((await own(ann, 'about=me')).includes('Soon undone'), 'to the two it stays')
  refused(await thank(bev, exchange, 'Again'), 409, 'wrong-state')
  assert.equal((await bev.call('DELETE', `exchanges/${exchange}/thanks`)).status, 204)
})

test('who hides their profile is thanked, and is not listed; an author who hides theirs is not named', async () => {
  const shy = await addMember(stage, admin, { name: 'Shy', profile: { profileVisibility: 'staff' } })
  const [of, from] = [await settled(shy, bev), await settled(cai, shy)]
  ok(await thank(bev, of, 'Thank you', 'timebank'), 201)
  await answer(shy, of, { shared: true })
  refused(await ann.get(`members/${shy.memberId}/thanks`), 404, 'not-found')
  assert.deepEqual(await openOf(shy, shy), ['Thank you'])
  ok(await thank(shy, from, 'Shyly', 'timebank'), 201)
  await answer(cai, from, { shared: true })
  const note = ok(await ann.get(`members/${cai.memberId}/thanks`)).items.find((n: Json) => n.text === 'Shyly')
  assert.equal(note.author, null)
})

test('for an organisation those who act for it thank and are thanked', async () => {
  const organisation: string = ok(await admin.post('organisations', { name: 'Library', kind: 'charity' }), 201).id
  const speaker = await addMember(stage, admin, { name: 'Speaker' })
  const affiliation = { memberId: speaker.memberId, professional: false, actsFor: true }
  ok(await admin.post(`organisations/${organisation}/affiliations`, affiliation), 201)
  const exchange = await settled(organisation, bev)
  ok(await thank(bev, exchange, 'Good books'), 201)
  assert.equal(await rings(speaker, exchange), 1)
  const note = ok(await thank(speaker, exchange, 'Good reader', 'timebank'), 201)
  assert.deepEqual(note.author.organisation, { id: organisation, name: 'Library' })
  assert.deepEqual(await own(speaker, 'about=me'), ['Good books'])
  assert.deepEqual(await own(speaker, 'from=me'), ['Good reader'])
  await answer(bev, exchange, { shared: true })
  assert.ok((await openOf(bev)).includes('Good reader'))
  const mine = await settled(organisation, speaker)
  refused(await thank(speaker, mine, 'Me'), 403, 'forbidden')
})

test('of two of one side who write at once one note comes, and it rings once', async () => {
  const exchange = await settled(ann, bev)
  const answers = await Promise.all(['A', 'B', 'C'].map((text) => thank(bev, exchange, text)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201])
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
  assert.equal(await rings(ann, exchange), 1)
})

test('lists page without gap or repeat, and say which list they are', async () => {
  const eve = await addMember(stage, admin, { name: 'Eve' })
  const texts: string[] = []
  for (let i = 0; i < 5; i += 1) {
    texts.unshift(`No. ${i}`)
    ok(await thank(bev, await settled(eve, bev), `No. ${i}`), 201)
  }
  const found: string[] = []
  for (let cursor = ''; ; ) {
    const page = ok(await eve.get(`thanks?about=me&limit=2${cursor}`))
    found.push(...page.items.map((n: Json) => n.text))
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  assert.deepEqual(found, texts)
  for (const query of ['', '?about=me&from=me', '?from=me&hidden=true', '?about=you', '?about=me&cursor=zzz'])
    refused(await eve.get(`thanks${query}`), 400, 'validation-failed')
})

test('of who is erased neither what they wrote nor what was written to them stays', async () => {
  const gil = await addMember(stage, admin, { name: 'Gil' })
  const exchange = await settled(gil, bev)
  ok(await thank(gil, exchange, 'From Gil', 'timebank'), 201)
  ok(await thank(bev, exchange, 'To Gil'), 201)
  await answer(bev, exchange, { shared: true })
  ok(await admin.post(`members/${gil.memberId}/departure`, { reason: 'Moved away' }))
  refused(await thank(bev, exchange, 'To nobody'), 422, 'party-not-active')
  assert.ok((await openOf(bev)).includes('From Gil'))
  ok(await admin.post(`members/${gil.memberId}/erasure`, { reason: 'They asked for it' }))
  assert.deepEqual(await onExchange(bev, exchange), { given: null, received: null })
  assert.ok(!(await openOf(bev)).includes('From Gil'))
})

test('a mail would say who thanks, for what and in which words, unless it is taken back or hidden', async () => {
  const exchange = await settled(ann, bev)
  ok(await thank(bev, exchange, 'Lovely roses'), 201)
  ok(await thank(ann, exchange, 'Lovely tea'), 201)
  const { id } = ok(await admin.get('/v1/timebanks/rivertown'))
  const told = async (client: Client) => {
    const found = await inTimebank(stage.database, id, systemActor, (tx) => thanksTold(tx, client.memberId, [exchange]))
    const { who, what, text, over } = found.get(exchange)!
    return [who, what, text, over]
  }
  const { name } = ok(await admin.get('categories/gardening'))
  assert.deepEqual(await told(ann), ['Bev', name, 'Lovely roses', false])
  assert.deepEqual(await told(bev), ['Ann', name, 'Lovely tea', false])
  await answer(bev, exchange, { shared: false, hidden: true })
  ok(await bev.call('DELETE', `exchanges/${exchange}/thanks`), 204)
  assert.deepEqual(await told(ann), ['Bev', name, null, true])
  assert.equal((await told(bev))[3], true)
})

test('others see a note exactly while both open it and it is not hidden, whatever was done before', async (t) => {
  const seed = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`FC_SEED=${seed}`)
  const visibility = fc.constantFrom('private' as const, 'timebank' as const)
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('give' as const), text: fc.constantFrom('P', 'Q'), visibility })
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('answer' as const), shared: fc.boolean(), hidden: fc.boolean() })
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const) }) }
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
      const hal = await addMember(stage, admin)
      const exchange = await settled(hal, bev)
      let text = ''
      let [open, shared, hidden] = [false, false, false]
      for (const s of steps) {
        if (s.do === 'give') {
          assert.ok([200, 201].includes((await thank(bev, exchange, s.text, s.visibility)).status))
          shared &&= s.text === text
          text = s.text
          open = s.visibility === 'timebank'
        } else if (s.do === 'remove') {
          const { status } = await bev.call('DELETE', `exchanges/${exchange}/thanks`)
          assert.equal(status, text === '' ? 404 : 204)
          text = ''
          shared = false
        } else {
          const body = { shared: s.shared && !s.hidden, hidden: s.hidden }
          const { status } = await hal.put(`exchanges/${exchange}/thanks/received`, body)
          assert.equal(status, text === '' ? 404 : 200)
          if (text !== '') [shared, hidden] = [body.shared, body.hidden]
        }
        const expected = text !== '' && open && shared && !hidden ? [text] : []
        assert.deepEqual(await openOf(hal), expected)
        assert.deepEqual(await own(hal, 'about=me'), text === '' || hidden ? [] : [text])
      }
    }),
    { seed, numRuns: Number(process.env['MODEL_RUNS'] ?? 6), endOnFailure: true }
  )
})
