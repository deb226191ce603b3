import assert from 'node:assert/strict'
import { does, type Json, mayNot, type Play } from './play.ts'
import { parts, quarters } from './tally.ts'
import type { Person } from './town.ts'

type Given = { person: Person; minutes: number }
type Rule = 'split_equal' | 'each_pays_surplus_to_pot' | 'pot_pays'

/** Groups of every shape and rule; one of each is taken back as a whole. */
export function planGroups(play: Play): void {
  const rules: Rule[] = ['split_equal', 'each_pays_surplus_to_pot', 'pot_pays']
  rules.forEach((rule, i) => {
    play.later(3 + i, async () => void (await group(play, 1, 3, rule)))
    play.later(8 + i, async () => void (await group(play, 2, 4, rule)))
    play.later(13 + i, async () => void (await group(play, 3, 1, null)))
    play.later(18 + i, async () => takeBack(play, await group(play, 2, 3, rule)))
  })
}

type Recorded = { id: string; exchanges: string[]; moves: [from: number, to: number, minutes: number][] }

async function group(play: Play, providers: number, receivers: number, rule: Rule | null): Promise<Recorded> {
  const { random, members, tally, ben, pot } = play
  const chosen: Person[] = []
  while (chosen.length < providers + receivers) {
    const one = random.of(members)
    if (!chosen.includes(one)) chosen.push(one)
  }
  const given: Given[] = chosen.slice(0, providers).map((person) => ({ person, minutes: 30 + random.below(90) }))
  const helped = chosen.slice(providers)
  const body = {
    providers: given.map(({ person, minutes }) => ({ memberId: person.memberId, minutes })),
    receivers: helped.map(({ memberId }) => ({ memberId })),
    ...(rule ? { rule } : {}),
    categoryId: play.categories['cooking'],
    performedOn: play.today()
  }
  const preview = await does(ben, 'POST', 'exchange-groups/preview', body)
  assert.equal(preview.allowed, true)
  await mayNot(play, given[0]!.person, 'POST', 'exchange-groups', body)
  const made = await does(ben, 'POST', 'exchange-groups', body)
  const recorded: Recorded = { id: made.id, exchanges: made.exchanges.map(({ id }: Json) => id), moves: [] }
  given.forEach(({ person, minutes }, p) => {
    const credit = quarters(minutes)
    const services = parts(minutes, helped.length)
    parts(credit, helped.length).forEach((share, r) => {
      const receiver = helped[r]!
      const id = recorded.exchanges[p * helped.length + r]!
      const x = { id, provider: person, receiver, status: 'settled', category: 'cooking' }
      tally.began({ ...x, service: services[r]!, credit: share }, play.month.now())
      tally.tell('exchange.recorded', id, person, receiver)
      recorded.moves.push([rule === 'pot_pays' ? pot : receiver.accountId, person.accountId, share])
      if (rule === 'each_pays_surplus_to_pot') recorded.moves.push([receiver.accountId, pot, credit - share])
    })
  })
  for (const [from, to, minutes] of recorded.moves) tally.move(from, to, minutes)
  const told = preview.legs.map((leg: Json) => `${leg.debitAccount} ${leg.creditAccount} ${leg.minutes}`)
  const moved = recorded.moves.filter(([, , minutes]) => minutes > 0).map((move) => move.join(' '))
  assert.deepEqual(told.toSorted(), moved.toSorted(), 'the preview has told every posting')
  return recorded
}

async function takeBack(play: Play, { id, exchanges, moves }: Recorded): Promise<void> {
  const { tally, ben, random, members } = play
  await mayNot(play, random.of(members), 'POST', `exchange-groups/${id}/reversal`, { reason: 'I say so' })
  await does(ben, 'POST', `exchange-groups/${id}/reversal`, { reason: 'Entered for the wrong day' })
  for (const [from, to, minutes] of moves) tally.move(to, from, minutes)
  for (const one of exchanges) {
    const x = tally.exchanges.get(one)!
    x.status = 'reversed'
    tally.tell('exchange.reversed', one, x.provider, x.receiver)
  }
}
