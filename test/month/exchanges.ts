import assert from 'node:assert/strict'
import { does, mayNot, type Play } from './play.ts'
import { quarters, type Told } from './tally.ts'
import type { Person } from './town.ts'

/** How an exchange may go. */
const courses = [
  'confirmed',
  'confirmed',
  'confirmed',
  'by receiver',
  'silent',
  'silent',
  'declined',
  'cancelled',
  'disputed, confirmed',
  'disputed, reversed',
  'reversed later',
  'approved',
  'changed',
  'no-show',
  'kept later',
  'corrected later',
  'recorded'
] as const
type Course = (typeof courses)[number]

const lowRisk = ['gardening', 'cooking', 'languages', 'sewing', 'pets']

/** Some exchanges on every day, each going one of the ways, with a stranger who tries each step before it is taken. */
export function planExchanges(play: Play, days: number, perDay: number): void {
  for (let d = 0; d < days; d += 1)
    for (let i = 0; i < perDay; i += 1) {
      const course = play.random.of(courses)
      play.later(d, () => exchange(play, course))
    }
}

async function exchange(play: Play, course: Course): Promise<void> {
  const { random, members, tally, ben } = play
  const provider = random.of(members)
  const receiver = random.other(members, provider)
  const category = course === 'approved' ? 'lifts' : random.of(lowRisk)
  const minutes = 20 + random.below(100)
  const body = {
    provider: { memberId: provider.memberId },
    receiver: { memberId: receiver.memberId },
    categoryId: play.categories[category],
    minutes,
    ...(course === 'no-show' ? { performedOn: play.today() } : {})
  }
  const told = (id: string, status: string): Told => {
    const made = { id, provider, receiver, status, category, service: minutes, credit: quarters(minutes) }
    tally.began(made, play.month.now())
    return made
  }
  if (course === 'recorded') {
    const made = await does(ben, 'POST', 'exchanges/records', { ...body, performedOn: play.today() })
    assert.equal(made.status, 'settled')
    settle(play, told(made.id, 'settled'))
    tally.tell('exchange.recorded', made.id, provider, receiver)
    return
  }
  const quote = await does(provider, 'POST', 'exchanges/quote', body)
  assert.equal(quote.creditMinutes, quarters(minutes), 'what it will come to is told before')
  const made = await does(provider, 'POST', 'exchanges', { ...body, quote: { creditMinutes: quote.creditMinutes } })
  const x = told(made.id, 'proposed')
  tally.tell('exchange.proposed', x.id, receiver)
  const at = `exchanges/${x.id}`
  await mayNot(play, stranger(play, x), 'POST', `${at}/agreement`, {})
  await mayNot(play, provider, 'POST', `${at}/agreement`, {})
  play.later(random.below(2), async () => {
    if (course === 'declined') {
      await step(play, x, receiver, 'decline', 'declined')
      return
    }
    if (course === 'changed') {
      x.service = minutes + 30
      x.credit = quarters(x.service)
      await step(play, x, receiver, 'proposal', 'changed', { revision: made.revision, minutes: x.service })
      // who agrees to what it was before agrees to nothing
      await mayNot(play, provider, 'POST', `${at}/agreement`, { minutes })
      await step(play, x, provider, 'agreement', 'agreed', { minutes: x.service, creditMinutes: x.credit })
    } else await step(play, x, receiver, 'agreement', 'agreed', { minutes })
    if (course === 'approved') {
      assert.equal(x.status, 'awaiting_risk')
      await mayNot(play, provider, 'POST', `${at}/approval`)
      await mayNot(play, provider, 'POST', `${at}/report`, { minutes, performedOn: play.today() })
      await step(play, x, ben, 'approval', 'approved')
    }
    play.later(1 + random.below(3), () => after(play, x, course))
  })
}

