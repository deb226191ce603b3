import { and, desc, eq, getTableColumns, inArray, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { audit } from '../audit/index.ts'
import { getExchange, otherSide, type SideName, sideOf, standingOf, standsSettled } from '../exchanges/index.ts'
import {
  isVisibleToMembers,
  type Membership,
  memberParty,
  membersActingFor,
  organisationsActedFor,
  resolveMember
} from '../members/index.ts'
import { addNotices } from '../notices/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { notes } from './tables.ts'

export type Note = typeof notes.$inferSelect
export const visibilities = ['private', 'timebank'] as const
export type Visibility = (typeof visibilities)[number]

/** What the two sides of an exchange have said to each other, as one of them sees it. */
export type Exchanged = { mine: SideName; given: Note | null; received: Note | null }

const todayHere = async (tx: Tx): Promise<string> => today(tx, (await currentPolicy(tx)).rules)

/** The exchange and the caller's side; to everybody else, staff included, it is not there. */
async function sidesOf(tx: Tx, exchangeId: string) {
  const exchange = await getExchange(tx, exchangeId)
  const { own } = await standingOf(tx, exchange, await todayHere(tx))
  const [mine] = own
  if (!mine) throw notFound('exchange')
  // of an organisation as such thanks are the organisation's, of a professional their own
  const party = (name: SideName) => {
    const { capacity, memberId, organisationId } = sideOf(exchange, name)
    return capacity === 'organisation' ? { memberId: null, organisationId } : { memberId, organisationId: null }
  }
  return { exchange, mine, both: own.length > 1, author: party(mine), about: party(otherSide(mine)) }
}

const one = (tx: Tx, exchangeId: string, side: SideName) =>
  and(eq(notes.timebankId, tx.timebankId), eq(notes.exchangeId, exchangeId), eq(notes.side, side))

const written = ne(notes.text, '')

/** The notes of one exchange, for its sides. */
export async function thanksOn(tx: Tx, exchangeId: string): Promise<Exchanged> {
  const { mine } = await sidesOf(tx, exchangeId)
  const found = await tx.db
    .select()
    .from(notes)
    .where(and(eq(notes.timebankId, tx.timebankId), eq(notes.exchangeId, exchangeId), written))
  const of = (side: SideName) => found.find((note) => note.side === side) ?? null
  return { mine, given: of(mine), received: of(otherSide(mine)) }
}

/**
 * One side thanks the other, or says it otherwise. Another text is another matter: that it may be shown has to be said again by
 * the one who is thanked.
 */
export async function giveThanks(
  tx: Tx,
  exchangeId: string,
  { text, visibility }: { text: string; visibility: Visibility }
): Promise<{ note: Note; first: boolean }> {
  const { exchange, mine, both, author, about } = await sidesOf(tx, exchangeId)
  if (both) throw new DomainError('forbidden', 'You speak for both sides: nobody thanks themselves.')
  if (exchange.status !== 'settled')
    throw new DomainError('wrong-state', 'Thanks are given once the exchange is settled.', {
      figures: { state: exchange.status }
    })
  const told = await whoIsThanked(tx, about)
  const sameText = sql`${notes.text} = ${text}`
  const [note] = await tx.db
    .insert(notes)
    .values({
      timebankId: tx.timebankId,
      exchangeId: exchange.id,
      side: mine,
      id: newId(),
      authorId: tx.actor.membershipId!,
      authorOrganisationId: author.organisationId,
      aboutId: about.memberId,
      aboutOrganisationId: about.organisationId,
      text,
      visibility,
      givenAt: tx.now,
      changedAt: tx.now
    })
    .onConflictDoUpdate({
      target: [notes.timebankId, notes.exchangeId, notes.side],
      set: {
        authorId: tx.actor.membershipId!,
        text,
        visibility,
        shared: sql`${notes.shared} and ${sameText}`,
        changedAt: sql`CASE WHEN ${sameText} AND ${notes.visibility} = ${visibility} THEN ${notes.changedAt}
                            ELSE ${tx.now.toISOString()}::timestamptz END`
      }
    })
    // a row that was there before carries the mark of this transaction as its lock
    .returning({ ...getTableColumns(notes), first: sql<boolean>`xmax = 0` })
  const { first, ...kept } = note!
  await audit(tx, {
    action: first ? 'thanks.given' : 'thanks.changed',
    subject: { type: 'exchange', id: exchange.id },
    changes: { side: mine, visibility }
  })
  // only of the first: who removes a note and writes another does not ring twice
  if (first)
    await addNotices(
      tx,
      told.map((membershipId) => ({ membershipId, kind: 'thanks.given', subjectId: exchange.id }))
    )
  return { note: kept, first }
}

type Party = { memberId: string | null; organisationId: string | null }

const here: readonly string[] = ['active', 'paused', 'suspended']

/** Members on the side that is thanked; refused where nobody is there to read it: gone, or anonymous in imported history. */
async function whoIsThanked(tx: Tx, { memberId, organisationId }: Party): Promise<string[]> {
  if (organisationId !== null) return membersActingFor(tx, [organisationId], await todayHere(tx))
  if (memberId === null || !here.includes((await memberParty(tx, memberId)).status))
    throw new DomainError('party-not-active', 'There is nobody left to read it.')
  return [memberId]
}

/** The author takes a note back: nothing of it stays. */
export async function removeThanks(tx: Tx, exchangeId: string): Promise<void> {
  const { exchange, mine } = await sidesOf(tx, exchangeId)
  const { rowCount } = await tx.db
    .update(notes)
    .set({ ...blank, changedAt: tx.now })
    .where(and(one(tx, exchange.id, mine), written))
  if (rowCount === 0) throw notFound('note')
  await audit(tx, {
    action: 'thanks.removed',
    subject: { type: 'exchange', id: exchange.id },
    changes: { side: mine }
  })
}

const blank = { text: '', visibility: 'private', shared: false } as const

/**
 * The one who is thanked says whether others may see it, which they do where the author says so too, or that they do not want
 * to see it. The author is not told.
 */
export async function answerThanks(
  tx: Tx,
  exchangeId: string,
  { shared, hidden }: { shared: boolean; hidden: boolean }
): Promise<Note> {
  const { exchange, mine } = await sidesOf(tx, exchangeId)
  const [note] = await tx.db
    .update(notes)
    .set({ shared, hidden })
    .where(and(one(tx, exchange.id, otherSide(mine)), written))
    .returning()
  if (!note) throw notFound('note')
  await audit(tx, {
    action: 'thanks.answered',
    subject: { type: 'exchange', id: exchange.id },
    changes: { side: note.side, shared, hidden }
  })
  return note
}

export type OwnFilter = { whose: 'about' | 'from'; hidden: boolean; before: string | null }

/** The caller's own, newest first: what was said to them, or what they said. One more than `limit` where there are more. */
export async function listOwnThanks(tx: Tx, { whose, hidden, before }: OwnFilter, limit: number): Promise<Note[]> {
  const me = tx.actor.membershipId!
  const organisations = await organisationsActedFor(tx, me, await todayHere(tx))
  const [member, organisation] =
    whose === 'about' ? [notes.aboutId, notes.aboutOrganisationId] : [notes.authorId, notes.authorOrganisationId]
  // what somebody wrote for an organisation is the organisation's
  const mine = and(eq(member, me), whose === 'from' ? sql`${notes.authorOrganisationId} is null` : undefined)
  return page(
    tx,
    and(
      organisations.length === 0 ? mine : or(mine, inArray(organisation, organisations)),
      whose === 'about' ? eq(notes.hidden, hidden) : undefined,
      written
    ),
    before,
    limit
  )
}

function page(tx: Tx, condition: SQL | undefined, before: string | null, limit: number): Promise<Note[]> {
  return tx.db
    .select()
    .from(notes)
    .where(and(eq(notes.timebankId, tx.timebankId), condition, before === null ? undefined : lt(notes.id, before)))
    .orderBy(desc(notes.id))
    .limit(limit + 1)
}

/** Those of a member that both, author and thanked, let the timebank see, of exchanges that stand; newest first. */
export async function listOpenThanks(tx: Tx, ref: string, before: string | null, limit: number): Promise<Note[]> {
  const member = await resolveMember(tx, ref)
  if (!maySee(tx, member)) throw notFound('member')
  return page(
    tx,
    and(
      eq(notes.aboutId, member.id),
      // written out as the index has it
      sql`visibility = 'timebank' and shared and not hidden and text <> ''`,
      standsSettled(notes.timebankId, notes.exchangeId)
    ),
    before,
    limit
  )
}

/** As their profile: an auditor who is no staff sees none. */
function maySee({ actor }: Tx, member: Membership): boolean {
  if (member.id === actor.membershipId || isStaff(actor)) return true
  return !hasRole(actor, 'auditor') && isVisibleToMembers(member)
}

/** When a member is erased: what they said, and what was said to them, since it is about them. */
export async function blankThanksOf(tx: Tx, membershipId: string): Promise<void> {
  const { rowCount } = await tx.db
    .update(notes)
    .set(blank)
    .where(
      and(
        eq(notes.timebankId, tx.timebankId),
        or(eq(notes.authorId, membershipId), eq(notes.aboutId, membershipId)),
        written
      )
    )
  if (rowCount)
    await audit(tx, {
      action: 'membership.thanks-blanked',
      subject: { type: 'membership', id: membershipId },
      onBehalfOf: membershipId,
      changes: { notes: rowCount }
    })
}
