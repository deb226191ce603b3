import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { addMember, type Client, ok, type Stage } from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
export type Json = any

const listing = (categoryId: string, title: string, more: object = {}) => ({
  categoryId,
  title,
  mode: 'do',
  setting: 'any',
  estimatedMinutes: 60,
  open: true,
  ...more
})

/** Asks for a search and waits until it is done. */
export const search = async (staff: Client, body: object = {}): Promise<Json> =>
  done(staff, ok(await staff.post('circle-searches', body), 202).id)

/** A search, when it is done. */
export async function done(staff: Client, id: string): Promise<Json> {
  for (let i = 0; i < 300; i += 1) {
    const found = ok(await staff.get(`circle-searches/${id}`))
    if (found.state === 'done') return found
    assert.notEqual(found.state, 'failed')
    await sleep(50)
  }
  throw new Error('the search does not end')
}

export type Ring = { members: Client[]; offers: Json[]; requests: Json[] }
export type Proposed = Ring & { id: string }

/** New members, each of whom offers what the next one asks for, in a branch of categories of their own. */
export async function makeRing(
  stage: Stage,
  admin: Client,
  size: number,
  more: { minutes?: (number | null)[]; profile?: object } = {}
): Promise<Ring> {
  const stamp = Math.random().toString(36).slice(2, 8)
  const members: Client[] = []
  for (let i = 0; i < size; i += 1)
    members.push(
      await addMember(stage, admin, {
        name: `${'ABCDE'[i]} of ${stamp}`,
        ...(i === 0 && more.profile ? { profile: more.profile as Record<string, unknown> } : {})
      })
    )
  const offers: Json[] = []
  const requests: Json[] = []
  for (const [i, member] of members.entries()) {
    const receiver = members[(i + 1) % size]!
    const { id } = ok(await admin.post('categories', { name: `Help ${stamp} ${i}`, slug: `help-${stamp}-${i}` }), 201)
    const estimatedMinutes = more.minutes?.[i] === undefined ? 60 : more.minutes[i]
    offers.push(ok(await member.post('offers', listing(id, `Offer ${stamp} ${i}`, { estimatedMinutes })), 201))
    requests.push(ok(await receiver.post('requests', listing(id, `Request ${stamp} ${i}`)), 201))
  }
  return { members, offers, requests }
}

/** Ends whatever a ring of a test has left open, so that the next search sees only its own. */
export async function clear(ring: Ring): Promise<void> {
  for (const [i, offer] of ring.offers.entries()) {
    await ring.members[i]!.post(`offers/${offer.id}/closure`, {})
    await ring.members[(i + 1) % ring.members.length]!.post(`requests/${ring.requests[i]!.id}/withdrawal`, {})
  }
}

/** Circles of new members that have been proposed to them, of one search. */
export async function proposedRings(stage: Stage, admin: Client, ...sizes: number[]): Promise<Proposed[]> {
  const rings: Ring[] = []
  for (const size of sizes) rings.push(await makeRing(stage, admin, size))
  return propose(admin, rings)
}

/** A circle of new members that has been proposed to them. */
export async function proposedRing(
  stage: Stage,
  admin: Client,
  size: number,
  more: Parameters<typeof makeRing>[3] = {}
): Promise<Proposed> {
  const [ring] = await propose(admin, [await makeRing(stage, admin, size, more)])
  return ring!
}

async function propose(admin: Client, rings: Ring[]): Promise<Proposed[]> {
  const { id: searchId } = await search(admin)
  const { items } = ok(await admin.get(`circles?search=${searchId}`))
  const found = rings.map((ring) => {
    const inIt = (circle: Json) =>
      circle.links.some((link: Json) => link.provider.memberId === ring.members[0]!.memberId)
    const circle = items.find(inIt)
    assert.equal(circle?.size, ring.members.length, 'the ring is suggested')
    return { ...ring, id: circle.id }
  })
  for (const { id } of found) ok(await admin.post(`circles/${id}/proposal`))
  return found
}