/** What comes of it once it is agreed. */
async function after(play: Play, x: Told, course: Course): Promise<void> {
  const { tally, ben, random } = play
  if (course === 'cancelled') return step(play, x, random.of([x.provider, x.receiver]), 'cancellation', 'cancelled')
  if (course === 'no-show') return step(play, x, x.receiver, 'no-show', 'no-show', { side: 'provider' })
  const by = course === 'by receiver' ? x.receiver : x.provider
  const other = by === x.provider ? x.receiver : x.provider
  const at = `exchanges/${x.id}`
  await mayNot(play, stranger(play, x), 'POST', `${at}/report`, { minutes: x.service, performedOn: play.today() })
  await step(play, x, by, 'report', 'reported', { minutes: x.service, performedOn: play.today() })
  await mayNot(play, by, 'POST', `${at}/confirmation`)
  if (course === 'silent') {
    // by the policy of fourteen days; what is reported too late for it stays as it is
    play.later(14, async () => {
      assert.equal((await does(other, 'GET', at)).status, 'settled')
      x.status = 'settled'
      settle(play, x)
      tally.tell('exchange.auto-confirmed', x.id, x.provider, x.receiver)
    })
    return
  }
  play.later(random.below(3), async () => {
    await mayNot(play, stranger(play, x), 'POST', `${at}/confirmation`)
    if (course.startsWith('disputed')) {
      await step(play, x, other, 'dispute', 'disputed', { reason: 'It took another day' })
      await mayNot(play, by, 'POST', `${at}/reversal`, { reason: 'I say so' })
      if (course === 'disputed, confirmed') {
        await step(play, x, ben, 'confirmation', 'confirmed')
        x.status = 'settled'
        settle(play, x)
      } else await step(play, x, ben, 'reversal', 'reversed', { reason: 'It did not take place' })
      return
    }
    await step(play, x, other, 'confirmation', 'confirmed')
    x.status = 'settled'
    settle(play, x)
    if (course === 'kept later' || course === 'corrected later') play.later(2, () => questioned(play, x, course))
    if (course === 'reversed later')
      play.later(2, async () => {
        await mayNot(play, x.provider, 'POST', `${at}/reversal`, { reason: 'I say so' })
        await step(play, x, ben, 'reversal', 'reversed', { reason: 'Entered for the wrong person' })
        tally.move(x.provider.accountId, x.receiver.accountId, x.credit)
      })
  })
}

/** What is settled is disputed, and a broker decides that it stands, or records the right one in its place. */
async function questioned(play: Play, x: Told, course: Course): Promise<void> {
  const { tally, ben } = play
  const at = `exchanges/${x.id}`
  await mayNot(play, stranger(play, x), 'POST', `${at}/dispute`, { reason: 'None of mine' })
  await step(play, x, x.receiver, 'dispute', 'disputed', { reason: 'It was longer than that' })
  await mayNot(play, x.receiver, 'POST', `${at}/decision`, { decision: 'reverse', reason: 'I say so' })
  const reason = 'Both have been asked'
  if (course === 'kept later') return step(play, x, ben, 'decision', 'kept', { decision: 'keep', reason })
  const minutes = x.service + 30
  await step(play, x, ben, 'decision', 'corrected', { decision: 'correct', minutes, reason })
  tally.move(x.provider.accountId, x.receiver.accountId, x.credit)
  const { correctedByExchangeId: id } = await does(ben, 'GET', at)
  const right: Told = { ...x, id, status: 'settled', service: minutes, credit: quarters(minutes) }
  tally.began(right, play.month.now())
  settle(play, right)
  tally.tell('exchange.recorded', id, x.provider, x.receiver)
}

/** The provider reports it and the receiver confirms it, as most do. */
export async function reportAndConfirm(play: Play, x: Told): Promise<void> {
  await step(play, x, x.provider, 'report', 'reported', { minutes: x.service, performedOn: play.today() })
  await step(play, x, x.receiver, 'confirmation', 'confirmed')
  settle(play, x)
}

/** One step by one who may take it; its other side, or both where a broker takes it, are told. */
export async function step(
  play: Play,
  x: Told,
  by: Person,
  path: string,
  verb: string,
  body: object = {}
): Promise<void> {
  const answer = await does(by, 'POST', `exchanges/${x.id}/${path}`, body)
  x.status = answer.status
  play.tally.tell(`exchange.${verb}`, x.id, ...[x.provider, x.receiver].filter((person) => person !== by))
}

function settle({ tally }: Play, x: Told): void {
  tally.move(x.receiver.accountId, x.provider.accountId, x.credit)
}

function stranger({ random, members }: Play, x: Told): Person {
  return random.of(members.filter((person) => person !== x.provider && person !== x.receiver))
}
