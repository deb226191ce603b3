import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Client, ok } from '../../support/app.ts'
import { seedOf } from '../ledger/support.ts'
import { type Json, type MatchingTown, makeMatchingTown, namesOf, newWord, type Weights, weights } from './town.ts'

let town: MatchingTown
let owner: Client
let people: Client[]
let clerk: Client
let best: Client
let worst: Client
let house: { id: string; name: string }

before(async () => {
  town = await makeMatchingTown('matching-properties')
  owner = await town.member('Owner')
  people = []
  for (let i = 0; i < 8; i += 1) people.push(await town.member(`Person ${i}`))
  best = await town.member('Best')
  worst = await town.member('Worst')
  clerk = await town.member('Clerk')
  house = await town.organisation('The House', clerk)
})

after(() => town.stage.close())

const weight = fc.integer({ min: 0, max: 100 })
const someWeights = fc.record(
  Object.fromEntries(Object.keys(weights).map((name) => [name, weight])) as Record<keyof Weights, typeof weight>
)

const about = { latitude: 51.5, longitude: -3.2, languages: ['cy'], availability: ['mon_morning'], setting: 'outdoors' }

/** All that can be said of an offer: fits, or does not. */
const facets = {
  category: [{ slug: 'gardening' }, { slug: 'pets' }],
  distance: [
    { latitude: 51.5, longitude: -3.2 },
    { latitude: 51.9, longitude: -3.2 }
  ],
  availability: [{ availability: ['mon_morning'] }, { availability: ['sun_evening'] }],
  language: [{ languages: ['cy'] }, { languages: ['en'] }],
  setting: [
    { mode: 'do', setting: 'any' },
    { mode: 'teach', setting: 'provider_home' }
  ]
} as const satisfies Partial<Record<keyof Weights, readonly [Record<string, unknown>, Record<string, unknown>]>>
type Facet = keyof typeof facets
const facetNames = Object.keys(facets) as Facet[]

const choice = fc.record(
  Object.fromEntries(facetNames.map((name) => [name, fc.constantFrom(0, 1)])) as Record<Facet, fc.Arbitrary<0 | 1>>
)
const fieldsOf = (chosen: Record<Facet, 0 | 1>): Record<string, unknown> =>
  Object.assign({}, ...facetNames.map((name) => facets[name][chosen[name]]))

const inPages = async (id: string, limit: number): Promise<{ pages: Json[]; names: string[] }> => {
  const pages: Json[] = []
  for (let cursor = ''; ; ) {
    const page = await town.candidates(owner, id, `?limit=${limit}${cursor}`)
    pages.push(page)
    if (page.next === null) return { pages, names: pages.flatMap(namesOf) }
    cursor = `&cursor=${page.next}`
  }
}

test('whatever the weights and offers: each candidate comes once, never the owner, and an organisation is on the first page', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(choice, { minLength: 1, maxLength: 8 }),
      fc.option(choice),
      someWeights,
      fc.boolean(),
      fc.integer({ min: 2, max: 5 }),
      async (offers, professional, chosen, peerFirst, limit) => {
        const subject = newWord()
        await town.change({ matchingWeights: chosen, peerFirst })
        for (const [i, offer] of offers.entries()) await town.offer(people[i]!, subject, fieldsOf(offer))
        // what one offers oneself fits best of all
        await town.offer(owner, subject, about)
        if (professional) await town.offer(clerk, subject, { ...fieldsOf(professional), organisationId: house.id })
        const { id } = await town.request(owner, subject, { ...about, slug: 'uncategorised' })
        const { pages, names } = await inPages(id, limit)
        const expected = [...offers.keys()].map((i) => `Person ${i}`)
        assert.deepEqual([...names].sort(), [...expected, ...(professional ? [house.name] : [])].sort())
        for (const page of pages) assert.equal(page.professionals, professional ? 1 : 0)
        assert.equal(namesOf(pages[0]).includes(house.name), professional !== null)
        assert.equal(pages[0].items.length, Math.min(limit, names.length))
        assert.deepEqual((await inPages(id, limit)).names, names)
      }
    ),
    { numRuns: 12, seed: seedOf('matching') }
  )
})

test('raising a weight never puts who is best in it behind who is worst in it and equal in all else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...facetNames),
      choice,
      someWeights,
      fc.integer({ min: 1, max: 100 }),
      async (facet, alike, chosen, more) => {
        const subject = newWord()
        const offers = [
          await town.offer(best, subject, fieldsOf({ ...alike, [facet]: 0 })),
          await town.offer(worst, subject, fieldsOf({ ...alike, [facet]: 1 }))
        ]
        const { id } = await town.request(owner, subject, { ...about, slug: 'gardening' })
        const bestFirst = async (weightOfIt: number) => {
          await town.change({ matchingWeights: { ...chosen, [facet]: weightOfIt } })
          const names = namesOf(await town.candidates(owner, id, '?limit=200'))
          const [first, second] = [names.indexOf('Best'), names.indexOf('Worst')]
          assert.ok(first !== -1 && second !== -1)
          return first < second
        }
        const low = Math.min(chosen[facet], 100 - more)
        if (await bestFirst(low)) assert.ok(await bestFirst(low + more))
        // where it decides by more than a step, it decides
        assert.ok(await bestFirst(100))
        // of each member the best offer counts: the next case begins without these
        for (const [i, offer] of offers.entries()) ok(await [best, worst][i]!.post(`offers/${offer.id}/closure`))
      }
    ),
    { numRuns: 12, seed: seedOf('matching') }
  )
})

test('about equal ones take turns: the same order all day, another on other days, and nobody is always first', async () => {
  await town.change({ matchingWeights: weights })
  const subject = newWord()
  for (const person of people) await town.offer(person, subject, { slug: 'music' })
  const first = new Set<string>()
  for (let i = 0; i < 12; i += 1) {
    const { id } = await town.request(owner, subject, { slug: 'uncategorised' })
    const names = namesOf(await town.candidates(owner, id))
    assert.deepEqual(namesOf(await town.candidates(owner, id)), names)
    first.add(names[0]!)
  }
  assert.ok(first.size > 2, [...first].join())
})
