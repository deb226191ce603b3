import { and, eq, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { onDuplicate } from '../../db/errors.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { newId } from '../../shared/ids.ts'
import { type AuditEntry, audit } from '../audit/index.ts'
import { getCategory, getOffer, getRequest } from '../listings/index.ts'
import { currentPolicy, type Policy, policyAt, today } from '../timebanks/index.ts'
import { resolveSide, type Side, type SideInput, type SideName, standingOf } from './sides.ts'
import { exchanges } from './tables.ts'

export type Exchange = typeof exchanges.$inferSelect

export type NewExchange = {
  provider: SideInput
  receiver: SideInput
  categoryId: string
  offerId?: string | undefined
  requestId?: string | undefined
  description: string
  /** service minutes */
  minutes: number
  /** agreed or actual service date */
  performedOn?: string | undefined
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
export type Context = { exchange: Exchange; policy: Policy; today: string; own: SideName[]; staff: boolean }

/** Locks the exchange until the end of the transaction, so that of two steps at once the second sees the first. */
export async function lockExchange(tx: Tx, id: string): Promise<Context> {
  const [exchange] = await tx.db
    .select()
    .from(exchanges)
    .where(and(eq(exchanges.timebankId, tx.timebankId), eq(exchanges.id, id)))
    .for('update')
  if (!exchange) throw notFound('exchange')
  return contextOf(tx, exchange)
}

/** Nobody but its sides and staff knows of an exchange: to others it is not there. */
async function contextOf(tx: Tx, exchange: Exchange): Promise<Context> {
  const policy = (await policyAt(tx, exchange.policyVersion))?.rules
  if (!policy) throw new Error('an exchange without its policy version')
  const day = today(tx, policy)
  const { own, staff } = await standingOf(tx, exchange, day)
  if (own.length === 0 && !staff) throw notFound('exchange')
  return { exchange, policy, today: day, own, staff }
}

/** Writes a step: the new state, and who did it for whom. */
export async function step(
  tx: Tx,
  exchange: Exchange,
  change: Partial<Exchange>,
  entry: Pick<AuditEntry, 'onBehalfOf' | 'reason'> & { action: string }
): Promise<Exchange> {
  const [row] = await tx.db
    .update(exchanges)
    .set({ ...change, rowVersion: sql`${exchanges.rowVersion} + 1` })
    .where(and(eq(exchanges.timebankId, tx.timebankId), eq(exchanges.id, exchange.id)))
    .returning()
  const { action, ...rest } = entry
  await audit(tx, {
    action: `exchange.${action}`,
    subject: { type: 'exchange', id: exchange.id },
    changes: { status: [exchange.status, row!.status], ...minutesOf(change) },
    ...rest
  })
  return row!
}

const minutesOf = (change: Partial<Exchange>) =>
  Object.fromEntries(
    (['agreedMinutes', 'serviceMinutes', 'creditMinutes'] as const).flatMap((name) =>
      change[name] === undefined ? [] : [[name, change[name]]]
    )
  )

/** What an exchange begins with, whichever way it begins: its sides, category, offer and request checked, its policy kept. */
export async function prepare(tx: Tx, input: NewExchange): Promise<Context & { sides: Record<SideName, Side> }> {
  const { version, rules: policy } = await currentPolicy(tx)
  const day = today(tx, policy)
  const on = input.performedOn ?? day
  const category = await getCategory(tx, input.categoryId)
  if (category.closed)
    throw new DomainError('category-closed', undefined, { errors: [{ pointer: '/categoryId', detail: 'Is closed.' }] })
  const provider = await resolveSide(tx, 'provider', input.provider, on, policy, true)
  const receiver = await resolveSide(tx, 'receiver', input.receiver, on, policy, true)
  checkDifferent(provider, receiver)
  await checkListings(tx, input, provider, receiver)
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
    categoryId: category.id,
    offerId: input.offerId ?? null,
    requestId: input.requestId ?? null,
    description: input.description,
    performedOn: input.performedOn ?? null,
    proposedMinutes: input.minutes,
    agreedMinutes: null,
    approvedMinutes: null,
    serviceMinutes: null,
    creditMinutes: null,
    policyVersion: version,
    proposedBy: 'broker',
    reportedBy: null,
    reportedByPerson: null,
    source: tx.actor.source,
    slipNumber: tx.actor.slipNumber ?? null,
    recordedBy: tx.actor.personId,
    onBehalfOf: null,
    transferId: null,
    holdId: null,
    reversalTransferId: null,
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
  if (own.length === 0 && !staff)
    throw new DomainError('forbidden', 'You may begin an exchange in which you are one of the sides.')
  return { exchange, policy, today: day, own, staff, sides: { provider, receiver } }
}

export async function insertExchange(tx: Tx, exchange: Exchange, action: string): Promise<Exchange> {
  const inserted = tx.db.insert(exchanges).values(exchange).returning()
  const [row] = await onDuplicate(
    'exchanges_slip',
    inserted,
    () => new DomainError('already-exists', 'An exchange with this slip number has been recorded.')
  )
  await audit(tx, {
    action: `exchange.${action}`,
    subject: { type: 'exchange', id: exchange.id },
    onBehalfOf: exchange.onBehalfOf,
    changes: { status: [null, exchange.status], proposedMinutes: exchange.proposedMinutes, ...minutesOf(exchange) }
  })
  return row!
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
async function checkListings(tx: Tx, input: NewExchange, provider: Side, receiver: Side): Promise<void> {
  const refuse = (pointer: string, detail: string) =>
    new DomainError('conflict', detail, { errors: [{ pointer, detail }] })
  const belongs = (listing: { membershipId: string; organisationId: string | null }, side: Side) =>
    listing.organisationId ? listing.organisationId === side.organisationId : listing.membershipId === side.memberId
  if (input.offerId) {
    const offer = await getOffer(tx, input.offerId)
    if (!belongs(offer, provider)) throw refuse('/offerId', "The offer is not the provider's.")
    if (offer.status !== 'open') throw refuse('/offerId', 'The offer is not open.')
  }
  if (input.requestId) {
    const request = await getRequest(tx, input.requestId)
    if (!belongs(request, receiver)) throw refuse('/requestId', "The request is not the receiver's.")
    if (!['open', 'matched', 'in_progress'].includes(request.status))
      throw refuse('/requestId', 'The request is not open.')
  }
}

export function wrongState(exchange: Exchange, step: string): DomainError {
  return new DomainError('wrong-state', `An exchange that is ${exchange.status} cannot be ${step}.`, {
    figures: { state: exchange.status }
  })
}
