import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { DomainError, notFound, refuseFaults } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import {
  type NewGroup,
  otherSide,
  prepare,
  refuseFamilySince,
  type SideInput,
  type SideName,
  sideOf,
  standingOf
} from '../exchanges/index.ts'
import { type Flags, getCategory } from '../listings/index.ts'
import { partiesOf } from '../members/index.ts'
import { currentPolicy, type Policy, policyAt, today } from '../timebanks/index.ts'
import type { Moved, WhenAndWhere } from './appointments.ts'
import { type Arrangement, cancelPlanned, planSessions, replanSessions } from './planning.ts'
import { occurrencesOf, seriesFaults } from './rule.ts'
import { arrangements } from './tables.ts'
import { concernedBy, note } from './telling.ts'

/** Minutes are those of one session. */
export type NewArrangement = WhenAndWhere & {
  title: string
  description: string
  categoryId: string
  provider: SideInput
  /** left out: of a group */
  receiver?: SideInput | undefined
  /** of a group: places for receivers */
  capacity?: number | undefined
  rrule?: string | null | undefined
  /** how the guardians of those under 18 have given their consent; for staff to say */
  guardianConsent?: NewGroup['guardianConsent']
}

/** What every step needs to know of an arrangement that it is about to change. */
export type Held = {
  arrangement: Arrangement
  policy: Policy
  today: string
  /** the sides that the actor may speak for; of a group `provider`: its leader */
  own: SideName[]
  staff: boolean
}

/** Begins an agreement between two: by one of them to the other, or by a broker for one of them. */
export async function proposeArrangement(tx: Tx, input: NewArrangement, forSide?: SideName): Promise<Arrangement> {
  if (!input.receiver) return beginGroup(tx, input)
  const { provider, receiver, categoryId, minutes, guardianConsent } = input
  const performedOn = input.startsAt.slice(0, 10)
  const context = await prepare(tx, {
    ...{ provider, receiver, categoryId, minutes, performedOn, guardianConsent },
    description: ''
  })
  const { exchange, own, staff, policy } = context
  const side = forSide ?? own[0]
  if (!side || !(own.includes(side) || staff))
    throw staff
      ? new DomainError('validation-failed', 'Say for which side you propose.', {
          errors: [{ pointer: '/proposedBy', detail: 'Needed.' }]
        })
      : new DomainError('forbidden', 'You may propose for your own side.')
  const sides = {
    providerId: exchange.providerId,
    providerOrganisationId: exchange.providerOrganisationId,
    providerCapacity: exchange.providerCapacity,
    receiverId: exchange.receiverId,
    receiverOrganisationId: exchange.receiverOrganisationId,
    receiverCapacity: exchange.receiverCapacity
  }
  const row = begun(tx, input, policy, {
    ...sides,
    categoryId: exchange.categoryId,
    policyVersion: exchange.policyVersion,
    kind: 'pair',
    status: 'proposed',
    proposedBy: side
  })
  const [arrangement] = await tx.db.insert(arrangements).values(row).returning()
  await noteStep(tx, { arrangement: arrangement!, today: context.today }, 'proposed', behalf(sides, staff, side))
  return arrangement!
}

/** A group is there when its leader or a broker makes it; where the policy asks for that, after a broker has looked at it. */
async function beginGroup(tx: Tx, input: NewArrangement): Promise<Arrangement> {
  const { version, rules: policy } = await currentPolicy(tx)
  const { capacity: as, memberId, organisationId } = input.provider
  if (as !== 'citizen' || !memberId || organisationId)
    throw new DomainError('validation-failed', 'A group is led by a member, as a citizen.', {
      errors: [{ pointer: '/provider', detail: 'A member, with the capacity citizen.' }]
    })
  const leader = (await partiesOf(tx, [memberId], [])).member(memberId.toLowerCase())
  const staff = isStaff(tx.actor) && leader.membershipId !== tx.actor.membershipId
  if (!staff && leader.membershipId !== tx.actor.membershipId)
    throw new DomainError('forbidden', 'You may begin a group that you lead.')
  if (leader.status !== 'active')
    throw new DomainError('party-not-active', 'The leader is not active.', {
      errors: [{ pointer: '/provider', detail: 'Is not active.' }]
    })
  const category = await getCategory(tx, input.categoryId)
  if (category.closed)
    throw new DomainError('category-closed', undefined, { errors: [{ pointer: '/categoryId', detail: 'Is closed.' }] })
  const waits = !staff && needsBroker(policy, category, input.minutes)
  const row = {
    ...begun(tx, input, policy, {
      kind: 'group',
      status: waits ? 'awaiting_approval' : 'active',
      categoryId: input.categoryId.toLowerCase(),
      policyVersion: version,
      proposedBy: staff ? 'broker' : 'provider',
      providerId: leader.membershipId,
      providerOrganisationId: null,
      providerCapacity: 'citizen',
      receiverId: null,
      receiverOrganisationId: null,
      receiverCapacity: 'citizen'
    }),
    capacity: input.capacity ?? mostPlaces,
    agreedMinutes: input.minutes,
    approvedMinutes: staff ? input.minutes : null,
    agreedAt: tx.now
  }
  const [arrangement] = await tx.db.insert(arrangements).values(row).returning()
  const held = { arrangement: arrangement!, today: today(tx, policy) }
  await noteStep(tx, held, 'begun', staff ? leader.membershipId : null)
  return waits ? arrangement! : planSessions(tx, arrangement!)
}

