import type { Tx } from '../../db/client.ts'
import { selected } from '../../db/rows.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { budgetFor } from '../budgets/index.ts'
import { type Flags, type FlagsPath, flagsInForce, flagsPath, getOffer, getRequest } from '../listings/index.ts'
import { familySql, type MembersBrought, membersSql, type Parties, partiesFrom, partiesOf } from '../members/index.ts'
import { slipOf } from '../slips/index.ts'
import { type Policy, policyAt, today, versionInForce } from '../timebanks/index.ts'
import { minorsOf, refuseFamily, refuseMinors, refuseUncleared } from './clearance.ts'
import { resolveSide, type Side, type SideInput, type SideName, standingOf } from './sides.ts'
import { exchanges } from './tables.ts'

export type Exchange = typeof exchanges.$inferSelect

/** What an exchange is made under: told with it as long as it is open. */
export type Terms = Pick<Context, 'category' | 'policy' | 'today'>

/** An exchange with who stands on its sides, so that it can be shown without looking further. */
export type Seen = Exchange & { parties: Parties; terms?: Terms | undefined }

/** How a guardian has given their consent. */
export const consentWays = ['in_person', 'phone', 'writing'] as const
export type ConsentWay = (typeof consentWays)[number]

export type NewExchange = {
  provider: SideInput
  receiver: SideInput
  categoryId: string
  offerId?: string | undefined
  requestId?: string | undefined
  /** the budget that pays for it, instead of the receiver */
  budgetId?: string | undefined
  description: string
  /** service minutes */
  minutes: number
  /** agreed or actual service date */
  performedOn?: string | undefined
  /** how the guardians of those under 18 have given their consent; for staff to say */
  guardianConsent?: ConsentWay | undefined
}

/** States in which an exchange may still be called off. */
export const beforeReport: readonly string[] = [
  'proposed',
  'agreed',
  'awaiting_risk',
  'awaiting_vetting',
  'awaiting_guardian',
  'ready'
]

/** What every step needs to know about an exchange that it is about to change. */
export type Context = {
  exchange: Exchange
  parties: Parties
  /** in force, of its category */
  category: Flags
  policy: Policy
  today: string
  own: SideName[]
  staff: boolean
}

type Found = { category: FlagsPath | null; members: MembersBrought }

/** All that a step needs comes with the lock, in one round trip; policies, which never change, are remembered. */
const lock = `
  SELECT ${selected(exchanges, 'x')}, ${flagsPath('x.timebank_id', 'x.category_id')} AS category,
         ${membersSql('x.timebank_id', ['x.provider_id', 'x.receiver_id'])} AS members
    FROM exchanges.exchanges x
   WHERE x.timebank_id = $1 AND x.id = $2
     FOR UPDATE OF x`

/** Locks the exchange until the end of the transaction, so that of two steps at once the second sees the first. */
export const lockExchange = (tx: Tx, id: string): Promise<Context> => lockFor(tx, id, async () => false)

/** The same for somebody who is no side of it, where `admits` says that it is there for them. */
export async function lockFor(tx: Tx, id: string, admits: (exchange: Exchange) => Promise<boolean>): Promise<Context> {
  const { rows } = await tx.client.query<Exchange & Found>({
    name: 'exchanges.lock',
    text: lock,
    values: [tx.timebankId, id]
  })
  if (!rows[0]) throw notFound('exchange')
  const { members, category, ...exchange } = rows[0]
  const policy = (await policyAt(tx, exchange.policyVersion))?.rules
  if (!policy) throw new Error('an exchange without its policy version')
  const day = today(tx, policy)
  const { own, staff } = await standingOf(tx, exchange, day)
  // nobody but its sides and staff knows of an exchange: to others it is not there
  if (own.length === 0 && !staff && !(await admits(exchange))) throw notFound('exchange')
  // of what was reported with others nobody answers for a part
  if (exchange.groupId && !exchange.settledAt && ['reported', 'disputed'].includes(exchange.status))
    throw new DomainError('conflict', 'It was reported with others, and is answered with them: see the group.', {
      figures: { group: exchange.groupId }
    })
  const parties = await partiesFrom(tx, members, [exchange.providerOrganisationId, exchange.receiverOrganisationId])
  return { exchange, parties, category: flagsInForce(category), policy, today: day, own, staff }
}

