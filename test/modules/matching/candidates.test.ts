import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, foundAnother, ok, refused } from '../../support/app.ts'
import { codesOf, type Json, type MatchingTown, makeMatchingTown, namesOf, newWord } from './town.ts'

let town: MatchingTown
let broker: Client
let owner: Client

before(async () => {
  town = await makeMatchingTown('candidates')
  broker = await town.member('Bron', { roles: ['broker'] })
  owner = await town.member('Owain', { profile: { languages: ['en'] } })
})

after(() => town.stage.close())

const reasonOf = (answer: Json, name: string, code: string): Json =>
  answer.items
    .find((item: Json) => item.owner?.displayName === name || item.organisation?.name === name)
    ?.reasons.find((reason: Json) => reason.code === code)

/** Two who are alike but for one thing, and what is asked for; the first fits better in it. */
type Pair = {
  weight: string
  code: string
  request?: Record<string, unknown>
  better: Record<string, unknown>
  worse: Record<string, unknown>
  text: string
}

const pairs: Pair[] = [
  {
    weight: 'category',
    code: 'category',
    better: { slug: 'gardening' },
    worse: { slug: 'pets' },
    text: 'The same category: Gardening'
  },
  {
    weight: 'distance',
    code: 'distance',
    request: { latitude: 51.5, longitude: -3.2 },
    better: { latitude: 51.503, longitude: -3.2 },
    worse: { latitude: 51.56, longitude: -3.2 },
    text: 'Close by'
  },
  {
    weight: 'distance',
    code: 'area',
    request: { area: 'Canton' },
    better: { area: 'CANTON' },
    worse: { area: 'Roath' },
    text: 'In the same area: Canton'
  },
  {
    weight: 'availability',
    code: 'availability',
    request: { availability: ['mon_morning', 'tue_evening', 'sat_afternoon'] },
    better: { availability: ['mon_morning', 'sat_afternoon', 'sun_evening'] },
    worse: { availability: ['sun_evening'] },
    text: 'Times that suit both: Monday morning, Saturday afternoon'
  },
  {
    weight: 'language',
    code: 'language',
    request: { languages: ['cy'] },
    better: { languages: ['en', 'cy-GB'] },
    worse: { languages: ['en'] },
    text: 'A language in common: Welsh'
  },
  {
    weight: 'setting',
    code: 'setting',
    request: { setting: 'public_place', mode: 'teach' },
    better: { setting: 'any', mode: 'teach' },
    worse: { setting: 'public_place' },
    text: 'Suits where it takes place and how it is done'
  }
]