const mostPlaces = 200

/** What begins; the first session's day must be one of the rule's, and something of it lie ahead. */
function begun(
  tx: Tx,
  input: NewArrangement,
  policy: Policy,
  rest: Pick<
    Arrangement,
    | 'kind'
    | 'status'
    | 'categoryId'
    | 'policyVersion'
    | 'proposedBy'
    | 'providerId'
    | 'providerOrganisationId'
    | 'providerCapacity'
    | 'receiverId'
    | 'receiverOrganisationId'
    | 'receiverCapacity'
  >
): typeof arrangements.$inferInsert {
  const series = {
    localStart: input.startsAt,
    timeZone: input.timeZone ?? policy.timeZone,
    rrule: input.rrule ?? null
  }
  refuseSeries(tx, series)
  return {
    ...rest,
    ...series,
    timebankId: tx.timebankId,
    id: newId(),
    title: input.title,
    description: input.description,
    minutes: input.minutes,
    place: input.place || null,
    onlineLink: input.onlineLink || null,
    source: tx.actor.source,
    createdAt: tx.now
  }
}

function refuseSeries(tx: Tx, series: { localStart: string; timeZone: string; rrule: string | null }): void {
  refuseFaults(seriesFaults(series))
  for (const { startsAt } of occurrencesOf(series)) if (startsAt > tx.now) return
  refuseFaults([{ pointer: '/startsAt', detail: 'No session lies ahead.' }])
}

/** As for exchanges: by the risk of the category and by length. */
const needsBroker = (policy: Policy, { risk }: Flags, minutes: number): boolean =>
  policy.brokerApprovalRisks.includes(risk) ||
  (policy.brokerApprovalAboveMinutes !== null && minutes > policy.brokerApprovalAboveMinutes)

/** The other side agrees to all dates. `expected`: the version that was read, needed once it was changed: what was changed since is not agreed to. */
export async function agreeArrangement(tx: Tx, id: string, expected: number | null): Promise<Arrangement> {
  const held = await lockArrangement(tx, id)
  const { arrangement, policy } = held
  requireStatus(arrangement, ['proposed'], 'agreed')
  const side = answeringSide(held)
  if (expected === null && arrangement.rowVersion > 1) throw new DomainError('precondition-required')
  if (expected !== null && expected !== arrangement.rowVersion) throw new DomainError('precondition-failed')
  await refuseGone(tx, arrangement)
  await refuseFamilySince(tx, arrangement, policy)
  refuseSeries(tx, arrangement)
  const category = await getCategory(tx, arrangement.categoryId)
  const waits = needsBroker(policy, category, arrangement.minutes)
  const agreed = {
    status: waits ? 'awaiting_approval' : 'active',
    agreedMinutes: arrangement.minutes,
    agreedAt: tx.now
  }
  const after = await update(tx, arrangement, agreed)
  await noteStep(tx, held, 'agreed', behalf(arrangement, held.staff, side))
  return waits ? after : planSessions(tx, after)
}

/** A broker who is none of its sides lets it go ahead. */
export async function approveArrangement(tx: Tx, id: string): Promise<Arrangement> {
  const held = await lockArrangement(tx, id)
  if (!held.staff) throw new DomainError('forbidden', 'A broker who is not one of its sides approves.')
  requireStatus(held.arrangement, ['awaiting_approval'], 'approved')
  const { minutes } = held.arrangement
  const after = await update(tx, held.arrangement, { status: 'active', approvedMinutes: minutes })
  await noteStep(tx, held, 'approved')
  return planSessions(tx, after)
}

