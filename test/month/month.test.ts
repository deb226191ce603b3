/**
 * A month in a timebank of 300 people, through the API alone: the service's clock is moved, the script keeps its own tally, and
 * at the end the two are compared. `SEED=…` plays another month, or the same again.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { planCircles } from './circles.ts'
import { planExchanges } from './exchanges.ts'
import { planGroups } from './groups.ts'
import { planListings } from './listings.ts'
import { planPaper } from './paper.ts'
import { beginPlay, does, type Json, type Play } from './play.ts'
import { planMeetings } from './schedule.ts'
import type { Person } from './town.ts'

const seed = Number(process.env['SEED'] ?? 20270301)
let play: Play

before(async () => {
  const began = await beginPlay(seed)
  play = began.play
  planListings(play, 60, 60, 20)
  planExchanges(play, 28, 12)
  planGroups(play)
  planPaper(play)
  planMeetings(play)
  planCircles(play)
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

test('how soon requests and messages were answered is what the script has seen', async () => {
  const [from, to] = ['2027-03-05', '2027-03-25']
  const told = await does(play.ada, 'GET', `follow-ups/first-replies?from=${from}&to=${to}`)
  for (const what of ['requests', 'messages'] as const) {
    const asked = play.tally.asked[what].filter(({ at }) => at >= new Date(from) && at < new Date(to))
    const minutes = asked.flatMap(({ answeredAfter }) => answeredAfter ?? []).sort((a, b) => a - b)
    const rank = (part: number) => minutes[Math.ceil(part * minutes.length) - 1]
    assert.ok(minutes.length > 0 && minutes.length < asked.length)
    assert.deepEqual(told[what], {
      replied: {
        value: Math.round((minutes.length / asked.length) * 10_000) / 10_000,
        n: minutes.length,
        d: asked.length
      },
      unanswered: asked.length - minutes.length,
      medianMinutes: rank(0.5),
      p90Minutes: rank(0.9)
    })
  }
})

test('what is mailed is in one mail, to the one whom it tells', async (t) => {
  const addressees = new Map<string, string>()
  for (const [i, person] of play.members.entries())
    for (const { id } of await all(person, 'notices')) addressees.set(id, `m${i + 1}@longmead.example`)
  const mailed = mailedNotices(play.month.stage.mailLog)
  for (const [id, mails] of mailed) if (addressees.has(id)) assert.deepEqual(mails, [addressees.get(id)])
  const count = [...addressees.keys()].filter((id) => mailed.has(id)).length
  t.diagnostic(`${count} of ${addressees.size} notices were mailed by the last evening`)
  // what comes on the last evening, and what is beyond the most mails of a week, waits
  assert.ok(count > addressees.size * 0.8)
})

/** The notices that mails lead to, with the address of each mail. */
function mailedNotices(mailLog: string): Map<string, string[]> {
  const mailed = new Map<string, string[]>()
  for (const mail of readFileSync(mailLog, 'utf8').split(/^--- /m)) {
    const to = /^To: (.*)$/m.exec(mail)?.[1] ?? ''
    for (const [, id] of mail.matchAll(/#notices\/([0-9a-f-]{36})/g)) mailed.set(id!, [...(mailed.get(id!) ?? []), to])
  }
  return mailed
}
