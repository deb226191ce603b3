import assert from 'node:assert/strict'
import { reportAndConfirm, step } from './exchanges.ts'
import { does, type Json, mayNot, type Play } from './play.ts'
import { type Asked, quarters, type Told } from './tally.ts'
import type { Person } from './town.ts'

/** Things that people offer and ask for, in words that belong to their category. */
const wares: [category: string, title: string][] = [
  ['gardening', 'Weeding and planting'],
  ['gardening', 'Mowing the lawn'],
  ['cooking', 'Baking bread together'],
  ['cooking', 'A hot meal at noon'],
  ['languages', 'Welsh conversation'],
  ['sewing', 'Turning up trousers']
]

/** Offers at once, requests over the days; for each request its owner looks for who fits, and asks, writes or waits. */
export function planListings(play: Play, offers: number, requests: number, days: number): void {
  const { members } = play
  const listing = (i: number) => {
    const [category, title] = wares[i % wares.length]!
    return {
      category,
      body: {
        categoryId: play.categories[category],
        title,
        mode: 'do',
        setting: 'any',
        estimatedMinutes: 30 + (i % 4) * 15,
        languages: ['en'],
        open: true
      }
    }
  }
  for (let i = 0; i < offers; i += 1)
    play.later(0, async () => {
      await does(members[i]!, 'POST', 'offers', listing(i).body)
    })
  for (let i = 0; i < requests; i += 1)
    play.later(1 + (i % days), async () => {
      const owner = members[offers + i]!
      const { category, body } = listing(i)
      const request = await does(owner, 'POST', 'requests', body)
      const asked = ask(play, 'requests', owner)
      play.later(1, () => seek(play, owner, request, category, i % 4, asked))
    })
}

function ask({ tally, month }: Play, what: 'requests' | 'messages', ...pair: Person[]): Asked {
  const asked = { at: month.now(), pair, answeredAfter: null }
  tally.asked[what].push(asked)
  return asked
}

function answer({ month }: Play, asked: Asked): void {
  asked.answeredAfter ??= (month.now().getTime() - asked.at.getTime()) / 60_000
}

/** What somebody does who needs help and has candidates. */
async function seek(
  play: Play,
  owner: Person,
  request: Json,
  category: string,
  course: number,
  asked: Asked
): Promise<void> {
  const { members, tally, random } = play
  const { items } = await does(owner, 'GET', `requests/${request.id}/candidates`)
  assert.ok(items.length >= 2, 'nobody is shown one alone where there are two')
  assert.ok(items.every((item: Json) => item.reasons.every((reason: Json) => !('part' in reason))))
  const chosen = items.find((item: Json) => item.kind === 'offer' && item.listing.categoryId === request.categoryId)
  assert.ok(chosen, 'an offer of the same category is among the first')
  const helper = members.find(({ memberId }) => memberId === chosen.owner.memberId)!
  if (course === 3) return talk(play, owner, helper, chosen.listing.id)
  const match = await does(owner, 'POST', 'matches', { requestId: request.id, offerId: chosen.listing.id })
  tally.tell('match.proposed', match.id, helper)
  const outsider = members.find((person) => person !== owner && person !== helper)!
  await mayNot(play, outsider, 'POST', `matches/${match.id}/acceptance`, {})
  await mayNot(play, owner, 'POST', `matches/${match.id}/acceptance`, {})
  if (course === 2)
    play.later(14, async () => {
      assert.equal((await does(owner, 'GET', `matches/${match.id}`)).status, 'expired')
      tally.tell('match.closed', match.id, owner)
    })
  play.later(random.below(2), async () => {
    if (course === 2) {
      await does(helper, 'POST', `matches/${match.id}/decline`)
      assert.equal((await does(owner, 'GET', `matches/${match.id}`)).status, 'proposed', 'saying no leaves no trace')
      return
    }
    const accepted = await does(helper, 'POST', `matches/${match.id}/acceptance`, {})
    assert.equal(accepted.status, 'accepted')
    answer(play, asked)
    tally.tell('match.accepted', match.id, owner)
    const minutes = request.estimatedMinutes
    const id = accepted.exchangeId
    const x: Told = {
      ...{ id, provider: helper, receiver: owner, status: 'proposed', category },
      ...{ service: minutes, credit: quarters(minutes) }
    }
    tally.began(x, play.month.now())
    tally.tell('exchange.proposed', x.id, owner)
    await step(play, x, owner, 'agreement', 'agreed', { minutes })
    play.later(1, async () => {
      await reportAndConfirm(play, x)
      play.later(0, async () => {
        assert.equal((await does(owner, 'GET', `requests/${request.id}`)).status, 'fulfilled')
        await does(owner, 'PUT', `exchanges/${x.id}/thanks`, { text: 'That was a great help' }, 201)
        tally.tell('thanks.given', x.id, helper)
      })
    })
  })
}

/** Somebody asks about an offer, and is answered or not; nobody else reads it, brokers included. */
async function talk(play: Play, asker: Person, owner: Person, offerId: string): Promise<void> {
  const conversation = await does(asker, 'POST', `offers/${offerId}/conversations`, {
    text: 'Could you come on Friday?'
  })
  play.tally.tell('conversation.message', conversation.id, owner)
  const asked = ask(play, 'messages', asker, owner)
  await mayNot(play, play.ada, 'GET', `conversations/${conversation.id}/messages`)
  if (play.random.below(2) === 0) return
  play.later(1, async () => {
    await does(owner, 'POST', `conversations/${conversation.id}/messages`, { text: 'Gladly' })
    answer(play, asked)
    play.tally.tell('conversation.message', conversation.id, asker)
    const { items } = await does(asker, 'GET', `conversations/${conversation.id}/messages`)
    assert.deepEqual(
      items.map(({ text }: Json) => text),
      ['Gladly', 'Could you come on Friday?']
    )
  })
}
