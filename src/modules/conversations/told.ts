import type { Tx } from '../../db/client.ts'
import type { Told } from '../../shared/told.ts'
import { organisationsActedFor } from '../members/index.ts'
import { todayHere } from './people.ts'

/** What conversations are about, in a few words to who takes part: the title of the listing, or the category of the exchange. */
export async function conversationsTold(
  tx: Tx,
  _membershipId: string,
  ids: readonly string[]
): Promise<Map<string, Told>> {
  const { rows } = await tx.client.query<{ id: string; what: string | null }>({
    name: 'conversations.told',
    text: `SELECT c.id, coalesce(o.title, q.title, g.name) AS what
             FROM conversations.conversations c
             LEFT JOIN listings.offers o ON o.timebank_id = c.timebank_id AND o.id = c.offer_id
             LEFT JOIN listings.requests q ON q.timebank_id = c.timebank_id AND q.id = c.request_id
             LEFT JOIN exchanges.exchanges x ON x.timebank_id = c.timebank_id AND x.id = c.exchange_id
             LEFT JOIN listings.categories g ON g.timebank_id = c.timebank_id AND g.id = x.category_id
            WHERE c.timebank_id = $1 AND c.id = ANY ($2::uuid[])`,
    values: [tx.timebankId, ids]
  })
  return new Map(rows.map(({ id, what }) => [id, { who: null, what, when: null }]))
}

/** So many of the newest texts; who is away for long reads the others where they are. */
const mostTexts = 5

/**
 * The same of what is unread in them: who wrote last, and the texts. There is nothing to tell of what is muted or read meanwhile,
 * or where they take part no more: they act for the organisation no longer, or are no broker any more.
 */
export async function messagesTold(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Map<string, Told>> {
  const about = await conversationsTold(tx, membershipId, ids)
  const acting = await organisationsActedFor(tx, membershipId, await todayHere(tx))
  const { rows } = await tx.client.query<{ id: string; over: boolean; who: string | null; texts: string[] | null }>({
    name: 'conversations.messages_told',
    text: `SELECT p.conversation_id AS id, p.muted OR p.unread = 0 OR NOT y.takes_part AS over, m.who, m.texts
             FROM conversations.participants p
            CROSS JOIN LATERAL (
              SELECT (p.organisation_id IS NULL OR p.organisation_id = ANY ($4::uuid[]))
                 AND (p.side <> 'broker' OR EXISTS (
                       SELECT FROM members.memberships b WHERE b.timebank_id = p.timebank_id AND b.id = p.membership_id
                          AND b.status = 'active' AND b.roles && '{broker,admin}'::text[])) AS takes_part) y
             LEFT JOIN LATERAL (
               SELECT (array_agg(l.author ORDER BY l.number DESC))[1] AS who, array_agg(l.text ORDER BY l.number) AS texts
                 FROM (SELECT w.number, w.text, a.display_name AS author
                         FROM conversations.messages w
                         JOIN members.memberships a ON a.timebank_id = w.timebank_id AND a.id = w.author_id
                        WHERE w.timebank_id = p.timebank_id AND w.conversation_id = p.conversation_id
                          AND w.number > p.read_up_to AND w.number >= p.from_number
                          AND w.author_id <> p.membership_id AND NOT w.erased AND y.takes_part
                        ORDER BY w.number DESC LIMIT ${mostTexts}) l) m ON true
            WHERE p.timebank_id = $1 AND p.membership_id = $2 AND p.conversation_id = ANY ($3::uuid[])`,
    values: [tx.timebankId, membershipId, ids, acting]
  })
  return new Map(
    rows.map(({ id, who, over, texts }) => [
      id,
      { who, what: about.get(id)?.what ?? null, when: null, over, text: texts?.join('\n\n') ?? null }
    ])
  )
}
