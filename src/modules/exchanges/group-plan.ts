import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, type Fault, refuseFaults } from '../../shared/errors.ts'
import { roundMinutes } from '../../shared/minutes.ts'
import { checkServiceDate } from '../../shared/service-date.ts'
import { communityPot } from '../ledger/index.ts'
import type { Parties } from '../members/index.ts'
import type { Policy } from '../timebanks/index.ts'
import { covers } from './budget.ts'
import { refuseUncleared } from './clearance.ts'
import { type ConsentWay, type Context, type Exchange, prepare, type Seen } from './exchanges.ts'
import { type GroupRule, isRecordOnly, legsFor, type Pair, type PlannedLeg, shareAmong } from './group-rules.ts'
import { accountOf } from './settle.ts'
import { accountHolder, type SideInput, sideOf } from './sides.ts'

export type GroupShape = 'one_to_one' | 'one_to_many' | 'many_to_one' | 'many_to_many'

/** What several people have told of one session. */
export type NewGroup = {
  /** with the service minutes of each, and what they needed for it beside */
  providers: readonly (SideInput & {
    minutes: number
    preparationMinutes?: number | undefined
    travelMinutes?: number | undefined
  })[]
  /** who was there for a part of it only, for how long */
  receivers: readonly (SideInput & { attendedMinutes?: number | undefined })[]
  /** where there are several receivers; left out: that of the policy */
  rule?: GroupRule | undefined
  categoryId: string
  /** one provider only */
  offerId?: string | undefined
  /** one receiver only */
  requestId?: string | undefined
  /** pays for all of it, where the rule is `budget_pays` or there is one receiver */
  budgetId?: string | undefined
  description: string
  performedOn: string
  /** how the guardians of those under 18 have given their consent; for staff to say */
  guardianConsent?: ConsentWay | undefined
}

/** A group before anything is saved: its exchanges, one for each provider and receiver, and what will move. */
export type GroupPlan = {
  shape: GroupShape
  rule: GroupRule | null
  policyVersion: number
  performedOn: string
  /** in the timebank's zone */
  today: string
  exchanges: Seen[]
  /** member or organisation whose account each receiver's is */
  debited: string[]
  legs: PlannedLeg[]
}

/** More exchanges would be more than one transaction should lock accounts for, and nobody could read them aloud. */
const mostPairs = 200

/** An exchange with what tells whose account each side's is. */
type Grounds = Pick<Context, 'exchange' | 'parties' | 'policy' | 'today'>

type Shared<Of extends Grounds> = { shape: GroupShape; rule: GroupRule | null; pairs: Pair[]; contexts: Of[] }

/**
 * Works out who is debited and credited for what. Refused as recording one exchange is, with the place of the one at fault:
 * by who may not, by sides that cannot take part, by a date in the future.
 */
export async function planGroup(tx: Tx, input: NewGroup): Promise<GroupPlan> {
  if (!isStaff(tx.actor))
    throw new DomainError(
      'forbidden',
      'Exchanges of several people are recorded by a broker, who has heard all of them. Report what you gave yourself (exchange-groups/reports): it waits for those that you helped.'
    )
  const prepared = await preparePairs(tx, input, 'anew')
  const { contexts } = prepared
  if (!contexts.every(({ staff }) => staff))
    throw new DomainError('own-confirmation', 'A broker records for others; you are one of these people yourself.')
  if (!contexts[0]!.policy.whoMayRecord.includes('broker')) throw new DomainError('recording-not-allowed')
  if (!contexts.every((context) => covers(context, context.exchange.proposedMinutes)))
    throw new DomainError('budget-word-needed')
  const exchanges = contexts.map(({ exchange, parties }, i) => ({
    ...exchange,
    ...pairFields(prepared.pairs[i]!),
    status: 'settled',
    agreedMinutes: prepared.pairs[i]!.service,
    approvedMinutes: prepared.pairs[i]!.service,
    groupPosition: i + 1,
    reportedBy: 'broker',
    reportedByPerson: tx.actor.personId,
    onBehalfOf: exchange.receiverId ?? exchange.providerId,
    agreedAt: tx.now,
    reportedAt: tx.now,
    settledAt: tx.now,
    closedAt: tx.now,
    parties
  }))
  return planOf(prepared, exchanges)
}

