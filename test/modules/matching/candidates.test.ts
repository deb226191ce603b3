import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, ok, refused } from '../../support/app.ts'
import { codesOf, type Json, type MatchingTown, makeMatchingTown, namesOf } from './town.ts'

let town: MatchingTown
let rhian: Client

before(async () => {
  town = await makeMatchingTown('candidates')
  rhian = await town.member('Rhian')
})

after(() => town.stage.close())

describe('first look', () => {
  test('the same category comes before a related one, and both before nothing', async () => {
    const [gwen, hal, ida] = [await town.member('Gwen'), await town.member('Hal'), await town.member('Ida')]
    await town.offer(gwen, 'Weeding and pruning')
    await town.offer(hal, 'Walk the dog', { slug: 'pets' })
    await town.offer(ida, 'Guitar', { slug: 'music' })
    const { id } = await town.request(rhian, 'Weeds everywhere', { availability: ['mon_morning'] })
    const answer = await town.candidates(rhian, id)
    console.log(JSON.stringify(answer, null, 1))
    assert.deepEqual(namesOf(answer), ['Gwen', 'Hal'])
  })
})
