import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { notFound } from '../../shared/errors.ts'
import type { NoticeKind } from '../../shared/notice-kinds.ts'
import { eventsJson, insertEvents } from '../audit/index.ts'
import { insertNotices, noticesJson } from '../notices/index.ts'
import { matches } from './tables.ts'

export type Match = typeof matches.$inferSelect

type Change = Partial<
  Pick<Match, 'status' | 'offerId' | 'proposedBy' | 'proposedAt' | 'expiresAt' | 'closedAt' | 'exchangeId'>
>

/** States in which an answer is waited for, as far as anybody but the one who said no can see. */
export const open = ['suggested', 'proposed', 'declined']

const one = (tx: Tx, id: string) => and(eq(matches.timebankId, tx.timebankId), eq(matches.id, id))

export async function findMatch(tx: Tx, id: string): Promise<Match> {
  const [row] = await tx.db.select().from(matches).where(one(tx, id))
  if (!row) throw notFound('match')
  return row
}

/** Of two steps at once the second sees the first. Where the request is locked too, it is locked before. */
export async function lockMatch(tx: Tx, id: string): Promise<Match> {
  const [row] = await tx.db.select().from(matches).where(one(tx, id)).for('update')
  if (!row) throw notFound('match')
  return row
}

export async function insertMatch(tx: Tx, match: Match): Promise<Match> {
  await tx.db.insert(matches).values(match)
  return match
}

export async function changeMatch(tx: Tx, before: Match, change: Change): Promise<Match> {
  await tx.db.update(matches).set(change).where(one(tx, before.id))
  return { ...before, ...change }
}

type Action = NoticeKind extends infer Kind ? (Kind extends `match.${infer Verb}` ? Verb : never) : never

type Note = {
  match: Match
  action: Action | 'withdrawn' | 'expired'
  before: string | null
  onBehalfOf?: string | null
  told: readonly string[]
  /** what they are told; the action itself unless said */
  notice?: Action
}

/** Notes steps in the audit and tells whom they concern, in one statement. A declined match is not noted: the audit is read by others. */
export async function note(tx: Tx, notes: readonly Note[]): Promise<void> {
  if (notes.length === 0) return
  const events = notes.map(({ match, action, before, onBehalfOf }) => ({
    action: `match.${action}`,
    subject: { type: 'match', id: match.id },
    onBehalfOf: onBehalfOf ?? null,
    changes: { status: [before, match.status], requestId: match.requestId }
  }))
  const notices = notes.flatMap(({ match, action, told, notice }) =>
    told.map((membershipId) => ({
      membershipId,
      kind: `match.${notice ?? (action as Action)}` as const,
      subjectId: match.id
    }))
  )
  await tx.client.query({
    name: 'matching.note',
    text: `WITH noted AS (${insertEvents('$1')}) ${insertNotices('$2')}`,
    values: [eventsJson(tx, events), noticesJson(tx, notices)]
  })
}
