/**
 * A month in a timebank of 300 people, through the API alone: the service's clock is moved, the script keeps its own tally, and
 * at the end the two are compared. `SEED=…` plays another month, or the same again.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { planExchanges } from './exchanges.ts'
import { beginPlay, does, type Json, type Play } from './play.ts'
import type { Person } from './town.ts'

const seed = Number(process.env['SEED'] ?? 20270301)
let play: Play

before(async () => {
  const began = await beginPlay(seed)
  play = began.play
  planExchanges(play, 28, 14)
  await began.run()
})

after(() => play.month.close())

/** Every item of a list, page by page. */
async function all(person: Person, path: string): Promise<Json[]> {
  const items: Json[] = []
  for (let cursor = ''; ; ) {
    const page = await does(person, 'GET', `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor}`)
    items.push(...page.items)
    if (page.next === null) return items
    cursor = `&cursor=${page.next}`
  }
}

test('the books are sound, and each balance is what the script has added up', async (t) => {
  t.diagnostic(`SEED=${seed}`)
  const { sound, problems } = await does(play.ada, 'GET', 'verify')
  assert.deepEqual(problems, [])
  assert.equal(sound, true)
  const trial = await does(play.ada, 'GET', 'trial-balance')
  assert.equal(trial.sum.balanceMinutes, 0)
  for (const person of [play.ada, play.ben, ...play.members, ...play.offline]) {
    const { balanceMinutes, heldOutMinutes } = await does(play.ada, 'GET', `accounts/${person.accountId}`)
    assert.equal(balanceMinutes, play.tally.balances.get(person.accountId) ?? 0, person.name)
    assert.equal(heldOutMinutes ?? 0, 0, `nothing stays set aside: ${person.name}`)
  }
})

test('the exchanges are those of the script, each in the state that it was brought to', async (t) => {
  const listed = new Map((await all(play.ada, 'exchanges')).map((x) => [x.id, x]))
  assert.equal(listed.size, play.tally.exchanges.size)
  for (const told of play.tally.exchanges.values()) {
    const x = listed.get(told.id)
    assert.equal(x.status, told.status, told.id)
    assert.equal(x.categoryId, play.categories[told.category])
    if (told.status === 'settled') assert.deepEqual([x.serviceMinutes, x.creditMinutes], [told.service, told.credit])
  }
  t.diagnostic(`${listed.size} exchanges, ${play.tally.refusals} refusals`)
})

test('everybody has each of their notices once', async () => {
  let count = 0
  for (const person of play.members) {
    const listed = (await all(person, 'notices')).map(({ kind, subjectId }) => `${kind} ${subjectId}`)
    assert.deepEqual(listed.toSorted(), (play.tally.notices.get(person.memberId) ?? []).toSorted(), person.name)
    count += listed.length
  }
  assert.ok(count > 0)
})
