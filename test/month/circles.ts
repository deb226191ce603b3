import assert from 'node:assert/strict'
import { reportAndConfirm } from './exchanges.ts'
import { does, type Json, mayNot, type Play } from './play.ts'
import type { Told } from './tally.ts'
import type { Person } from './town.ts'

/** What nobody else offers or asks for, so that these rings are the only ones. */
const gifts = ['music', 'arts-and-crafts', 'walking-together', 'pets', 'repair-and-reuse', 'litter-picking']

/** Two rings of three: in one all agree, in the other somebody declines, which nobody else sees. */
export function planCircles(play: Play): void {
  const { members, ada, tally } = play
  const people = members.slice(240, 246)
  play.later(2, async () => {
    for (const [i, person] of people.entries()) {
      const ring = i < 3 ? 0 : 3
      const listing = (slug: string, title: string) => ({
        categoryId: play.categories[slug],
        title,
        mode: 'do',
        setting: 'any',
        estimatedMinutes: 60,
        open: true
      })
      const next = ring + ((i - ring + 1) % 3)
      await does(person, 'POST', 'offers', listing(gifts[i]!, `Gladly: ${gifts[i]}`))
      await does(person, 'POST', 'requests', listing(gifts[next]!, `Wanted: ${gifts[next]}`))
    }
    const search = await does(ada, 'POST', 'circle-searches', {})
    await play.month.moveTo(play.month.now().toISOString())
    assert.equal((await does(ada, 'GET', `circle-searches/${search.id}`)).state, 'done')
    const { items } = await does(ada, 'GET', `circles?search=${search.id}`)
    const rings = items.filter(({ links }: Json) =>
      links.some((link: Json) => people.some((p) => p.memberId === link.provider.memberId))
    )
    assert.equal(rings.length, 2, 'both rings are found')
    for (const [n, ring] of rings.entries()) await propose(play, ring, n === 0)
  })
  const propose = async (the: Play, ring: Json, agreed: boolean): Promise<void> => {
    await does(ada, 'POST', `circles/${ring.id}/proposal`)
    const inside = ring.links.map(
      (link: Json) => people.find((p) => p.memberId === link.provider.memberId)!
    ) as Person[]
    tally.tell('circle.proposed', ring.id, ...inside)
    await mayNot(the, members[0]!, 'POST', `circles/${ring.id}/agreement`, {})
    const [first, second, third] = inside as [Person, Person, Person]
    for (const person of [first, second]) await does(person, 'POST', `circles/${ring.id}/agreement`, {})
    if (!agreed) {
      await does(third, 'POST', `circles/${ring.id}/decline`)
      tally.tell('circle.closed', ring.id, ...inside.filter((person) => person !== third))
      const seen = await does(first, 'GET', `circles/${ring.id}`)
      assert.deepEqual([seen.status, seen.agreed], ['not_going_ahead', null])
      return
    }
    await does(third, 'POST', `circles/${ring.id}/agreement`, {})
    tally.tell('circle.going-ahead', ring.id, first, second)
    const { links, minutes } = await does(ada, 'GET', `circles/${ring.id}`)
    for (const link of links) {
      const person = (id: string) => people.find((p) => p.memberId === id)!
      const [provider, receiver] = [person(link.provider.memberId), person(link.receiver.memberId)]
      const category = Object.entries(the.categories).find(([, id]) => id === link.categoryId)![0]
      const x: Told = {
        id: link.exchangeId,
        provider,
        receiver,
        status: 'agreed',
        category,
        service: minutes,
        credit: minutes
      }
      tally.began(x, play.month.now())
      tally.tell('exchange.agreed', x.id, provider, receiver)
      the.later(2, () => reportAndConfirm(the, x))
    }
  }
}