describe('each reason alone decides where it alone counts, and is told in words', () => {
  for (const { weight, code, request = {}, better, worse, text } of pairs)
    test(`${code}: ${text}`, async () => {
      const word = newWord()
      // the one who fits worse comes first by everything that does not count
      const [second, first] = [await town.member(`Second ${word}`), await town.member(`First ${word}`)]
      await town.offer(second, word, worse)
      await town.offer(first, word, better)
      const { id } = await town.request(owner, word, request)
      await town.weigh({ [weight]: 50 })
      const answer = await town.candidates(owner, id, '?limit=200')
      const names = namesOf(answer)
      const [before, behind] = [names.indexOf(`First ${word}`), names.indexOf(`Second ${word}`)]
      assert.ok(before !== -1 && before < behind, names.join())
      assert.equal(reasonOf(answer, `First ${word}`, code).text, text)
    })

  test('words: both speak of them, whatever their accents and forms', async () => {
    await town.weigh({ words: 50 })
    const [second, first] = [await town.member('Une'), await town.member('Deux')]
    await town.offer(second, 'Something else', { slug: 'cooking' })
    await town.offer(first, 'Jardinería: zanahorias', { slug: 'cooking' })
    const { id } = await town.request(owner, 'Zanahoria en la jardineria', { slug: 'cooking' })
    const answer = await town.candidates(owner, id, '?limit=200')
    assert.deepEqual(namesOf(answer)[0], 'Deux')
    assert.ok(namesOf(answer).includes('Une'))
    assert.equal(reasonOf(answer, 'Deux', 'words').text, 'Both speak of: zanahoria, jardineria')
    assert.equal(reasonOf(answer, 'Une', 'words'), undefined)
  })

  test('words that say nothing bring nobody together', async () => {
    await town.offer(await town.member('Vague'), 'Happy to help somebody with something', { slug: 'languages' })
    const { id } = await town.request(owner, 'Please help somebody with a piano', { slug: 'moving' })
    assert.ok(!namesOf(await town.candidates(owner, id, '?limit=200')).includes('Vague'))
  })

  test('a gift in the profile of a member without an offer', async () => {
    const word = newWord()
    await town.weigh({ words: 50 })
    await town.member('Gifted', { profile: { gifts: [`${word} repair`], languages: ['cy'] } })
    await town.member('Hidden', { profile: { gifts: [word], profileVisibility: 'staff' } })
    const { id } = await town.request(owner, `${word} wanted`, { slug: 'uncategorised' })
    const answer = await town.candidates(owner, id)
    assert.deepEqual(namesOf(answer), ['Gifted'])
    assert.deepEqual([answer.items[0].kind, answer.items[0].listing], ['member', null])
    assert.equal(reasonOf(answer, 'Gifted', 'gifts').text, `Among gifts and skills: ${word}`)
    assert.deepEqual(namesOf(await town.candidates(broker, id)), ['Gifted'])
  })

  test('for an offer: requests, and members who are interested where it is taught or done together', async () => {
    const word = newWord()
    await town.weigh({ category: 50, words: 50 })
    const [asks, likes] = [await town.member('Asks'), await town.member('Likes', { profile: { interests: [word] } })]
    await town.request(asks, word, { slug: 'music' })
    const taught = await town.offer(owner, word, { slug: 'music', mode: 'teach' })
    const answer = await town.forOffer(owner, taught.id, '?limit=50')
    assert.deepEqual(
      answer.items.map((item: Json) => [item.kind, item.owner.displayName]),
      [
        ['request', 'Asks'],
        ['member', 'Likes']
      ]
    )
    assert.equal(reasonOf(answer, 'Likes', 'interests').text, `Is interested in: ${word}`)
    const done = await town.offer(owner, word, { slug: 'music' })
    assert.deepEqual(namesOf(await town.forOffer(owner, done.id)), ['Asks'])
    refused(await likes.get(`offers/${done.id}/candidates`), 404, 'not-found')
  })

  test('an earlier exchange counts while it is settled, and only the two are told of it', async () => {
    const word = newWord()
    await town.weigh({ earlier: 50 })
    const [stranger, friend] = [await town.member('Stranger'), await town.member('Friend')]
    await town.offer(stranger, word)
    await town.offer(friend, word)
    const { id } = await town.request(owner, word, { slug: 'uncategorised' })
    const exchange = ok(
      await broker.post('exchanges/records', {
        provider: { memberId: friend.memberId },
        receiver: { memberId: owner.memberId },
        categoryId: town.category['gardening'],
        minutes: 60,
        performedOn: '2026-01-15'
      }),
      201
    )
    const answer = await town.candidates(owner, id)
    assert.deepEqual(namesOf(answer), ['Friend', 'Stranger'])
    assert.equal(reasonOf(answer, 'Friend', 'earlier').text, 'You have had an exchange with each other before')
    const brokers = await town.candidates(broker, id)
    assert.deepEqual(namesOf(brokers), ['Friend', 'Stranger'])
    assert.equal(reasonOf(brokers, 'Friend', 'earlier'), undefined)
    ok(await broker.post(`exchanges/${exchange.id}/reversal`, { reason: 'It was otherwise' }))
    assert.equal(reasonOf(await town.candidates(owner, id), 'Friend', 'earlier'), undefined)
  })

  test('who has received much comes first to give and who has given much first to receive; members are not told why', async () => {
    const word = newWord()
    await town.weigh({ balance: 50 })
    const [rich, poor] = [await town.member('Giver'), await town.member('Taker')]
    await town.offer(rich, word)
    await town.offer(poor, word)
    ok(
      await broker.post('exchanges/records', {
        provider: { memberId: rich.memberId },
        receiver: { memberId: poor.memberId },
        categoryId: town.category['gardening'],
        minutes: 600,
        performedOn: '2026-01-15'
      }),
      201
    )
    const { id } = await town.request(owner, word, { slug: 'uncategorised' })
    const answer = await town.candidates(owner, id)
    assert.deepEqual(namesOf(answer), ['Taker', 'Giver'])
    assert.ok(!JSON.stringify(answer).match(/balance|give\b/i))
    assert.equal(reasonOf(await town.candidates(broker, id), 'Taker', 'balance').text, 'May like to give')
    await town.request(rich, word, { slug: 'music' })
    await town.request(poor, word, { slug: 'music' })
    const offer = await town.offer(owner, word, { slug: 'uncategorised' })
    assert.deepEqual(namesOf(await town.forOffer(owner, offer.id)), ['Giver', 'Taker'])
  })

  test('recent: a listing that was opened lately', async () => {
    const word = newWord()
    await town.weigh({ recent: 50 })
    await town.offer(await town.member('New'), word)
    const { id } = await town.request(owner, word, { slug: 'uncategorised' })
    assert.equal(reasonOf(await town.candidates(owner, id), 'New', 'recent').text, 'Recently active')
  })
})

