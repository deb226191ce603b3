import { and, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { countUnread, listNotices, type Notice } from '../notices/index.ts'
import { listConversations, ownOnly } from './conversations.ts'
import type { Own } from './people.ts'
import { participants } from './tables.ts'

/** Something new for the caller: a conversation with unread messages, or an unread notice of anything else. */
export type InboxItem =
  | { kind: 'conversation'; key: string; own: Own }
  | { kind: 'notice'; key: string; notice: Notice }

/** What a conversation's own notice says, the conversation says better. */
const without = 'conversation.message'

/**
 * Newest first, merged from two lists in the same order: ids (uuid v7) of notices and of a conversation's newest activity, both
 * made at the time. `before` is the key of the last one seen. One more than `limit` where there are more.
 */
export async function listInbox(tx: Tx, before: string | null, limit: number): Promise<InboxItem[]> {
  const conversations = await listConversations(tx, { unread: true, heard: true, before }, limit)
  const notices = await listNotices(tx, tx.actor.membershipId!, { unread: true, before, without }, limit)
  return [
    ...conversations.map((own) => ({ kind: 'conversation' as const, key: own.me.activity, own })),
    ...notices.map((notice) => ({ kind: 'notice' as const, key: notice.id, notice }))
  ]
    .sort((a, b) => (a.key < b.key ? 1 : -1))
    .slice(0, limit + 1)
}

/** Nobody counts further; so that asking stays cheap whatever has piled up. */
export const mostCounted = 1000

export type InboxSummary = { conversations: number; messages: number; notices: number }

export async function inboxSummary(tx: Tx): Promise<InboxSummary> {
  const some = tx.db
    .select({ unread: participants.unread })
    .from(participants)
    .where(and(await ownOnly(tx), sql`${participants.unread} > 0`, sql`not ${participants.muted}`))
    .limit(mostCounted)
    .as('some')
  const [row] = await tx.db
    .select({
      conversations: sql<number>`count(*)::integer`,
      messages: sql<number>`coalesce(sum(${some.unread}), 0)::integer`
    })
    .from(some)
  return { ...row!, notices: await countUnread(tx, tx.actor.membershipId!, without, mostCounted) }
}
