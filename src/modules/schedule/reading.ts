import { and, asc, desc, eq, gte, inArray, lt, ne, type SQL, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/pg-core'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { addDays, endOfDay } from '../../shared/clock.ts'
import { categoriesOf } from '../exchanges/index.ts'
import { organisationsActedFor, partiesOf } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { type Arrangement, arrangementStatuses, type Session } from './planning.ts'
import { type Span, type Subject, stillOn } from './slots.ts'
import { arrangements, registrations, sessions } from './tables.ts'

export type ArrangementFilter = {
  /** `own`: where one is a side, or acts for one; `registered`: groups in which one has, or waits for, a place; `groups`: all that one may join */
  of: 'own' | 'registered' | 'groups' | 'all'
  status?: string | undefined
  /** staff and auditors: one of the sides */
  memberId?: string | undefined
}

/**
 * Newest first, keyset by id. One more than `limit` where there are more. Each side and each status is looked for by itself, by
 * its own index and no further than the page: an OR of them would read all that there ever was.
 */
export async function listArrangements(
  tx: Tx,
  filter: ArrangementFilter,
  before: string | null,
  limit: number
): Promise<Arrangement[]> {
  const common = [
    eq(arrangements.timebankId, tx.timebankId),
    ...(filter.status === undefined ? [] : [eq(arrangements.status, filter.status)]),
    ...(before === null ? [] : [lt(arrangements.id, before)])
  ]
  const sides = filter.memberId === undefined ? [undefined] : sidesOf(filter.memberId)
  const branches = (await asked(tx, filter)).flatMap((which) =>
    sides.map((side) =>
      tx.db
        .select({ id: arrangements.id })
        .from(arrangements)
        .where(and(...common, which, side))
        .orderBy(desc(arrangements.id))
        .limit(limit + 1)
    )
  )
  const [first, second, ...rest] = branches
  const found = await (second ? unionAll(first!, second, ...rest) : first!)
  const newest = [...new Set(found.map(({ id }) => id))]
    .sort()
    .reverse()
    .slice(0, limit + 1)
  if (newest.length === 0) return []
  return tx.db
    .select()
    .from(arrangements)
    .where(and(eq(arrangements.timebankId, tx.timebankId), inArray(arrangements.id, newest)))
    .orderBy(desc(arrangements.id))
}

const sidesOf = (memberId: string): SQL[] => [
  eq(arrangements.providerId, memberId),
  eq(arrangements.receiverId, memberId)
]

/** What is asked for, in parts of which each has an index; undefined: all. */
async function asked(tx: Tx, { of, status }: ArrangementFilter): Promise<(SQL | undefined)[]> {
  const me = tx.actor.membershipId!
  const overseeing = isStaff(tx.actor) || hasRole(tx.actor, 'auditor')
  if (of === 'registered') return [inArray(arrangements.id, registeredWith(tx, me))]
  if (of === 'groups') {
    const shown = overseeing && status !== undefined ? [status] : overseeing ? arrangementStatuses : shownGroups
    return shown.map((each) => and(eq(arrangements.kind, 'group'), eq(arrangements.status, each)))
  }
  if (of === 'all' && overseeing) return [undefined]
  const { rules } = await currentPolicy(tx)
  const organisations = await organisationsActedFor(tx, me, today(tx, rules))
  const { providerOrganisationId, receiverOrganisationId } = arrangements
  const acted = [providerOrganisationId, receiverOrganisationId].map((column) => inArray(column, organisations))
  return [...sidesOf(me), ...(organisations.length === 0 ? [] : acted)]
}

const shownGroups = ['active', 'ended'] as const

const registeredWith = (tx: Tx, memberId: string) =>
  tx.db
    .select({ id: registrations.arrangementId })
    .from(registrations)
    .where(
      and(
        eq(registrations.timebankId, tx.timebankId),
        eq(registrations.memberId, memberId),
        ne(registrations.status, 'ended')
      )
    )

export type SessionFilter = {
  arrangementId?: string | undefined
  status?: string | undefined
  /** instants: from inclusive, to exclusive */
  from?: Date | undefined
  to?: Date | undefined
}

export type SessionRow = Session & { title: string; kind: string }
type After = { startsAt: string; id: string } | null

/** In order of time. Whether the caller may see them is for who asks. One more than `limit` where there are more. */
export async function listSessions(tx: Tx, filter: SessionFilter, after: After, limit: number): Promise<SessionRow[]> {
  const rows = await tx.db
    .select({ session: sessions, title: arrangements.title, kind: arrangements.kind })
    .from(sessions)
    .innerJoin(
      arrangements,
      and(eq(arrangements.timebankId, sessions.timebankId), eq(arrangements.id, sessions.arrangementId))
    )
    .where(
      and(
        eq(sessions.timebankId, tx.timebankId),
        filter.arrangementId === undefined ? undefined : eq(sessions.arrangementId, filter.arrangementId),
        filter.status === undefined ? undefined : eq(sessions.status, filter.status),
        filter.from === undefined ? undefined : gte(sessions.startsAt, filter.from),
        filter.to === undefined ? undefined : lt(sessions.startsAt, filter.to),
        after === null
          ? undefined
          : sql`(${sessions.startsAt}, ${sessions.id}) > (${after.startsAt}::timestamptz, ${after.id}::uuid)`
      )
    )
    .orderBy(asc(sessions.startsAt), asc(sessions.id))
    .limit(limit + 1)
  return rows.map(({ session, ...rest }) => ({ ...session, ...rest }))
}

/** Something in somebody's calendar. */
export type Entry = Span & {
  kind: Subject
  /** of the session, or of an appointment the exchange */
  id: string
  arrangementId: string | null
  /** of the arrangement; null: an appointment has the name of its category */
  title: string | null
  status: string
  localStart: string
  timeZone: string
  minutes: number
  place: string | null
  onlineLink: string | null
  /** how often it was changed, and when last */
  rowVersion: number
  updatedAt: Date
  /** called off: for calendars that knew of it */
  off: boolean
  /** who else is a side: of a group its leader; null: an appointment's are with its exchange */
  providerId: string | null
  receiverId: string | null
  /** what they are expected at elsewhere at the same time */
  conflicts: string[]
}

/**
 * Where a member is expected, in order of time. Without `off`: what is called off is left out. One more than `limit` where
 * there are more.
 */
export async function calendarOf(
  tx: Tx,
  memberId: string,
  { from, to, off = false }: { from: Date; to: Date | null; off?: boolean },
  after: After,
  limit: number
): Promise<Entry[]> {
  const { rows } = await tx.client.query<Entry>({
    name: 'schedule.calendar',
    text: `
      SELECT s.subject AS kind, s.subject_id AS id, s.starts_at AS "startsAt", s.ends_at AS "endsAt",
             e.arrangement_id AS "arrangementId", a.title, coalesce(e.status, 'planned') AS status,
             coalesce(e.local_start, p.local_start) AS "localStart", coalesce(e.time_zone, p.time_zone) AS "timeZone",
             coalesce(e.minutes, p.minutes) AS minutes, coalesce(e.place, p.place) AS place,
             coalesce(e.online_link, p.online_link) AS "onlineLink",
             coalesce(e.row_version, p.row_version) AS "rowVersion", coalesce(e.updated_at, p.updated_at) AS "updatedAt",
             s.off OR NOT ${stillOn('s')} AS off, a.provider_id AS "providerId", a.receiver_id AS "receiverId",
             ARRAY(SELECT o.subject_id FROM schedule.slots o
                    WHERE o.timebank_id = s.timebank_id AND o.member_id = s.member_id AND NOT o.off AND NOT s.off
                      AND o.starts_at > s.starts_at - interval '1 day' AND o.starts_at < s.ends_at AND o.ends_at > s.starts_at
                      AND o.subject_id <> s.subject_id AND ${stillOn('o')}
                    ORDER BY o.starts_at, o.subject_id LIMIT 20) AS conflicts
        FROM schedule.slots s
        LEFT JOIN schedule.sessions e ON s.subject = 'session' AND e.timebank_id = s.timebank_id AND e.id = s.subject_id
        LEFT JOIN schedule.arrangements a ON a.timebank_id = e.timebank_id AND a.id = e.arrangement_id
        LEFT JOIN schedule.appointments p ON s.subject = 'appointment' AND p.timebank_id = s.timebank_id AND p.exchange_id = s.subject_id
       WHERE s.timebank_id = $1 AND s.member_id = $2 AND s.starts_at >= $3 AND s.starts_at < $4
         AND (s.starts_at, s.subject_id) > ($5, $6::uuid) AND ($7 OR (NOT s.off AND ${stillOn('s')}))
       ORDER BY s.starts_at, s.subject_id
       LIMIT $8`,
    values: [
      tx.timebankId,
      memberId,
      from.toISOString(),
      to?.toISOString() ?? 'infinity',
      after?.startsAt ?? '-infinity',
      after?.id ?? '00000000-0000-0000-0000-000000000000',
      off,
      limit + 1
    ]
  })
  return rows
}

/** What entries of a member's calendar are about, and with whom, in one look-up for any number of them. */
export async function labelled(
  tx: Tx,
  memberId: string,
  entries: readonly Entry[]
): Promise<{ title: string; other: string | null }[]> {
  const appointed = entries.filter(({ kind }) => kind === 'appointment').map(({ id }) => id)
  const exchanges = await categoriesOf(tx, appointed)
  const others = entries.map((entry) => {
    const { providerId, receiverId } = exchanges.get(entry.id) ?? entry
    return providerId === memberId ? receiverId : providerId
  })
  const parties = await partiesOf(tx, [...new Set(others.filter((id) => id !== null))], [])
  return entries.map(({ id, title }, i) => {
    const other = others[i]
    return {
      title: title ?? exchanges.get(id)?.category ?? '',
      other: other ? parties.member(other).displayName : null
    }
  })
}

/** From the beginning of one local day to the end of another. */
export async function instantsOf(tx: Tx, from?: string, to?: string): Promise<{ from?: Date; to?: Date }> {
  const { timeZone } = (await currentPolicy(tx)).rules
  return {
    ...(from === undefined ? {} : { from: endOfDay(timeZone, addDays(from, -1)) }),
    ...(to === undefined ? {} : { to: endOfDay(timeZone, to) })
  }
}
