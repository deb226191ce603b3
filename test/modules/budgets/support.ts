import assert from 'node:assert/strict'
import { ok } from '../../support/app.ts'
import { type Client, makeHouse } from '../exchanges/support.ts'

export type Figures = { allocated: number; spent: number; committed: number; returned: number; available: number }

export const today = new Date().toISOString().slice(0, 10)

/** The identity of a budget, and that nothing of it is below zero. */
export function whole(figures: Figures): Figures {
  const { allocated, spent, committed, returned, available } = figures
  assert.equal(allocated, spent + committed + returned + available, JSON.stringify(figures))
  for (const [name, minutes] of Object.entries(figures))
    assert.ok(minutes >= 0, `${name} of ${JSON.stringify(figures)}`)
  return figures
}

/** A timebank with an organisation that funds budgets, and who acts for it. */
export async function makeFund(name: string) {
  const house = await makeHouse(name)
  const { admin } = house
  const organisation = async (title: string, kind = 'council'): Promise<{ id: string; accountId: number }> =>
    ok(await admin.post('organisations', { name: title, kind }), 201)
  const acting = async (client: Client, organisationId: string): Promise<void> => {
    ok(
      await admin.post(`organisations/${organisationId}/affiliations`, {
        memberId: client.memberId,
        actsFor: true,
        professional: true
      }),
      201
    )
  }
  const funder = await organisation('Rivertown Council')
  const officer = await house.member({ name: 'Olaf Officer' })
  await acting(officer, funder.id)

  const propose = async (by: Client, more: Record<string, unknown>) =>
    ok(
      await by.post('budgets', {
        funderOrganisationId: funder.id,
        kind: 'person',
        holder: { mode: 'self' },
        intendedMinutes: 600,
        validFrom: '2026-01-01',
        ...more
      }),
      201
    )
  /** A person's own budget with so many minutes in it. */
  const funded = async (person: Client, minutes: number): Promise<string> => {
    const { id } = await propose(officer, { memberId: person.memberId })
    ok(await person.put(`budgets/${id}/plan`, { plan: 'I would like company on my walks.' }))
    ok(await person.post(`budgets/${id}/agreement`, {}))
    ok(await officer.post(`budgets/${id}/agreement`, {}))
    ok(await officer.post(`budgets/${id}/allocations`, { minutes }))
    return id
  }
  const figures = async (id: string): Promise<Figures> => whole(ok(await admin.get(`budgets/${id}`)).figures)
  return { ...house, house, organisation, acting, funder, officer, propose, funded, figures }
}

export type Fund = Awaited<ReturnType<typeof makeFund>>
export type { Client }
