import assert from 'node:assert/strict'
import { does, type Json, mayNot, type Play } from './play.ts'
import { quarters } from './tally.ts'
import type { Person } from './town.ts'

/**
 * Two who meet every Wednesday at ten by the clock, over the change to summer time on 28 March: each session is reported and
 * confirmed, but one that is skipped and one to which somebody does not come.
 */
export function planMeetings(play: Play): void {
  const { members, tally } = play
  const [provider, receiver, outsider] = [members[270]!, members[271]!, members[272]!] as [Person, Person, Person]
  play.later(3, async () => {
    const made = await does(provider, 'POST', 'arrangements', {
      title: 'Welsh conversation',
      categoryId: play.categories['languages'],
      provider: { memberId: provider.memberId },
      receiver: { memberId: receiver.memberId },
      startsAt: '2027-03-10T10:00',
      minutes: 60,
      place: 'Library',
      rrule: 'FREQ=WEEKLY;BYDAY=WE'
    })
    assert.equal(made.status, 'proposed')
    tally.tell('arrangement.proposed', made.id, receiver)
    const at = `arrangements/${made.id}`
    await mayNot(play, provider, 'POST', `${at}/agreement`, {})
    await mayNot(play, outsider, 'POST', `${at}/agreement`, {})
    assert.equal((await does(receiver, 'POST', `${at}/agreement`, {})).status, 'active')
    tally.tell('arrangement.agreed', made.id, provider)
    const { items } = await does(receiver, 'GET', `${at}/sessions`)
    const starts = new Map<string, string>(items.map((s: Json) => [s.ruleDate, s.startsAtUtc]))
    assert.equal(starts.get('2027-03-24'), '2027-03-24T10:00:00.000Z')
    assert.equal(starts.get('2027-03-31'), '2027-03-31T09:00:00.000Z', 'ten by the clock is nine in UTC from then on')
    const session = (date: string): string => items.find((s: Json) => s.ruleDate === date).id
    const reminded = (date: string) => tally.tell('session.reminder', session(date), provider, receiver)
    await does(provider, 'POST', `sessions/${session('2027-03-24')}/skip`, { reason: 'On holiday' })
    tally.tell('session.skipped', session('2027-03-24'), receiver)
    for (const [day, date] of [
      [9, '2027-03-10'],
      [16, '2027-03-17']
    ] as const)
      play.later(day - 3, async () => {
        reminded(date)
        play.later(0, () => held(play, provider, receiver, session(date)))
      })
    play.later(27, async () => {
      reminded('2027-03-31')
      await does(receiver, 'POST', `sessions/${session('2027-03-31')}/no-show`, { side: 'provider' })
      tally.tell('session.no-show', session('2027-03-31'), provider)
    })
  })
}

/** On the evening of its day. */
async function held(play: Play, provider: Person, receiver: Person, session: string): Promise<void> {
  const { tally, month } = play
  await month.moveTo(`${play.today()}T12:00:00Z`)
  const { exchangeId: id } = await does(provider, 'POST', `sessions/${session}/report`, { minutes: 50 })
  tally.tell('exchange.reported', id, receiver)
  await does(receiver, 'POST', `exchanges/${id}/confirmation`)
  tally.tell('exchange.confirmed', id, provider)
  const x = { id, provider, receiver, status: 'settled', category: 'languages', service: 50, credit: quarters(50) }
  tally.began(x, play.month.now())
  tally.move(receiver.accountId, provider.accountId, x.credit)
}