describe('weights', () => {
  test('two who are each better in one thing change places with the weights', async () => {
    const word = newWord()
    const [near, welsh] = [await town.member('Near'), await town.member('Welsh')]
    await town.offer(near, word, { latitude: 51.5, longitude: -3.2, languages: ['en'] })
    await town.offer(welsh, word, { latitude: 51.7, longitude: -3.2, languages: ['cy'] })
    const { id } = await town.request(owner, word, {
      slug: 'uncategorised',
      latitude: 51.5,
      longitude: -3.2,
      languages: ['cy']
    })
    await town.weigh({ distance: 60, language: 30 })
    assert.deepEqual(namesOf(await town.candidates(owner, id)), ['Near', 'Welsh'])
    await town.weigh({ distance: 30, language: 60 })
    assert.deepEqual(namesOf(await town.candidates(owner, id)), ['Welsh', 'Near'])
  })

  test('a weight that is missing, unknown, or out of range is refused', async () => {
    const { version } = ok(await town.admin.get('policy'))
    for (const matchingWeights of [{ category: 10 }, { beauty: 10 }, { category: 101 }])
      refused(
        await town.admin.patch('policy', { rules: { matchingWeights }, why: 'No' }, version),
        400,
        'validation-failed'
      )
  })
})

describe('citizens first, and nobody hidden', () => {
  test('an organisation comes after citizens at about equal fit, before them where it fits far better, and always on the first page', async () => {
    const word = newWord()
    await town.weigh({ words: 40, language: 40 })
    const clerk = await town.member('Clerk')
    const organisation = await town.organisation(`House of ${word}`, clerk)
    for (let i = 0; i < 5; i += 1) await town.offer(await town.member(`Citizen ${i}`), word, { languages: ['en'] })
    const professional = await town.offer(clerk, word, { organisationId: organisation.id, languages: ['en'] })
    const { id } = await town.request(owner, word, { slug: 'uncategorised', languages: ['cy'] })
    const all = await town.candidates(owner, id)
    assert.equal(namesOf(all).at(-1), organisation.name)
    assert.deepEqual([all.total, all.professionals], [6, 1])
    const first = await town.candidates(owner, id, '?limit=2')
    assert.ok(namesOf(first).includes(organisation.name))
    const rest = []
    for (let next = first.next; next !== null; ) {
      const page = await town.candidates(owner, id, `?limit=2&cursor=${next}`)
      rest.push(...namesOf(page))
      next = page.next
    }
    assert.deepEqual([...namesOf(first), ...rest].sort(), namesOf(all).sort())
    // one who fits less than all citizens stays behind them in any case; at about equal fit the policy and the caller decide
    const equal = await town.request(owner, word, { slug: 'uncategorised', languages: ['fr'] })
    assert.equal(namesOf(await town.candidates(owner, equal.id)).at(-1), organisation.name)
    ok(await clerk.patch(`offers/${professional.id}`, { languages: ['cy'] }, professional.rowVersion))
    assert.equal(namesOf(await town.candidates(owner, id))[0], organisation.name)
    const slightly = await town.request(owner, word, { slug: 'uncategorised', languages: ['cy'] })
    await town.weigh({ words: 40, language: 10 })
    assert.equal(namesOf(await town.candidates(owner, slightly.id)).at(-1), organisation.name)
    assert.equal(namesOf(await town.candidates(owner, slightly.id, '?peerFirst=false'))[0], organisation.name)
    await town.change({ peerFirst: false })
    assert.equal(namesOf(await town.candidates(owner, slightly.id))[0], organisation.name)
    assert.equal(namesOf(await town.candidates(owner, slightly.id, '?peerFirst=true')).at(-1), organisation.name)
    await town.change({ peerFirst: true })
  })
})

