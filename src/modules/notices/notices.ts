import { and, asc, desc, eq, inArray, isNull, lt, sql } from 'drizzle-orm'
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
    told.map(({ membershipId, kind, subjectId }) => ({
      timebank_id: tx.timebankId,
      id: newId(),
      membership_id: membershipId,
      kind,
      subject_id: subjectId,
      created_at: tx.now,
      topic: noticeKinds[kind],
      standard: rules.mailDefaults.standard[noticeKinds[kind]]
    }))
  )

const ofMember = (tx: Tx, membershipId: string) =>
  and(eq(notices.timebankId, tx.timebankId), eq(notices.membershipId, membershipId))

/** A member's own, newest first; `before` is the id of the last one seen. One more than `limit` where there are more. */
export function listNotices(
  tx: Tx,
  membershipId: string,
  filter: { unread: boolean; before: string | null },
  limit: number
): Promise<Notice[]> {
  return tx.db
    .select()
    .from(notices)
    .where(
      and(
        ofMember(tx, membershipId),
        filter.unread ? isNull(notices.readAt) : undefined,
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

/** When a member is erased. */
export async function removeNoticesOf(tx: Tx, membershipId: string): Promise<void> {
  await tx.db.delete(notices).where(ofMember(tx, membershipId))
}

/** Of those made before an instant. */
export async function removeNoticesBefore(tx: Tx, instant: Date): Promise<void> {
  await tx.db.delete(notices).where(and(eq(notices.timebankId, tx.timebankId), lt(notices.createdAt, instant)))
}