/** The exchanges of a group, prepared and shared out, but not yet in any state. */
export async function preparePairs(
  tx: Tx,
  input: NewGroup,
  beginning: 'anew' | 'agreed-elsewhere'
): Promise<Shared<Context>> {
  const shape = shapeOf(input)
  const { providers, receivers, description, performedOn } = input
  const { categoryId, offerId, requestId, budgetId, guardianConsent } = input
  const common = { categoryId, offerId, requestId, budgetId, description, performedOn, guardianConsent }
  const places = pairsOf(shape, input)
  const contexts: Context[] = []
  for (const [p, r] of places) {
    const { minutes, preparationMinutes: _preparation, travelMinutes: _travel, ...provider } = providers[p]!
    const { attendedMinutes: _attended, ...receiver } = receivers[r]!
    const context = await prepare(tx, { ...common, provider, receiver, minutes }, beginning).catch(pointingAt(p, r))
    // whoever vouches for it, a session goes around neither vetting nor guardians
    refuseUncleared(context)
    contexts.push(context)
  }
  // one policy for all of them, also where it changes at this moment
  const { policy, exchange, today } = contexts[0]!
  checkServiceDate(performedOn, today)
  const same = contexts.map((context) => ({
    ...context,
    policy,
    exchange: { ...context.exchange, policyVersion: exchange.policyVersion }
  }))
  const rule = receivers.length > 1 ? (input.rule ?? policy.groupRule) : null
  const pairs = providers.flatMap(({ minutes, preparationMinutes = 0, travelMinutes = 0 }, p) => {
    const contacts = places
      .filter(([provider]) => provider === p)
      .map(([, r]) => Math.min(receivers[r]!.attendedMinutes ?? minutes, minutes))
    return shareAmong(
      { minutes, preparation: preparationMinutes, travel: travelMinutes },
      contacts,
      rule,
      counting(policy)
    )
  })
  return { shape, rule, pairs, contexts: same }
}

const counting = ({ granularityMinutes, rounding, countPreparation, countTravel }: Policy) => ({
  worth: (minutes: number) => roundMinutes(minutes, granularityMinutes, rounding),
  countPreparation,
  countTravel
})

/** What of an exchange comes from the sharing out. */
export const pairFields = ({ service, contact, preparation, travel }: Pair) => ({
  proposedMinutes: service,
  serviceMinutes: service,
  contactMinutes: contact,
  preparationMinutes: preparation,
  travelMinutes: travel
})

/** With whose accounts they are, and what moves between them. */
export function planOf(
  { shape, rule, pairs, contexts }: Shared<Grounds>,
  exchanges: readonly (Exchange & { parties: Parties })[]
): GroupPlan {
  const { policy, exchange, today } = contexts[0]!
  const accounts = contexts.map((context) => ({
    provider: accountOf(context, 'provider'),
    receiver: accountOf(context, 'receiver')
  }))
  return {
    shape,
    rule,
    policyVersion: exchange.policyVersion,
    performedOn: exchange.performedOn!,
    today,
    exchanges: exchanges.map((each, i) => {
      const recordOnly = isRecordOnly(accounts[i]!)
      return { ...each, recordOnly, creditMinutes: recordOnly ? 0 : pairs[i]!.credit }
    }),
    debited: exchanges.map(({ receiverCapacity, receiverId, receiverOrganisationId }) =>
      accountHolder('receiver', receiverCapacity, policy) === 'member' ? receiverId! : receiverOrganisationId!
    ),
    legs: legsFor(
      pairs.map((pair, i) => ({ ...pair, ...accounts[i]! })),
      communityPot,
      rule
    )
  }
}

/**
 * The plan of a group whose exchanges have been written already. All that it was shared out by is kept with them: a provider's
 * time is the sum of theirs.
 */
export function planAgain(shape: GroupShape, rule: GroupRule | null, contexts: Grounds[]): GroupPlan {
  const { policy } = contexts[0]!
  const byProvider = new Map<string, Grounds[]>()
  for (const context of contexts) {
    const key = partyOf(sideOf(context.exchange, 'provider'))
    byProvider.set(key, [...(byProvider.get(key) ?? []), context])
  }
  const pairs = new Map<string, Pair>()
  for (const theirs of byProvider.values()) {
    const sum = (field: 'serviceMinutes' | 'preparationMinutes' | 'travelMinutes') =>
      theirs.reduce((all, { exchange }) => all + (exchange[field] ?? 0), 0)
    const minutes = sum('serviceMinutes')
    const time = { minutes, preparation: sum('preparationMinutes'), travel: sum('travelMinutes') }
    const contacts = theirs.map(({ exchange }) => exchange.contactMinutes ?? minutes)
    shareAmong(time, contacts, rule, counting(policy)).forEach((pair, i) => {
      pairs.set(theirs[i]!.exchange.id, pair)
    })
  }
  return planOf(
    { shape, rule, contexts, pairs: contexts.map(({ exchange }) => pairs.get(exchange.id)!) },
    contexts.map(({ exchange, parties }) => ({ ...exchange, parties }))
  )
}

