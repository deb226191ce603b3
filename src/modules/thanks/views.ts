import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { dateIn } from '../../shared/clock.ts'
import { memberLabels, organisationLabels } from '../members/index.ts'
import { currentPolicy } from '../timebanks/index.ts'
import type { exchangedSchema, noteSchema, openNoteSchema } from './schemas.ts'
import type { Exchanged, Note, Visibility } from './thanks.ts'

type NoteView = z.output<typeof noteSchema>

const distinct = (ids: (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))]

async function labelsOf(tx: Tx, found: readonly Note[]) {
  const members = await memberLabels(tx, distinct(found.flatMap(({ authorId, aboutId }) => [authorId, aboutId])))
  const organisations = await organisationLabels(
    tx,
    distinct(found.flatMap((x) => [x.authorOrganisationId, x.aboutOrganisationId]))
  )
  const side = (memberId: string | null, organisationId: string | null) => {
    const member = memberId === null ? undefined : members.get(memberId)
    const organisation = organisationId === null ? undefined : organisations.get(organisationId)
    return {
      memberId: member ? memberId : null,
      memberNumber: member?.number ?? null,
      name: member?.displayName ?? null,
      organisation: organisation && organisationId !== null ? { id: organisationId, name: organisation.name } : null
    }
  }
  const shows = (memberId: string) => members.get(memberId)?.visible === true
  return { side, shows }
}

/** For the sides of the exchange, who know each other. `from`: the caller is on the author's side. */
export async function noteViews(tx: Tx, found: readonly { note: Note; from: boolean }[]): Promise<NoteView[]> {
  const { side } = await labelsOf(
    tx,
    found.map(({ note }) => note)
  )
  return found.map(({ note, from }) => ({
    id: note.id,
    exchangeId: note.exchangeId,
    author: side(note.authorId, note.authorOrganisationId),
    about: side(note.aboutId, note.aboutOrganisationId),
    text: note.text,
    visibility: note.visibility as Visibility,
    shared: note.shared,
    hidden: from ? null : note.hidden,
    givenAt: note.givenAt,
    changedAt: note.changedAt
  }))
}

export async function noteView(tx: Tx, note: Note, from: boolean): Promise<NoteView> {
  const [view] = await noteViews(tx, [{ note, from }])
  return view!
}

export async function exchangedView(tx: Tx, { given, received }: Exchanged): Promise<z.output<typeof exchangedSchema>> {
  return {
    given: given && (await noteView(tx, given, true)),
    received: received && (await noteView(tx, received, false))
  }
}

/** For other members: the words, and who said them where they let themselves be seen. */
export async function openViews(tx: Tx, found: readonly Note[]): Promise<z.output<typeof openNoteSchema>[]> {
  const { side, shows } = await labelsOf(tx, found)
  const { timeZone } = (await currentPolicy(tx)).rules
  return found.map((note) => {
    const { authorId, authorOrganisationId } = note
    const person = shows(authorId) ? authorId : null
    return {
      id: note.id,
      text: note.text,
      author: person === null && authorOrganisationId === null ? null : side(person, authorOrganisationId),
      givenOn: dateIn(timeZone, note.givenAt)
    }
  })
}