/** The side that was asked says no. It needs no reason. */
export async function declineArrangement(tx: Tx, id: string): Promise<Arrangement> {
  const held = await lockArrangement(tx, id)
  requireStatus(held.arrangement, ['proposed'], 'declined')
  const side = answeringSide(held)
  const after = await update(tx, held.arrangement, { status: 'declined', closedAt: tx.now })
  await noteStep(tx, held, 'declined', behalf(held.arrangement, held.staff, side))
  return after
}

/**
 * Either side, or staff, calls it off: cancelled before it has begun, ended after that. Sessions that lie ahead are cancelled;
 * what has taken place can still be reported.
 */
export async function endArrangement(tx: Tx, id: string, reason: string | null): Promise<Arrangement> {
  const held = await lockArrangement(tx, id)
  requireSpeaker(held)
  requireStatus(held.arrangement, ['proposed', 'awaiting_approval', 'active'], 'ended')
  return closeArrangement(tx, held, reason)
}

/** Also where a side leaves: then nothing of it is left to report. */
export async function closeArrangement(
  tx: Tx,
  held: Pick<Held, 'arrangement' | 'today'>,
  reason: string | null,
  everything = false
): Promise<Arrangement> {
  const { arrangement } = held
  const status = arrangement.status === 'active' ? 'ended' : 'cancelled'
  const told = await concernedBy(tx, arrangement, held.today)
  const others = await cancelPlanned(tx, arrangement, everything)
  const after = await update(tx, arrangement, { status, reason, closedAt: tx.now })
  await note(
    tx,
    { action: `arrangement.${status}`, subject: { type: 'arrangement', id: arrangement.id }, reason },
    `arrangement.${status}`,
    [...told, ...others]
  )
  return after
}

export type ArrangementChange = Moved & {
  title?: string | undefined
  description?: string | undefined
  rrule?: string | null | undefined
  capacity?: number | undefined
}

/**
 * Changes what was arranged: sessions that lie ahead and were not changed by themselves follow it. Before it is agreed to only
 * by the side that proposed. Longer sessions are told, and not taken for agreed; nor are sessions on days that the receiver, who
 * would be debited, has not said yes to.
 */
export async function changeArrangement(
  tx: Tx,
  id: string,
  change: ArrangementChange,
  expected: number
): Promise<Arrangement> {
  const held = await lockArrangement(tx, id)
  const { arrangement, own, staff } = held
  requireSpeaker(held)
  requireStatus(arrangement, ['proposed', 'active'], 'changed')
  if (expected !== arrangement.rowVersion) throw new DomainError('precondition-failed')
  if (arrangement.status === 'proposed' && !staff && !own.includes(arrangement.proposedBy as SideName))
    throw new DomainError('own-confirmation', `The ${arrangement.proposedBy} changes what they propose.`)
  if (change.capacity !== undefined && arrangement.kind !== 'group')
    refuseFaults([{ pointer: '/capacity', detail: 'Is for groups.' }])
  const { startsAt: localStart = arrangement.localStart, timeZone = arrangement.timeZone } = change
  const rrule = change.rrule === undefined ? arrangement.rrule : change.rrule
  const moved =
    localStart !== arrangement.localStart || timeZone !== arrangement.timeZone || rrule !== arrangement.rrule
  if (moved) refuseSeries(tx, { localStart, timeZone, rrule })
  const otherDays = rrule !== arrangement.rrule || localStart.slice(0, 10) !== arrangement.localStart.slice(0, 10)
  const unasked = arrangement.kind === 'pair' && otherDays && !staff && !own.includes('receiver')
  const after = await update(tx, arrangement, {
    agreedMinutes: unasked ? null : arrangement.agreedMinutes,
    localStart,
    timeZone,
    rrule,
    title: change.title ?? arrangement.title,
    description: change.description ?? arrangement.description,
    minutes: change.minutes ?? arrangement.minutes,
    place: change.place === undefined ? arrangement.place : change.place || null,
    onlineLink: change.onlineLink === undefined ? arrangement.onlineLink : change.onlineLink || null,
    capacity: change.capacity ?? arrangement.capacity
  })
  const people = after.status === 'active' ? await replanSessions(tx, after) : []
  await note(
    tx,
    {
      action: 'arrangement.changed',
      subject: { type: 'arrangement', id },
      changes: { fields: Object.keys(change) }
    },
    'arrangement.changed',
    [...(await concernedBy(tx, arrangement, held.today)), ...people]
  )
  return after
}