/** Which provider helped which receiver, as places in the lists, provider by provider. Nobody helps themselves (R1). */
function pairsOf(shape: GroupShape, { providers, receivers }: NewGroup): [number, number][] {
  return providers.flatMap((provider, p) =>
    receivers.flatMap((receiver, r): [number, number][] =>
      shape === 'many_to_many' && partyOf(provider) === partyOf(receiver) ? [] : [[p, r]]
    )
  )
}

function shapeOf(input: NewGroup): GroupShape {
  const { providers, receivers, rule, offerId, requestId, budgetId } = input

  const faults: Fault[] = []
  const refuse = (pointer: string, detail: string) => faults.push({ pointer, detail })
  const [givers, helped] = [providers.length, receivers.length]
  const shape = `${givers > 1 ? 'many' : 'one'}_to_${helped > 1 ? 'many' : 'one'}` as const
  const beside = providers.some(
    ({ preparationMinutes = 0, travelMinutes = 0 }) => preparationMinutes + travelMinutes > 0
  )
  if (shape === 'one_to_one' && !beside)
    refuse('/receivers', 'One provider and one receiver, without preparation or travel: record it as an exchange.')
  if (helped === 1 && rule !== undefined)
    refuse('/rule', 'Is for several receivers: where there is one, they pay for all.')
  if (rule === 'budget_pays' && budgetId === undefined) refuse('/budgetId', 'Which budget pays is needed.')
  if (helped > 1 && rule !== 'budget_pays' && budgetId !== undefined)
    refuse('/rule', 'A budget pays for several receivers where the rule is budget_pays.')
  if (givers > 1 && offerId !== undefined) refuse('/offerId', 'Is for one provider.')
  if (helped > 1 && requestId !== undefined) refuse('/requestId', 'Is for one receiver.')
  for (const [name, sides] of [
    ['providers', providers],
    ['receivers', receivers]
  ] as const) {
    const seen = new Set<string>()
    sides.map(partyOf).forEach((key, i) => {
      if (seen.has(key)) refuse(`/${name}/${i}`, 'Comes twice.')
      seen.add(key)
    })
  }
  const pairs = pairsOf(shape, input)
  if (pairs.length > mostPairs)
    refuse('/receivers', `These are ${pairs.length} exchanges; a group has at most ${mostPairs}.`)
  providers.forEach(({ minutes }, p) => {
    const theirs = pairs.filter(([provider]) => provider === p).length
    if (minutes < theirs) refuse(`/providers/${p}/minutes`, 'Fewer minutes than there are receivers.')
  })
  receivers.forEach(({ attendedMinutes }, r) => {
    const longest = Math.max(...pairs.filter(([, receiver]) => receiver === r).map(([p]) => providers[p]!.minutes))
    if (attendedMinutes !== undefined && attendedMinutes > longest)
      refuse(`/receivers/${r}/attendedMinutes`, 'Longer than anybody gave time to them.')
  })
  refuseFaults(faults)
  return shape
}

/** Who takes part: the same in whatever capacity they give and are helped. An id as the database writes it. */
export const partyOf = ({ capacity, memberId, organisationId }: PartOf): string =>
  String(capacity === 'organisation' ? organisationId : memberId).toLowerCase()

type PartOf = { capacity: string; memberId?: string | null | undefined; organisationId?: string | null | undefined }

/** Where in the group's lists the fault lies that was found in one pair. */
const pointingAt = (provider: number, receiver: number) => (error: unknown) => {
  if (!(error instanceof DomainError) || error.errors.length === 0) throw error
  const errors = error.errors.map((fault) =>
    fault.pointer === undefined
      ? fault
      : {
          ...fault,
          pointer: fault.pointer
            .replace(/^\/provider(?=\/|$)/, `/providers/${provider}`)
            .replace(/^\/receiver(?=\/|$)/, `/receivers/${receiver}`)
        }
  )
  throw new DomainError(error.code, error.message, { errors, figures: error.figures })
}
