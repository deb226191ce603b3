import { createHash } from 'node:crypto'
import { addMember, type Client, makeStage, ok, type Stage, setUp } from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
export type Json = any

export const weights = {
  category: 0,
  words: 0,
  distance: 0,
  availability: 0,
  language: 0,
  setting: 0,
  earlier: 0,
  balance: 0,
  recent: 0
}

export type Weights = typeof weights

/** A timebank for tests of matching: its categories by short name, and who writes offers and requests there. */
export async function makeMatchingTown(name: string) {
  const stage: Stage = await makeStage(name)
  const admin = await setUp(stage)
  const category: Record<string, string> = {}
  for (const { slug, id } of ok(await admin.get('categories')).items) category[slug] = id

  const change = async (rules: Record<string, unknown>): Promise<void> => {
    const { version } = ok(await admin.get('policy'))
    ok(await admin.patch('policy', { rules, why: 'For one test' }, version))
  }
  const write = async (kind: 'offers' | 'requests', who: Client, title: string, more: Record<string, unknown> = {}) => {
    const { slug = 'gardening', ...rest } = more
    const body = { categoryId: category[String(slug)], title, mode: 'do', setting: 'outdoors', open: true, ...rest }
    return ok(await who.post(kind, body), 201) as { id: string; rowVersion: number }
  }
  return {
    stage,
    admin,
    category,
    change,
    member: (given: string, more: Parameters<typeof addMember>[2] = {}) =>
      addMember(stage, admin, { name: given, ...more }),
    /** An organisation, and who acts for it. */
    organisation: async (given: string, who: Client): Promise<{ id: string; name: string }> => {
      const made = ok(await admin.post('organisations', { name: given, kind: 'charity' }), 201)
      const affiliation = { memberId: who.memberId, professional: true, actsFor: true }
      ok(await admin.post(`organisations/${made.id}/affiliations`, affiliation), 201)
      return made
    },
    weigh: (some: Partial<Weights>, more: Record<string, unknown> = {}) =>
      change({ matchingWeights: { ...weights, ...some }, ...more }),
    offer: (who: Client, title: string, more?: Record<string, unknown>) => write('offers', who, title, more),
    request: (who: Client, title: string, more?: Record<string, unknown>) => write('requests', who, title, more),
    candidates: async (who: Client, request: string, query = ''): Promise<Json> =>
      ok(await who.get(`requests/${request}/candidates${query}`)),
    forOffer: async (who: Client, offer: string, query = ''): Promise<Json> =>
      ok(await who.get(`offers/${offer}/candidates${query}`))
  }
}

export type MatchingTown = Awaited<ReturnType<typeof makeMatchingTown>>

export const namesOf = (answer: Json): string[] =>
  answer.items.map((item: Json) => item.organisation?.name ?? item.owner?.displayName ?? null)

export const codesOf = (item: Json): string[] => item.reasons.map((reason: Json) => reason.code)

let words = 0

/** A word that looks like no other one: offers stay, and each case is to be alone with its own. */
export function newWord(): string {
  words += 1
  const hex = createHash('sha256').update(String(words)).digest('hex').slice(0, 10)
  return hex.replaceAll(/./g, (digit) => 'bcdfghjklmnpqrst'[Number.parseInt(digit, 16)]!)
}
