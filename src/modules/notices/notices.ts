import { and, asc, count, desc, eq, inArray, isNull, lt, ne, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { type NoticeKind, noticeKinds } from '../../shared/notice-kinds.ts'
import { rules } from '../timebanks/index.ts'
import { notices } from './tables.ts'

export type Notice = typeof notices.$inferSelect

export type NewNotice = {
  /** Who is told. */
  membershipId: string
  kind: NoticeKind
  subjectId: string
  /** Where whoever writes it wants to find it again. */
  id?: string
}

/**
 * SQL that adds the notices of a parameter that `noticesJson` made. A notice is written by the statement that writes what it
 * tells of, so that there is never one without the other, and no further round trip; so is what makes a mail of it, by the
 * function of the mailings that the rows go through.
 */
export const insertNotices = (parameter: string): string =>
  `INSERT INTO notices.notices SELECT * FROM mailings.with_mail(${parameter})`

/** Ids, kinds and instants only. How its topic is told by mail stands beside each, for policies older than that rule. */
export const noticesJson = (tx: Tx, told: readonly NewNotice[]): string =>
  JSON.stringify(
    told.map(({ id = newId(), membershipId, kind, subjectId }) => ({
      timebank_id: tx.timebankId,
      id,
      membership_id: membershipId,
      kind,
      subject_id: subjectId,
      created_at: tx.now,
      topic: noticeKinds[kind],
      standard: rules.mailDefaults.standard[noticeKinds[kind]]
    }))
  )

/** The same as a statement of its own. */
export async function addNotices(tx: Tx, told: readonly NewNotice[]): Promise<void> {
  if (told.length === 0) return
  await tx.client.query({ name: 'notices.insert', text: insertNotices('$1'), values: [noticesJson(tx, told)] })
}

const ofMember = (tx: Tx, membershipId: string) =>
  and(eq(notices.timebankId, tx.timebankId), eq(notices.membershipId, membershipId))

/** Which notice of whom. */
export type NoticeRef = Pick<Notice, 'membershipId' | 'id'>

/** Of some notices the ids of those that nobody has read; they stay unread until the transaction ends. */
export async function holdUnread(tx: Tx, refs: readonly NoticeRef[]): Promise<Set<string>> {
  if (refs.length === 0) return new Set()
  const { rows } = await tx.client.query<{ id: string }>({
    name: 'notices.hold_unread',
    text: `SELECT n.id
             FROM unnest($2::uuid[], $3::uuid[]) AS r (membership_id, id)
             JOIN notices.notices n ON n.timebank_id = $1 AND n.membership_id = r.membership_id AND n.id = r.id
            WHERE n.read_at IS NULL
            ORDER BY n.id
              FOR NO KEY UPDATE OF n`,
    values: [tx.timebankId, refs.map((ref) => ref.membershipId), refs.map((ref) => ref.id)]
  })
  return new Set(rows.map(({ id }) => id))
}

/** How many a member has not read, up to `most`: more than that nobody counts. */
export async function countUnread(tx: Tx, membershipId: string, without: NoticeKind, most: number): Promise<number> {
  const some = tx.db
    .select({ id: notices.id })
    .from(notices)
    .where(and(ofMember(tx, membershipId), isNull(notices.readAt), ne(notices.kind, without)))
    .limit(most)
    .as('some')
  const [row] = await tx.db.select({ count: count() }).from(some)
  return row!.count
}

/** A member's own, newest first; `before` is the id of the last one seen. One more than `limit` where there are more. */
export function listNotices(
  tx: Tx,
  membershipId: string,
  filter: { unread: boolean; before: string | null; without?: NoticeKind },
  limit: number
): Promise<Notice[]> {
  return tx.db
    .select()
    .from(notices)
    .where(
      and(
        ofMember(tx, membershipId),
        filter.unread ? isNull(notices.readAt) : undefined,
        filter.without === undefined ? undefined : ne(notices.kind, filter.without),
        filter.before === null ? undefined : lt(notices.id, filter.before)
      )
    )
    .orderBy(desc(notices.id))
    .limit(limit + 1)
}

/** Notes that a member has read a notice of theirs; the first time stays. */
export async function markRead(tx: Tx, membershipId: string, id: string): Promise<Notice> {
  const [notice] = await tx.db
    .update(notices)
    .set({ readAt: sql`coalesce(${notices.readAt}, ${tx.now.toISOString()}::timestamptz)` })
    .where(and(ofMember(tx, membershipId), eq(notices.id, id)))
    .returning()
  if (!notice) throw notFound('notice')
  return notice
}

/** Those of a member among some, oldest first. */
export async function findNotices(tx: Tx, membershipId: string, ids: readonly string[]): Promise<Notice[]> {
  if (ids.length === 0) return []
  return tx.db
    .select()
    .from(notices)
    .where(and(ofMember(tx, membershipId), inArray(notices.id, [...ids])))
    .orderBy(asc(notices.id))
}

/** The same, of some that the member has come to know otherwise. */
export async function markKnown(tx: Tx, membershipId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.db
    .update(notices)
    .set({ readAt: tx.now })
    .where(and(ofMember(tx, membershipId), inArray(notices.id, [...ids]), isNull(notices.readAt)))
}

/** When a member is erased. */
export async function removeNoticesOf(tx: Tx, membershipId: string): Promise<void> {
  await tx.db.delete(notices).where(ofMember(tx, membershipId))
}

/** Of those made before an instant. */
export async function removeNoticesBefore(tx: Tx, instant: Date): Promise<void> {
  await tx.db.delete(notices).where(and(eq(notices.timebankId, tx.timebankId), lt(notices.createdAt, instant)))
}
