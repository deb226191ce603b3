import type { Tx } from '../../db/client.ts'
import { addDays } from '../../shared/clock.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { languages, wordsFor } from '../../shared/words/index.ts'
import { type Category, getOffer, getRequest, isOwn, type Listing, listCategories } from '../listings/index.ts'
import { relativesOf } from '../members/index.ts'
import { currentPolicy, type Policy, today } from '../timebanks/index.ts'
import { nearCategories } from './nearness.ts'
import { speaksForEveryone } from './standing.ts'

/** What candidates are looked for. */
export type Kind = 'request' | 'offer'

/** In the order in which the database gives the parts. */
export const partNames = [
  'category',
  'words',
  'distance',
  'availability',
  'language',
  'setting',
  'earlier',
  'balance',
  'recent'
] as const satisfies (keyof Policy['matchingWeights'])[]
export type PartName = (typeof partNames)[number]

/** Somebody who fits, with what speaks for it. At most one for each member or organisation: what of theirs fits best. */
export type Candidate = {
  /** the member, or the organisation whose listing it is */
  party: string
  /** an offer or a request; null: a member by their profile */
  listing: string | null
  member: string
  organisation: string | null
  points: number
  turn: number
  /** each 0 to 100 */
  parts: Record<PartName, number>
  category: string | null
  commonWords: string[]
  kilometres: number | null
  sameArea: boolean
  commonSlots: string[]
  commonLanguages: string[]
  sameMode: boolean
  sameSetting: boolean
  /** whether other members may see whose it is */
  shown: boolean
}

/** Where a page ended, the day whose turns it goes by, and whom the first page put forward (or its last, who does not come again either). */
export type Place = readonly [day: string, points: number, turn: number, party: string, passed: string]

export type Candidates = {
  about: Listing
  items: Candidate[]
  next: Place | null
  /** how many there are to choose from, and how many of them are organisations and their professionals */
  total: number
  professionals: number
  tree: Category[]
  /** whether the one who asks is one of the two */
  own: boolean
}

/** How much better an organisation's must fit to come before a citizen's; the sum of all weights is 125 by default. */
const peerPoints = 15

const find = `SELECT party, listing, member, organisation, points, turn, place, professionals, total, parts, category,
       common_words AS "commonWords", kilometres, same_area AS "sameArea", common_slots AS "commonSlots",
       common_languages AS "commonLanguages", same_mode AS "sameMode", same_setting AS "sameSetting", owner_shown AS shown
  FROM matching.candidates($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`

type Row = Omit<Candidate, 'parts' | 'commonWords'> & {
  parts: number[]
  commonWords: string[] | null
  place: number
  professionals: number
  total: number
}

const recentDays = 90

/** Words that say nothing of what is offered, in all languages: texts of one timebank are written in several. */
const fillers = languages.flatMap((language) => wordsFor(language).words.matching.fillers.split(' '))

const askable: Record<Kind, readonly string[]> = {
  request: ['draft', 'open', 'matched', 'in_progress'],
  offer: ['draft', 'open', 'paused']
}

/**
 * Who fits a request or an offer, best first: for its owner, who acts for its organisation, and staff. At least two where
 * there are two, the best organisation's on the first page where there is one. `limit` is at least 2.
 */
export async function candidatesFor(
  tx: Tx,
  kind: Kind,
  id: string,
  after: Place | null,
  limit: number,
  peerFirst?: boolean
): Promise<Candidates> {
  const about = await (kind === 'request' ? getRequest(tx, id) : getOffer(tx, id))
  const own = await isOwn(tx, about)
  if (!own && !speaksForEveryone(tx)) throw notFound(kind)
  if (!askable[kind].includes(about.status))
    throw new DomainError('wrong-state', `There are no candidates for what is ${about.status.replace('_', ' ')}.`, {
      figures: { state: about.status }
    })
  const { rules } = await currentPolicy(tx)
  const tree = await listCategories(tx)
  const near = nearCategories(tree, about.categoryId)
  const topic = near.size === 0 ? null : (tree.find((category) => category.id === about.categoryId)?.name ?? null)
  // among citizens: who gives or asks for an organisation does so as that
  const kin =
    rules.familyExchanges === 'allowed' || about.organisationId !== null
      ? []
      : await relativesOf(tx, about.membershipId)
  const day = after?.[0] ?? today(tx, rules)
  const { rows } = await tx.client.query<Row>({
    name: 'matching.candidates',
    text: find,
    values: [
      kind,
      id,
      [...near.keys()],
      [...near.values()],
      tree.filter(({ closed }) => closed).map((category) => category.id),
      topic,
      fillers,
      kin,
      partNames.map((name) => rules.matchingWeights[name]),
      (peerFirst ?? rules.peerFirst) ? peerPoints : 0,
      day,
      tx.now,
      firstIdOf(new Date(`${addDays(today(tx, rules), -recentDays)}T00:00:00Z`)),
      after?.[1] ?? null,
      after?.[2] ?? null,
      after?.[3] ?? null,
      after?.[4] ?? null,
      limit + 1
    ]
  })
  const { items, last, passed } = pageOf(rows, limit, after)
  return {
    about,
    items: items.map(asCandidate),
    next: last ? [day, last.points, last.turn, last.party, passed ?? last.party] : null,
    total: rows[0]?.total ?? 0,
    professionals: rows[0]?.professionals ?? 0,
    tree,
    own
  }
}

/** The first page ends with the best organisation's where none has come up by itself; later ones pass that one over. */
function pageOf(
  rows: Row[],
  limit: number,
  after: Place | null
): { items: Row[]; last: Row | null; passed: string | null } {
  const inOrder = rows.slice(0, limit)
  const ahead = after ? undefined : rows.find(({ organisation }) => organisation !== null)
  if (!ahead || inOrder.includes(ahead))
    return { items: inOrder, last: rows.length > limit ? inOrder.at(-1)! : null, passed: after?.[4] ?? null }
  const others = inOrder.slice(0, limit - 1)
  return { items: [...others, ahead], last: others.at(-1)!, passed: ahead.party }
}

function asCandidate({
  parts,
  commonWords,
  place: _place,
  professionals: _professionals,
  total: _total,
  ...row
}: Row): Candidate {
  return {
    ...row,
    commonWords: commonWords ?? [],
    parts: Object.fromEntries(partNames.map((name, i) => [name, parts[i]!])) as Record<PartName, number>
  }
}

/** The smallest id (uuid v7) that can have been made at an instant. */
const firstIdOf = (instant: Date): string => {
  const hex = Math.max(0, instant.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`
}