const one = (tx: Tx, id: string) => and(eq(arrangements.timebankId, tx.timebankId), eq(arrangements.id, id))

/** Locks it until the end of the transaction, so that of two steps at once the second sees the first. */
export async function lockArrangement(tx: Tx, id: string): Promise<Held> {
  const [arrangement] = await tx.db.select().from(arrangements).where(one(tx, id)).for('update')
  if (!arrangement) throw notFound('arrangement')
  const held = await standingIn(tx, arrangement)
  // nobody but its sides and staff knows of one between two; groups are for all to see
  if (held.own.length === 0 && !held.staff && arrangement.kind === 'pair') throw notFound('arrangement')
  return held
}

async function standingIn(tx: Tx, arrangement: Arrangement): Promise<Held> {
  const policy = (await policyAt(tx, arrangement.policyVersion))?.rules
  if (!policy) throw new Error('an arrangement without its policy version')
  const day = today(tx, policy)
  const { own, staff } = await standingOf(tx, arrangement, day)
  return { arrangement, policy, today: day, own, staff }
}

/** For its sides, staff and auditors; a group that is under way or was, for everybody. */
export async function getArrangement(tx: Tx, id: string): Promise<Held> {
  const [arrangement] = await tx.db.select().from(arrangements).where(one(tx, id))
  if (!arrangement) throw notFound('arrangement')
  const held = await standingIn(tx, arrangement)
  const open = arrangement.kind === 'group' && ['active', 'ended'].includes(arrangement.status)
  if (held.own.length === 0 && !isStaff(tx.actor) && !hasRole(tx.actor, 'auditor') && !open)
    throw notFound('arrangement')
  return held
}

/** Only its sides (of a group the leader) and staff change things. */
export function requireSpeaker({ own, staff }: Pick<Held, 'own' | 'staff'>): void {
  if (own.length === 0 && !staff) throw new DomainError('forbidden', 'Its sides, or a broker, may do this.')
}

export function requireStatus(arrangement: Arrangement, allowed: readonly string[], done: string): void {
  if (!allowed.includes(arrangement.status))
    throw new DomainError('wrong-state', `An arrangement that is ${arrangement.status} cannot be ${done}.`, {
      figures: { state: arrangement.status }
    })
}

/** The side whose answer is asked for. Somebody who stands on both sides cannot agree with themselves. */
function answeringSide({ arrangement, own, staff }: Held): SideName {
  const side = otherSide(arrangement.proposedBy as SideName)
  if (staff || (own.length === 1 && own[0] === side)) return side
  throw new DomainError('own-confirmation', `The ${side} answers; the ${arrangement.proposedBy} proposed.`)
}

/** Nobody agrees with somebody who has left or is suspended since. */
async function refuseGone(tx: Tx, arrangement: Arrangement): Promise<void> {
  const ids = [arrangement.providerId, arrangement.receiverId].filter((id) => id !== null)
  const parties = await partiesOf(tx, ids, [])
  if (!ids.every((id) => ['active', 'paused'].includes(parties.member(id).status)))
    throw new DomainError('party-not-active')
}

const behalf = (sides: Parameters<typeof sideOf>[0], staff: boolean, side: SideName): string | null =>
  staff ? sideOf(sides, side).memberId : null

async function update(tx: Tx, before: Arrangement, change: Partial<Arrangement>): Promise<Arrangement> {
  const [after] = await tx.db
    .update(arrangements)
    .set({ ...change, rowVersion: before.rowVersion + 1 })
    .where(one(tx, before.id))
    .returning()
  return after!
}

type StepName = 'proposed' | 'begun' | 'agreed' | 'approved' | 'declined'

async function noteStep(
  tx: Tx,
  { arrangement, today: day }: Pick<Held, 'arrangement' | 'today'>,
  step: StepName,
  onBehalfOf: string | null = null
): Promise<void> {
  await note(
    tx,
    { action: `arrangement.${step}`, subject: { type: 'arrangement', id: arrangement.id }, onBehalfOf },
    `arrangement.${step}`,
    await concernedBy(tx, arrangement, day)
  )
}
