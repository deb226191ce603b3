import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { type SideName, sideNames, sideOf } from '../exchanges/index.ts'
import { memberLabels, organisationsActedFor, type Parties, partiesOf } from '../members/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import type { Appointment } from './appointments.ts'
import { type attendanceOf, groupOf } from './attendance.ts'
import type { Arrangement, Session } from './planning.ts'
import { plannedSpans } from './planning.ts'
import { type Entry, labelled, type SessionRow } from './reading.ts'
import { isRegistered, type Registration } from './registrations.ts'
import type {
  appointmentSchema,
  arrangementListed,
  arrangementSchema,
  attendanceSchema,
  entrySchema,
  registrationSchema,
  sessionSchema
} from './schemas.ts'
import { type Conflict, conflictsOf, type Span, spanOf } from './slots.ts'

type Listed = z.output<typeof arrangementListed>
export type ArrangementView = z.output<typeof arrangementSchema>
export type SessionView = z.output<typeof sessionSchema>
export type AppointmentView = z.output<typeof appointmentSchema>

const present = (ids: readonly (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))]

/** What the caller may see of an arrangement: an auditor neither names nor texts, a passer-by not where it meets online. */
type Seeing = { names: boolean; link: (arrangement: Arrangement) => boolean }

async function seeing(tx: Tx, registered: (id: string) => boolean): Promise<Seeing> {
  const me = tx.actor.membershipId
  if (isStaff(tx.actor)) return { names: true, link: () => true }
  const { rules } = await currentPolicy(tx)
  const acted = me === null ? [] : await organisationsActedFor(tx, me, today(tx, rules))
  const isSide = (arrangement: Arrangement) =>
    sideNames.some((name) => {
      const { memberId, organisationId } = sideOf(arrangement, name)
      return memberId === me || (organisationId !== null && acted.includes(organisationId))
    })
  return {
    names: !hasRole(tx.actor, 'auditor'),
    link: (arrangement) => isSide(arrangement) || registered(arrangement.id)
  }
}

export async function arrangementViews(tx: Tx, found: readonly Arrangement[]): Promise<Listed[]> {
  const parties = await partiesOf(
    tx,
    present(found.flatMap((a) => [a.providerId, a.receiverId])),
    present(found.flatMap((a) => [a.providerOrganisationId, a.receiverOrganisationId]))
  )
  const registered = await isRegistered(tx, present(found.map(({ id, kind }) => (kind === 'group' ? id : null))))
  const sees = await seeing(tx, registered)
  return found.map((arrangement) => {
    const { localStart, plannedThrough: _, timebankId: _timebank, approvedMinutes: _approved, ...rest } = arrangement
    const close = sees.link(arrangement)
    const shown = sees.names || close
    return {
      ...(rest as unknown as Listed),
      startsAt: localStart,
      provider: sideView(arrangement, 'provider', parties, shown),
      receiver: arrangement.kind === 'group' ? null : sideView(arrangement, 'receiver', parties, shown),
      onlineLink: close ? arrangement.onlineLink : null,
      ...(shown ? {} : { title: '', description: '', place: null, reason: null })
    }
  })
}

/** One, with what stands in the way of its sessions in the next weeks. */
export async function arrangementView(tx: Tx, arrangement: Arrangement): Promise<ArrangementView> {
  const [view] = await arrangementViews(tx, [arrangement])
  const open = ['proposed', 'awaiting_approval', 'active'].includes(arrangement.status)
  const spans = open ? plannedSpans(tx, arrangement) : []
  const conflicts = await shownConflicts(tx, present([arrangement.providerId, arrangement.receiverId]), spans)
  // what it has made itself is at the same time
  const own = await ownSessions(tx, arrangement.id, conflicts)
  return { ...view!, conflicts: conflicts.filter(({ subjectId }) => !own.has(subjectId)).map(conflictView) }
}

async function ownSessions(tx: Tx, arrangementId: string, conflicts: readonly Conflict[]): Promise<Set<string>> {
  if (conflicts.length === 0) return new Set()
  const { rows } = await tx.client.query<{ id: string }>({
    name: 'schedule.own_sessions',
    text: 'SELECT id FROM schedule.sessions WHERE timebank_id = $1 AND arrangement_id = $2 AND id = ANY ($3::uuid[])',
    values: [tx.timebankId, arrangementId, conflicts.map(({ subjectId }) => subjectId)]
  })
  return new Set(rows.map(({ id }) => id))
}

/** Members learn of their own days only; staff of those of all concerned. */
function shownConflicts(tx: Tx, memberIds: readonly string[], spans: readonly Span[], except: readonly string[] = []) {
  const whose = isStaff(tx.actor) ? memberIds : memberIds.filter((id) => id === tx.actor.membershipId)
  return conflictsOf(tx, whose, spans, except)
}

