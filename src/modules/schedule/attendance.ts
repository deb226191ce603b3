import { and, asc, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { dateIn } from '../../shared/clock.ts'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { type NewGroup, recordGroup, type SideName, sideNames } from '../exchanges/index.ts'
import { partiesOf } from '../members/index.ts'
import { updateSession } from './planning.ts'
import { placesIn } from './registrations.ts'
import {
  getSession,
  type HeldSession,
  lockSession,
  noteSession,
  requireBegun,
  requireSessionStatus
} from './sessions.ts'
import { attendances } from './tables.ts'

export type Attendance = typeof attendances.$inferSelect

/** Who came, as what. Minutes: how long they were there; left out: all of the session. */
export type Attended = {
  memberId: string
  as: SideName
  minutes?: number | undefined
  preparationMinutes?: number | undefined
  travelMinutes?: number | undefined
}

const ofSession = (tx: Tx, sessionId: string) =>
  and(eq(attendances.timebankId, tx.timebankId), eq(attendances.sessionId, sessionId))

/**
 * The leader, or a broker, notes who came to a session of a group: all of them, in the place of what was noted before. Who had
 * no place can be among them. No hours move by it: the minutes are contact minutes until a broker records the session.
 */
export async function noteAttendance(tx: Tx, sessionId: string, people: readonly Attended[]): Promise<HeldSession> {
  const held = await lockSession(tx, sessionId)
  const { session } = held
  requireGroup(held)
  requireSessionStatus(session, ['planned'], 'attended')
  requireBegun(tx, session)
  const ids = people.map(({ memberId }) => memberId.toLowerCase())
  const parties = await partiesOf(tx, [...new Set(ids)], [])
  const faults: Fault[] = []
  people.forEach((person, i) => {
    const id = ids[i]!
    if (ids.indexOf(id) < i) faults.push({ pointer: `/people/${i}`, detail: 'Comes twice.' })
    else if (!isHere(parties, id)) faults.push({ pointer: `/people/${i}/memberId`, detail: 'Is no member here.' })
    if (person.as === 'receiver' && (person.preparationMinutes || person.travelMinutes))
      faults.push({ pointer: `/people/${i}`, detail: 'Preparation and travel are those of who gives.' })
  })
  refuseFaults(faults)
  const places = await placesIn(tx, session)
  await tx.db.delete(attendances).where(ofSession(tx, session.id))
  if (people.length > 0)
    await tx.db.insert(attendances).values(
      people.map((person, i) => ({
        timebankId: tx.timebankId,
        sessionId: session.id,
        memberId: ids[i]!,
        role: person.as,
        minutes: person.minutes ?? session.minutes,
        preparationMinutes: person.preparationMinutes ?? 0,
        travelMinutes: person.travelMinutes ?? 0,
        position: i + 1,
        registered: places.has(ids[i]!) || ids[i] === held.arrangement.providerId
      }))
    )
  const after = await updateSession(tx, session, {})
  await noteSession(tx, held, 'attended', { changes: { people: people.length } })
  return { ...held, session: after }
}

function isHere(parties: Awaited<ReturnType<typeof partiesOf>>, id: string): boolean {
  try {
    return ['active', 'paused', 'suspended'].includes(parties.member(id).status)
  } catch (error) {
    if (error instanceof DomainError) return false
    throw error
  }
}

/** Who came, in the order given. For the leader and staff. */
export async function attendanceOf(tx: Tx, sessionId: string): Promise<HeldSession & { people: Attendance[] }> {
  const held = await getSession(tx, sessionId)
  if (held.own.length === 0 && !held.staff) throw new DomainError('forbidden', 'For who leads the group, and brokers.')
  return { ...held, people: await cameTo(tx, sessionId) }
}

const cameTo = (tx: Tx, sessionId: string): Promise<Attendance[]> =>
  tx.db.select().from(attendances).where(ofSession(tx, sessionId)).orderBy(asc(attendances.position))

/** What is to be recorded of a session by who came: the same that a group of exchanges is made of. */
export function groupOf({ session, arrangement, policy }: HeldSession, people: readonly Attendance[]) {
  const those = (role: SideName) => people.filter((person) => person.role === role)
  return {
    providers: those('provider').map(({ memberId, minutes, preparationMinutes, travelMinutes }) => ({
      capacity: 'citizen' as const,
      memberId,
      minutes,
      ...(preparationMinutes > 0 ? { preparationMinutes } : {}),
      ...(travelMinutes > 0 ? { travelMinutes } : {})
    })),
    receivers: those('receiver').map(({ memberId, minutes }) => ({
      capacity: 'citizen' as const,
      memberId,
      ...(minutes === session.minutes ? {} : { attendedMinutes: minutes })
    })),
    categoryId: arrangement.categoryId,
    description: arrangement.title,
    performedOn: dateIn(policy.timeZone, session.startsAt)
  }
}

export type Recording = Pick<NewGroup, 'rule' | 'guardianConsent' | 'budgetId'>

/** A broker records a session by who came, on behalf of all of them: its exchanges and transfers are made together, or none. */
export async function recordSession(tx: Tx, sessionId: string, recording: Recording): Promise<HeldSession> {
  const held = await lockSession(tx, sessionId)
  const { session } = held
  requireGroup(held)
  requireSessionStatus(session, ['planned'], 'recorded')
  requireBegun(tx, session)
  const people = await cameTo(tx, session.id)
  const missing = sideNames.find((role) => !people.some((person) => person.role === role))
  if (missing) throw new DomainError('wrong-state', `Note first who came (attendance): there is no ${missing}.`)
  const group = await recordGroup(tx, { ...groupOf(held, people), ...recording })
  const after = await updateSession(tx, session, { status: 'held', groupId: group.id, closedAt: tx.now })
  await noteSession(tx, held, 'recorded', { changes: { groupId: group.id } })
  return { ...held, session: after }
}

function requireGroup({ arrangement }: HeldSession): void {
  if (arrangement.kind === 'pair')
    throw new DomainError('wrong-state', 'A session between two is reported by one of them (report).')
}
