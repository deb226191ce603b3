import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let people: Client[]
// biome-ignore lint/suspicious/noExplicitAny: looked into by the tests, which know their shape
let every: any[]

before(async () => {
  stage = await makeStage('exchange-lists')
  admin = await setUp(stage)
  people = [await addMember(stage, admin), await addMember(stage, admin), await addMember(stage, admin)]
  const categories = [
    (await admin.get('categories/gardening')).body.id,
    (await admin.get('categories/cooking')).body.id
  ]
  for (let i = 0; i < 24; i += 1) {
    const [provider, receiver] = [people[i % 3]!, people[(i + 1 + (i % 2)) % 3]!]
    const body = {
      provider: { memberId: provider.memberId },
      receiver: { memberId: receiver.memberId },
      categoryId: categories[i % 2],
      minutes: 15
    }
    // service dates that neither rise nor fall with the order of recording, several on one day, and some without one
    const performedOn = `2026-02-${String(1 + ((i * 7) % 10)).padStart(2, '0')}`
    if (i % 4 === 3) ok(await provider.post('exchanges', body), 201)
    else ok(await admin.post('exchanges/records', { ...body, performedOn }), 201)
  }
  every = ok(await admin.get('exchanges?limit=200')).items
})

after(() => stage.close())

async function paged(caller: Client, query: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor = ''; ; ) {
    const page = ok(await caller.get(`exchanges?limit=3${query}${cursor}`))
    ids.push(...page.items.map(({ id }: { id: string }) => id))
    if (page.next === null) return ids
    cursor = `&cursor=${page.next}`
  }
}

const newestBegun = (a: { id: string }, b: { id: string }) => (a.id < b.id ? 1 : -1)
const newestPerformed = (a: { performedOn: string; id: string }, b: { performedOn: string; id: string }) =>
  a.performedOn === b.performedOn ? newestBegun(a, b) : a.performedOn < b.performedOn ? 1 : -1

test('every filter gives what it names, each exchange once, page by page and newest first', async () => {
  assert.equal(every.length, 24)
  const [ann, bev] = people as [Client, Client]
  const isSide = (x: (typeof every)[0], person: Client) =>
    x.provider.memberId === person.memberId || x.receiver.memberId === person.memberId
  const dates = '&from=2026-02-03&to=2026-02-08'
  const within = (x: (typeof every)[0]) =>
    x.performedOn !== null && x.performedOn >= '2026-02-03' && x.performedOn <= '2026-02-08'
  const cases: [query: string, fits: (x: (typeof every)[0]) => boolean][] = [
    ['', () => true],
    ['&status=proposed', (x) => x.status === 'proposed'],
    [`&memberId=${ann.memberId}`, (x) => isSide(x, ann)],
    [`&memberId=${ann.memberId}&side=provider`, (x) => x.provider.memberId === ann.memberId],
    [`&categoryId=${every[0].categoryId}`, (x) => x.categoryId === every[0].categoryId],
    [dates, within],
    [`${dates}&memberId=${bev.memberId}`, (x) => within(x) && isSide(x, bev)],
    [`${dates}&memberId=${bev.memberId}&side=receiver`, (x) => within(x) && x.receiver.memberId === bev.memberId]
  ]
  for (const [query, fits] of cases)
    for (const caller of [admin, ann]) {
      const sees = (x: (typeof every)[0]) => caller === admin || isSide(x, ann)
      const wanted = every
        .filter((x) => sees(x) && fits(x))
        .sort(query.includes('from') ? newestPerformed : newestBegun)
      assert.ok(wanted.length > 0)
      assert.deepEqual(
        await paged(caller, query),
        wanted.map(({ id }) => id),
        query
      )
    }
})

test('a cursor of one order is refused by the other', async () => {
  const { next } = ok(await admin.get('exchanges?limit=3'))
  refused(await admin.get(`exchanges?limit=3&from=2026-02-01&cursor=${next}`), 400, 'validation-failed')
})