describe('who is no candidate', () => {
  test('the owner, who is paused, whose offer is not open, whose category is closed, and who helps already', async () => {
    const word = newWord()
    await town.weigh({ words: 50 })
    const [paused, pausing, helper, asked, stays] = await Promise.all(
      ['Paused', 'Pausing', 'Helper', 'Asked', 'Stays'].map((name) => town.member(name))
    )
    await town.offer(owner, word)
    await town.offer(paused!, word)
    const offer = await town.offer(pausing!, word)
    for (const who of [helper!, asked!, stays!]) await town.offer(who, word)
    const closing = ok(await town.admin.post('categories', { name: `Closing ${word}` }), 201)
    ok(
      await (await town.member('Closed')).post('offers', {
        categoryId: closing.id,
        title: word,
        mode: 'do',
        setting: 'any',
        open: true
      }),
      201
    )
    const { id } = await town.request(owner, word, { slug: 'uncategorised' })
    assert.equal(namesOf(await town.candidates(owner, id)).length, 6)
    ok(await town.admin.post(`members/${paused!.memberId}/pause`, {}))
    ok(await pausing!.post(`offers/${offer.id}/pause`))
    ok(await town.admin.post(`categories/${closing.id}/closure`))
    ok(
      await helper!.post('exchanges', {
        provider: { memberId: helper!.memberId },
        receiver: { memberId: owner.memberId },
        categoryId: town.category['gardening'],
        requestId: id,
        minutes: 60
      }),
      201
    )
    ok(await owner.post('matches', { requestId: id, memberId: asked!.memberId }), 201)
    assert.deepEqual(namesOf(await town.candidates(owner, id)), ['Stays'])
  })
})

describe('family', () => {
  test('is neither found nor proposed to where its exchanges are unofficial, and is where they are not', async () => {
    const word = newWord()
    await town.weigh({ words: 50 })
    const [sister, friend] = [await town.member('Sister'), await town.member('Neighbour')]
    const asking = await town.member('Brother')
    for (const who of [sister, friend]) await town.offer(who, word)
    ok(await asking.put(`members/me/family/${sister.number}`))
    const { id } = await town.request(asking, word, { slug: 'uncategorised' })
    assert.deepEqual(namesOf(await town.candidates(asking, id)), ['Neighbour'])
    const proposal = { requestId: id, memberId: sister.memberId }
    refused(await asking.post('matches', proposal), 422, 'family-unofficial-only')
    await town.change({ familyExchanges: 'allowed' })
    assert.deepEqual(namesOf(await town.candidates(asking, id)).sort(), ['Neighbour', 'Sister'])
    ok(await asking.post('matches', proposal), 201)
    await town.change({ familyExchanges: 'unofficial_only' })
  })
})

