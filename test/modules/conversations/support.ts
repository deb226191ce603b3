import { addMember, type Client, ok, type Stage } from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
export type Json = any

export const listing = (categoryId: string, more: Record<string, unknown> = {}) => ({
  categoryId,
  title: 'Help in the garden',
  mode: 'do',
  setting: 'any',
  open: true,
  ...more
})

export const makeOffer = async (
  client: Client,
  categoryId: string,
  more: Record<string, unknown> = {}
): Promise<string> => ok(await client.post('offers', listing(categoryId, more)), 201).id

/** An organisation, and a member who acts for it. */
export async function makeOrganisation(stage: Stage, admin: Client, name: string) {
  const organisation: string = ok(await admin.post('organisations', { name, kind: 'charity' }), 201).id
  const act = async (member: Client): Promise<string> =>
    ok(
      await admin.post(`organisations/${organisation}/affiliations`, {
        memberId: member.memberId,
        professional: false,
        actsFor: true
      }),
      201
    ).id
  const speaker = await addMember(stage, admin)
  await act(speaker)
  return { organisation, speaker, act }
}

/** Asks about an offer; gives the conversation. */
export const ask = async (client: Client, offer: string, text: string, status = 201): Promise<Json> =>
  ok(await client.post(`offers/${offer}/conversations`, { text }), status)

export const say = async (client: Client, conversation: string, text: string): Promise<Json> =>
  ok(await client.post(`conversations/${conversation}/messages`, { text }), 201)

export const see = async (client: Client, conversation: string): Promise<Json> =>
  ok(await client.get(`conversations/${conversation}`))

export const textsOf = async (client: Client, conversation: string): Promise<string[]> =>
  ok(await client.get(`conversations/${conversation}/messages?limit=200`)).items.map((m: Json) => m.text)