const present = (ids: readonly (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))]

/** Exchanges with their sides, in one look-up for any number of them. */
export async function withParties(tx: Tx, found: readonly Exchange[]): Promise<Seen[]> {
  const parties = await partiesOf(
    tx,
    present(found.flatMap((x) => [x.providerId, x.receiverId])),
    present(found.flatMap((x) => [x.providerOrganisationId, x.receiverOrganisationId]))
  )
  return found.map((exchange) => ({ ...exchange, parties }))
}

/** What there is to know before an exchange begins. */
const look = `
  SELECT ${versionInForce('$1')} AS version, ${flagsPath('$1', '$2')} AS category,
         ${membersSql('$1', ['$3', '$4'])} AS members, ${familySql('$1', '$3', '$4')} AS family`

/** Ids as the database writes them: they are compared here. */
function lowerCase(given: NewExchange): NewExchange {
  const lower = (id: string | undefined) => id?.toLowerCase()
  const side = (x: SideInput): SideInput => ({
    ...x,
    memberId: lower(x.memberId),
    organisationId: lower(x.organisationId)
  })
  const { provider, receiver, categoryId, offerId, requestId, budgetId } = given
  return {
    ...given,
    provider: side(provider),
    receiver: side(receiver),
    categoryId: categoryId.toLowerCase(),
    offerId: lower(offerId),
    requestId: lower(requestId),
    budgetId: lower(budgetId)
  }
}

/**
 * How much is asked of an exchange that begins. `proposed`: all is open, and one of the sides or staff begins.
 * `agreed-elsewhere`: the same, by whom others vouch for. `anew`: by one of the sides or staff, and as it has taken place nothing is left to wait for, such as vetting.
 * `agreed-before`: the same, for what was agreed when all was open. `corrected`: as it was, by another account of it.
 */
type Beginning = 'proposed' | 'agreed-elsewhere' | 'anew' | 'agreed-before' | 'corrected'