const conflictView = ({ memberId, subject, subjectId, startsAt, endsAt }: Conflict) => ({
  memberId,
  kind: subject,
  id: subjectId,
  startsAt,
  endsAt
})

function sideView(arrangement: Arrangement, name: SideName, parties: Parties, named: boolean): Listed['provider'] {
  const { capacity, memberId, organisationId } = sideOf(arrangement, name)
  const member = memberId === null ? null : parties.member(memberId)
  const organisation = organisationId === null ? null : parties.organisation(organisationId)
  const display = (capacity === 'organisation' ? organisation?.name : member?.displayName) ?? null
  return {
    capacity: capacity as 'citizen',
    memberId,
    memberNumber: member?.number ?? null,
    organisationId,
    name: named ? display : null
  }
}

const shownWhen = (row: Pick<Session, 'localStart' | 'startsAt' | 'minutes'>) => {
  const { startsAt, endsAt } = spanOf(row)
  return { startsAt: row.localStart, startsAtUtc: startsAt, endsAtUtc: endsAt }
}

/** Sessions of one arrangement, or for staff and auditors of any. */
export async function sessionViews(
  tx: Tx,
  found: readonly SessionRow[],
  arrangement?: Arrangement
): Promise<SessionView[]> {
  const groups = present(found.map(({ kind, arrangementId }) => (kind === 'group' ? arrangementId : null)))
  const sees = await seeing(tx, await isRegistered(tx, groups))
  const close = isStaff(tx.actor) || (arrangement !== undefined && sees.link(arrangement))
  return found.map((row) => ({
    ...(row as unknown as SessionView),
    ...shownWhen(row),
    onlineLink: close ? row.onlineLink : null,
    ...(sees.names || close ? {} : { title: '', place: null, reason: null })
  }))
}

export async function sessionView(tx: Tx, session: Session, arrangement: Arrangement): Promise<SessionView> {
  const { title, kind } = arrangement
  const [view] = await sessionViews(tx, [{ ...session, title, kind }], arrangement)
  return view!
}

export async function appointmentView(tx: Tx, appointment: Appointment, memberIds: readonly (string | null)[]) {
  const { exchangeId, timeZone, minutes, place, onlineLink, rowVersion } = appointment
  const conflicts = await shownConflicts(tx, present(memberIds), [spanOf(appointment)], [exchangeId])
  const nameless = hasRole(tx.actor, 'auditor') && !isStaff(tx.actor) && !memberIds.includes(tx.actor.membershipId)
  return {
    exchangeId,
    timeZone,
    minutes,
    place: nameless ? null : place,
    onlineLink: nameless ? null : onlineLink,
    rowVersion,
    ...shownWhen(appointment),
    conflicts: conflicts.map(conflictView)
  } satisfies AppointmentView
}

/** Entries of one member's calendar. */
export async function entryViews(tx: Tx, memberId: string, entries: readonly Entry[]) {
  const labels = await labelled(tx, memberId, entries)
  return entries.map((entry, i): z.output<typeof entrySchema> => {
    const { kind, id, arrangementId, status, timeZone, minutes, place, onlineLink, conflicts } = entry
    const { title, other } = labels[i]!
    return {
      kind,
      id,
      arrangementId,
      title,
      with: other,
      status: status as 'planned',
      timeZone,
      minutes,
      place,
      onlineLink,
      conflicts,
      ...shownWhen(entry)
    }
  })
}

export async function registrationViews(tx: Tx, found: readonly Registration[]) {
  const labels = await memberLabels(tx, present(found.map(({ memberId }) => memberId)))
  return found.map(({ id, memberId, sessionId, role, status, registeredAt }): z.output<typeof registrationSchema> => {
    const { number, displayName } = labels.get(memberId)!
    return {
      id,
      memberId,
      memberNumber: number,
      name: displayName,
      sessionId,
      as: role as SideName,
      status: status as 'registered',
      registeredAt
    }
  })
}

export async function attendanceView(tx: Tx, held: Awaited<ReturnType<typeof attendanceOf>>) {
  const { people, session } = held
  const labels = await memberLabels(tx, present(people.map(({ memberId }) => memberId)))
  return {
    sessionId: session.id,
    people: people.map(({ memberId, role, minutes, preparationMinutes, travelMinutes, registered }) => ({
      memberId,
      memberNumber: labels.get(memberId)!.number,
      name: labels.get(memberId)!.displayName,
      as: role as SideName,
      minutes,
      preparationMinutes,
      travelMinutes,
      registered
    })),
    contactMinutes: people.reduce((sum, { role, minutes }) => sum + (role === 'receiver' ? minutes : 0), 0),
    recording: groupOf(held, people)
  } satisfies z.output<typeof attendanceSchema>
}
