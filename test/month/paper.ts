import assert from 'node:assert/strict'
import { does, expect, type Json, type Play } from './play.ts'
import { quarters } from './tally.ts'
import type { Person } from './town.ts'

/** People without a login: a broker records from slips, from a sheet, and by phone. */
export function planPaper(play: Play): void {
  const { offline, random, ben, tally } = play
  const numbers = Array.from({ length: 24 }, (_, i) => i + 1)
  const spoilt = [5, 17]
  const lost = [9, 13]
  let book = ''
  play.later(0, async () => {
    book = (await does(ben, 'POST', 'slip-books', { prefix: 'LM-', from: 1, to: 40, digits: 3 })).id
    for (const number of spoilt)
      await does(ben, 'POST', `slip-books/${book}/void`, { number, reason: 'Spoilt by rain' })
  })
  for (const number of numbers.filter((one) => !spoilt.includes(one) && !lost.includes(one)))
    play.later(1 + number, async () => {
      const provider = random.of(offline)
      const receiver = random.other(offline, provider)
      const slip = `LM-${String(number).padStart(3, '0')}`
      const source = { 'commonhours-source': 'paper_slip', 'commonhours-slip': slip }
      const body = exchangeOf(play, provider, receiver, 45)
      const made = expect(await ben.call('POST', 'exchanges/records', body, source), 201)
      assert.deepEqual([made.source, made.slipNumber, made.onBehalfOf], ['paper_slip', slip, receiver.memberId])
      note(play, made.id, provider, receiver, 45)
      // a slip is recorded once
      expect(await ben.call('POST', 'exchanges/records', body, source), 409)
    })
  play.later(27, async () => {
    const missing = (await does(ben, 'GET', 'slips/missing')).items.map(({ number }: Json) => number)
    assert.deepEqual(missing, lost)
    const { counts } = await does(ben, 'GET', `slip-books/${book}`)
    assert.deepEqual(counts, { used: 20, takenBack: 0, void: 2, missing: 2, unused: 16 })
  })
  play.later(6, async () => {
    const pairs = Array.from({ length: 10 }, () => {
      const provider = random.of(offline)
      return { provider, receiver: random.other(offline, provider) }
    })
    const lines = pairs.map(({ provider, receiver }) => ({
      provider: { memberId: provider.memberId },
      receiver: { memberId: receiver.memberId }
    }))
    const self = { provider: { memberId: offline[0]!.memberId }, receiver: { memberId: offline[0]!.memberId } }
    const { categoryId, minutes, performedOn } = exchangeOf(play, offline[0]!, offline[1]!, 60)
    const sheet = await does(ben, 'POST', 'event-sheets', {
      title: 'Spring fair',
      common: { categoryId, minutes, performedOn },
      lines: [...lines.slice(0, 4), self, ...lines.slice(4)]
    })
    assert.equal(sheet.lines.length, 11)
    const recorded = sheet.lines.filter(({ exchangeId }: Json) => exchangeId)
    assert.equal(recorded.length, 10, 'one line is refused, and named; no other is lost with it')
    recorded.forEach(({ exchangeId }: Json, i: number) => {
      note(play, exchangeId, pairs[i]!.provider, pairs[i]!.receiver, 60)
    })
  })
  play.later(10, async () => {
    const [provider, receiver] = [offline[2]!, offline[3]!]
    const body = exchangeOf(play, provider, receiver, 30)
    const made = expect(await ben.call('POST', 'exchanges/records', body, { 'commonhours-source': 'phone' }), 201)
    assert.equal(made.source, 'phone')
    note(play, made.id, provider, receiver, 30)
    assert.ok(tally.exchanges.has(made.id))
  })
}

const exchangeOf = (play: Play, provider: Person, receiver: Person, minutes: number) => ({
  provider: { memberId: provider.memberId },
  receiver: { memberId: receiver.memberId },
  categoryId: play.categories['pets'],
  minutes,
  performedOn: play.today()
})

function note(play: Play, id: string, provider: Person, receiver: Person, minutes: number): void {
  const x = { id, provider, receiver, status: 'settled', category: 'pets', service: minutes, credit: quarters(minutes) }
  play.tally.began(x, play.month.now())
  play.tally.move(receiver.accountId, provider.accountId, x.credit)
}
