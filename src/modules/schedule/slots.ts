import type { Tx } from '../../db/client.ts'
import { exchangeInSql } from '../exchanges/index.ts'

export type Subject = 'session' | 'appointment'
export type Span = { startsAt: Date; endsAt: Date }

export const spanOf = ({ startsAt, minutes }: { startsAt: Date; minutes: number }): Span => ({
  startsAt,
  endsAt: new Date(startsAt.getTime() + minutes * 60_000)
})

type Slot = Span & { subject: Subject; subjectId: string; memberId: string }

/** Expects people somewhere; where they were expected before, at the time given now. A reminder of another time is due anew. */
export async function expect(tx: Tx, expected: readonly Slot[]): Promise<void> {
  if (expected.length === 0) return
  await tx.client.query({
    name: 'schedule.expect',
    text: `INSERT INTO schedule.slots AS s (timebank_id, member_id, subject, subject_id, starts_at, ends_at)
           SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
           ON CONFLICT (timebank_id, subject_id, member_id) DO UPDATE
              SET starts_at = excluded.starts_at, ends_at = excluded.ends_at, off = false,
                  reminded = s.reminded AND s.starts_at = excluded.starts_at`,
    values: [
      tx.timebankId,
      expected.map(({ memberId }) => memberId),
      expected.map(({ subject }) => subject),
      expected.map(({ subjectId }) => subjectId),
      expected.map(({ startsAt }) => startsAt.toISOString()),
      expected.map(({ endsAt }) => endsAt.toISOString())
    ]
  })
}

/** Moves those who are expected at something, and expects them again or no more. */
export async function moveSlots(tx: Tx, subjectId: string, { startsAt, endsAt }: Span, off: boolean): Promise<void> {
  await tx.client.query({
    name: 'schedule.move_slots',
    text: `UPDATE schedule.slots
              SET starts_at = $3, ends_at = $4, off = $5, reminded = reminded AND starts_at = $3
            WHERE timebank_id = $1 AND subject_id = $2`,
    values: [tx.timebankId, subjectId, startsAt.toISOString(), endsAt.toISOString(), off]
  })
}

/** Somebody is no longer expected at these. */
export async function excuse(tx: Tx, memberId: string, subjectIds: readonly string[]): Promise<void> {
  await tx.client.query({
    name: 'schedule.excuse',
    text: 'DELETE FROM schedule.slots WHERE timebank_id = $1 AND member_id = $2 AND subject_id = ANY ($3::uuid[])',
    values: [tx.timebankId, memberId, subjectIds]
  })
}

/** When a member leaves: they are expected nowhere. */
export async function removeSlotsOf(tx: Tx, memberId: string): Promise<void> {
  await tx.client.query({
    name: 'schedule.remove_slots',
    text: 'DELETE FROM schedule.slots WHERE timebank_id = $1 AND member_id = $2',
    values: [tx.timebankId, memberId]
  })
}

/** SQL: what a slot is for is still to take place, or did. Exchanges are called off where nobody here is told of it. */
export const stillOn = (slot: string): string =>
  `(${slot}.subject = 'session' OR ${exchangeInSql(`${slot}.timebank_id`, `${slot}.subject_id`, notCalledOff)})`

const notCalledOff = [
  'proposed',
  'agreed',
  'awaiting_risk',
  'awaiting_vetting',
  'awaiting_guardian',
  'ready',
  'reported',
  'disputed',
  'settled'
]

export type Conflict = Span & { memberId: string; subject: Subject; subjectId: string; withStartsAt: Date }

/** No session or appointment is longer than a day. */
const longestMs = 86_400_000
const mostConflicts = 50

/**
 * Where these people are expected elsewhere at the same time, in order of time; at most 50. Told, and never a reason to
 * refuse. Two meetings that follow one another do not overlap.
 */
export async function conflictsOf(
  tx: Tx,
  memberIds: readonly string[],
  spans: readonly Span[],
  except: readonly string[] = []
): Promise<Conflict[]> {
  if (memberIds.length === 0 || spans.length === 0) return []
  const { rows } = await tx.client.query<Conflict>({
    name: 'schedule.conflicts',
    text: `SELECT s.member_id AS "memberId", s.subject, s.subject_id AS "subjectId", s.starts_at AS "startsAt",
                  s.ends_at AS "endsAt", w.starts_at AS "withStartsAt"
             FROM unnest($3::timestamptz[], $4::timestamptz[]) w (starts_at, ends_at)
            CROSS JOIN unnest($2::uuid[]) who (member_id)
            CROSS JOIN LATERAL (
              SELECT s.* FROM schedule.slots s
               WHERE s.timebank_id = $1 AND s.member_id = who.member_id AND NOT s.off
                 AND s.starts_at > w.starts_at - $6 * interval '1 millisecond' AND s.starts_at < w.ends_at
                 AND s.ends_at > w.starts_at AND s.subject_id <> ALL ($5::uuid[]) AND ${stillOn('s')}) s
            ORDER BY w.starts_at, s.starts_at, s.subject_id, s.member_id
            LIMIT ${mostConflicts}`,
    values: [
      tx.timebankId,
      memberIds,
      spans.map(({ startsAt }) => startsAt.toISOString()),
      spans.map(({ endsAt }) => endsAt.toISOString()),
      except,
      longestMs
    ]
  })
  return rows
}