/** What an exchange begins with, whichever way it begins: its sides, category, offer and request checked, its policy kept. */
export async function prepare(
  tx: Tx,
  given: NewExchange,
  beginning: Beginning = 'anew',
  underVersion?: number
): Promise<Context> {
  const open = beginning !== 'agreed-before' && beginning !== 'corrected'
  const input = lowerCase(given)
  const { rows } = await tx.client.query<Found & { version: number | null; family: boolean }>({
    name: 'exchanges.look',
    text: look,
    values: [tx.timebankId, input.categoryId, input.provider.memberId, input.receiver.memberId]
  })
  const found = rows[0]!
  const version = underVersion ?? found.version ?? 0
  const policy = (await policyAt(tx, version))?.rules
  if (!policy) throw new Error('a timebank without a policy')
  const day = today(tx, policy)
  const on = input.performedOn ?? day
  const category = flagsInForce(found.category)
  if (open && category.closed)
    throw new DomainError('category-closed', undefined, { errors: [{ pointer: '/categoryId', detail: 'Is closed.' }] })
  const organisations = [input.provider.organisationId, input.receiver.organisationId]
  const parties = await partiesFrom(tx, found.members, organisations)
  const provider = await resolveSide(tx, parties, 'provider', input.provider, on, policy, open)
  const receiver = await resolveSide(tx, parties, 'receiver', input.receiver, on, policy, open)
  checkDifferent(provider, receiver)
  if (open && found.family) refuseFamily(policy, provider.capacity, receiver.capacity)
  await checkListings(tx, input, provider, receiver, open)
  const exchange = {
    timebankId: tx.timebankId,
    id: newId(),
    status: 'proposed',
    providerId: provider.memberId,
    providerOrganisationId: provider.organisationId,
    providerCapacity: provider.capacity,
    providerAffiliationId: provider.affiliationId,
    receiverId: receiver.memberId,
    receiverOrganisationId: receiver.organisationId,
    receiverCapacity: receiver.capacity,
    receiverAffiliationId: receiver.affiliationId,
    categoryId: input.categoryId,
    offerId: input.offerId ?? null,
    requestId: input.requestId ?? null,
    description: input.description,
    performedOn: input.performedOn ?? null,
    proposedMinutes: input.minutes,
    revision: 0,
    agreedMinutes: null,
    approvedMinutes: null,
    guardianConsent: input.guardianConsent ?? null,
    disputedBy: null,
    disputedMinutes: null,
    noShow: null,
    serviceMinutes: null,
    creditMinutes: null,
    contactMinutes: null,
    preparationMinutes: null,
    travelMinutes: null,
    policyVersion: version,
    proposedBy: 'broker',
    reportedBy: null,
    reportedByPerson: null,
    source: tx.actor.source,
    slipNumber: await slipOf(tx, policy),
    recordedBy: tx.actor.personId,
    recordedByMember: tx.actor.membershipId,
    recordedAs: null,
    onBehalfOf: null,
    transferId: null,
    holdId: null,
    reversalTransferId: null,
    budgetId: null,
    budgetAccountId: null,
    budgetMinutes: null,
    correctsId: null,
    correctedById: null,
    groupId: null,
    groupPosition: null,
    recordOnly: false,
    reason: null,
    agreedAt: null,
    reportedAt: null,
    settledAt: null,
    closedAt: null,
    recordedAt: tx.now,
    externalSource: null,
    externalId: null,
    createdAt: tx.now,
    rowVersion: 1
  } satisfies Exchange
  const { own, staff } = await standingOf(tx, exchange, day)
  // somebody who is no side learns nothing about who the sides are
  if (own.length === 0 && !staff && beginning !== 'agreed-elsewhere')
    throw new DomainError('forbidden', 'You may begin an exchange in which you are one of the sides.')
  const payer =
    input.budgetId === undefined ? null : await budgetFor(tx, input.budgetId, { receiver, on, byStaff: staff })
  const context: Context = {
    exchange: {
      ...exchange,
      ...(payer && {
        budgetId: payer.budgetId,
        budgetAccountId: payer.accountId,
        budgetMinutes: payer.mayCommit ? input.minutes : null
      }),
      recordedAs: recordedAs(tx, own, staff),
      // staff say so, and of an exchange that needs it
      guardianConsent: staff && minorsOf({ exchange, parties, today: day }).length > 0 ? exchange.guardianConsent : null
    },
    ...{ parties, category, policy, today: day, own, staff }
  }
  if (open) refuseMinors(context)
  if (beginning === 'anew' || beginning === 'agreed-before') refuseUncleared(context)
  return context
}

function recordedAs(tx: Tx, own: readonly SideName[], staff: boolean): string {
  if (tx.actor.membershipId === null) return 'service'
  return own[0] ?? (staff ? 'broker' : 'member')
}

function checkDifferent(provider: Side, receiver: Side): void {
  const sameMember = provider.memberId !== null && provider.memberId === receiver.memberId
  const sameOrganisation =
    provider.capacity === 'organisation' &&
    receiver.capacity === 'organisation' &&
    provider.organisationId === receiver.organisationId
  if (sameMember || sameOrganisation) throw new DomainError('same-party')
}

/** An offer is its provider's, a request its receiver's; both must be open to be taken up. */
async function checkListings(tx: Tx, input: NewExchange, provider: Side, receiver: Side, open: boolean): Promise<void> {
  const refuse = (pointer: string, detail: string) =>
    new DomainError('conflict', detail, { errors: [{ pointer, detail }] })
  const belongs = (listing: { membershipId: string; organisationId: string | null }, side: Side) =>
    listing.organisationId ? listing.organisationId === side.organisationId : listing.membershipId === side.memberId
  if (input.offerId) {
    const offer = await getOffer(tx, input.offerId)
    if (!belongs(offer, provider)) throw refuse('/offerId', "The offer is not the provider's.")
    if (open && offer.status !== 'open') throw refuse('/offerId', 'The offer is not open.')
  }
  if (input.requestId) {
    const request = await getRequest(tx, input.requestId)
    if (!belongs(request, receiver)) throw refuse('/requestId', "The request is not the receiver's.")
    if (open && !['open', 'matched', 'in_progress'].includes(request.status))
      throw refuse('/requestId', 'The request is not open.')
  }
}

export function wrongState(exchange: Exchange, step: string): DomainError {
  return new DomainError('wrong-state', `An exchange that is ${exchange.status} cannot be ${step}.`, {
    figures: { state: exchange.status }
  })
}
