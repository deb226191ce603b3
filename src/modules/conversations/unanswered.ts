import { and, asc, eq, gt, gte, isNull, lt, or, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { beganBetween } from '../exchanges/index.ts'
import { type AboutKind, aboutOf } from './about.ts'
import type { Conversation } from './people.ts'
import { conversations } from './tables.ts'

/** A conversation whose first message waits for an answer: who asked whom about what, and nothing of what was said. */
export type Unanswered = {
  id: string
  about: { kind: AboutKind; id: string }
  askerId: string
  /** a member, or an organisation */
  askedId: string | null
  askedOrganisationId: string | null
  startedAt: Date
}

const waiting = (x: Conversation): Unanswered => ({
  id: x.id,
  about: aboutOf(x),
  askerId: x.askerId,
  askedId: x.askedId,
  askedOrganisationId: x.askedOrganisationId,
  startedAt: x.startedAt
})

/**
 * Conversations about an offer, a request or an exchange that were begun before an instant, and in which the side that was
 * asked has not written since, nor began an exchange between the two. Oldest first, keyset by `startedAt` and `id`; at most `limit`.
 */
export async function unansweredConversations(
  tx: Tx,
  { before, after = null }: { before: Date; after?: Pick<Unanswered, 'startedAt' | 'id'> | null },
  limit: number
): Promise<Unanswered[]> {
  const rows = await tx.db
    .select()
    .from(conversations)
    .where(
      and(
        eq(conversations.timebankId, tx.timebankId),
        isNull(conversations.firstReplyAt),
        isNull(conversations.memberId),
        lt(conversations.startedAt, before),
        after === null
          ? undefined
          : and(
              gte(conversations.startedAt, after.startedAt),
              or(gt(conversations.startedAt, after.startedAt), gt(conversations.id, after.id))
            ),
        isNull(beganBetween(conversations))
      )
    )
    .orderBy(asc(conversations.startedAt), asc(conversations.id))
    .limit(limit)
  return rows.map(waiting)
}

/** The same for one, whenever it was begun; null: it is answered, or not there. */
export async function unansweredConversation(tx: Tx, id: string): Promise<Unanswered | null> {
  const [row] = await tx.db
    .select()
    .from(conversations)
    .where(
      and(
        eq(conversations.timebankId, tx.timebankId),
        eq(conversations.id, id),
        isNull(conversations.firstReplyAt),
        isNull(conversations.memberId),
        isNull(beganBetween(conversations))
      )
    )
  return row ? waiting(row) : null
}

export type FirstReply = { id: string; startedAt: Date; firstReplyAt: Date | null }

/** Of the conversations that were begun from `from` on and before `to` when the first answer came; null: not yet. */
export async function firstReplies(tx: Tx, { from, to }: { from: Date; to: Date }): Promise<FirstReply[]> {
  return tx.db
    .select({
      id: conversations.id,
      startedAt: conversations.startedAt,
      // what was noted is the earlier of the two
      firstReplyAt: sql<Date | null>`coalesce(${conversations.firstReplyAt}, ${beganBetween(conversations)})`.mapWith(
        conversations.firstReplyAt
      )
    })
    .from(conversations)
    .where(
      and(
        eq(conversations.timebankId, tx.timebankId),
        isNull(conversations.memberId),
        gte(conversations.startedAt, from),
        lt(conversations.startedAt, to)
      )
    )
    .orderBy(asc(conversations.startedAt), asc(conversations.id))
}