describe('who may ask', () => {
  test('the owner and staff; to others, and in another timebank, it is not there', async () => {
    const { id } = await town.request(owner, newWord())
    refused(await (await town.member('Curious')).get(`requests/${id}/candidates`), 404, 'not-found')
    const other = await foundAnother(town.stage, town.admin, 'elsewhere')
    refused(await other.get(`requests/${id}/candidates`), 404, 'not-found')
    refused(await owner.get(`requests/${town.category['music']}/candidates`), 404, 'not-found')
    refused(await owner.get(`requests/${id}/candidates?limit=1`), 400, 'validation-failed')
    refused(await owner.get(`requests/${id}/candidates?cursor=abc`), 400, 'validation-failed')
    ok(await owner.post(`requests/${id}/withdrawal`))
    refused(await owner.get(`requests/${id}/candidates`), 409, 'wrong-state')
  })

  test('members get no figure of fit; staff get the parts of each reason', async () => {
    const word = newWord()
    await town.weigh({ words: 50 })
    await town.offer(await town.member('Plain'), word)
    const { id } = await town.request(owner, word, { slug: 'uncategorised' })
    const [item] = (await town.candidates(owner, id)).items
    assert.deepEqual(Object.keys(item).sort(), ['kind', 'listing', 'organisation', 'owner', 'reasons'])
    for (const reason of item.reasons) assert.deepEqual(Object.keys(reason).sort(), ['code', 'text'])
    const [seen] = (await town.candidates(broker, id)).items
    assert.equal(seen.reasons.find((reason: Json) => reason.code === 'words').part, 100)
    assert.deepEqual(codesOf(seen), codesOf(item))
  })

  test('what leads to the next page tells neither how well somebody fits nor who they are, and is for this listing', async () => {
    const word = newWord()
    await town.weigh({ words: 50 })
    for (const name of ['One', 'Two', 'Three']) await town.offer(await town.member(name), word)
    const { id } = await town.request(owner, word, { slug: 'uncategorised' })
    const { next } = await town.candidates(owner, id, '?limit=2')
    assert.doesNotMatch(Buffer.from(next, 'base64url').toString('latin1'), /[0-9a-f]{8}-[0-9a-f]{4}-|\d{4}-\d\d-\d\d/)
    assert.equal((await town.candidates(owner, id.toUpperCase(), `?limit=2&cursor=${next}`)).items.length, 1)
    const made = Buffer.from(JSON.stringify(['0000-01-01', 9, 9, id, id])).toString('base64url')
    const { id: another } = await town.request(owner, word, { slug: 'uncategorised' })
    for (const [request, cursor] of [
      [id, made],
      [id, `${next.slice(0, -4)}AAAA`],
      [another, next]
    ])
      refused(await owner.get(`requests/${request}/candidates?cursor=${cursor}`), 400, 'validation-failed')
  })

  test('an owner who does not show their profile stays unnamed, with what only the profile says left out', async () => {
    const word = newWord()
    const shy = await town.member('Shy', { profile: { profileVisibility: 'staff', languages: ['cy'] } })
    await town.offer(shy, word)
    const { id } = await town.request(owner, word, { slug: 'uncategorised', languages: ['cy'] })
    const [item] = (await town.candidates(owner, id)).items
    assert.equal(item.owner, null)
    assert.ok(!codesOf(item).includes('language'))
  })

  test('reasons come in the language of the caller', async () => {
    const word = newWord()
    await town.offer(await town.member('Siân'), word)
    const asking = await town.member('Olwen')
    const { id } = await town.request(asking, word)
    const { etag } = (await asking.get('/v1/me')).headers
    ok(await asking.call('PATCH', '/v1/me', { locale: 'cy' }, { 'if-match': etag! }))
    const answer = await town.candidates(asking, id, '?limit=200')
    assert.equal(reasonOf(answer, 'Siân', 'words').text, `Mae'r ddau yn sôn am: ${word}`)
  })
})
