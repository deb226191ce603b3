import type { Tx } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { markRequest } from '../listings/index.ts'
import { areFamily } from '../members/index.ts'
import type { Policy } from '../timebanks/index.ts'
import { refuseUncommitted, wordFor } from './budget.ts'
import { refuseFamily, waitsFor } from './clearance.ts'
import { type Context, lockExchange, prepare, type Seen, wrongState } from './exchanges.ts'
import { creditFor, type Proposal, type Quote, quoteOf, refuseStale } from './quote.ts'
import { placeHold } from './settle.ts'
import type { SideName, Sides } from './sides.ts'
import { answeringSide, beginningSide, behalf, recheckCapacities } from './who.ts'
import { insertExchange, step } from './writing.ts'

/** What a proposal would mean, without making it. Facts about the other side's person stay with them and staff. */
export async function quote(tx: Tx, { quote: _, ...input }: Proposal): Promise<Quote> {
  const context = await prepare(tx, input, 'proposed')
  return quoteOf(context, context.staff ? null : [tx.actor.membershipId!])
}

/** One side proposes to the other; a broker may propose for one of them. The proposal has the consent of who makes it only. */
export async function propose(tx: Tx, { quote: rests, ...input }: Proposal, forSide?: SideName): Promise<Seen> {
  const context = await prepare(tx, input, 'proposed')
  const side = beginningSide(context, forSide)
  if (rests)
    refuseStale(rests, {
      creditMinutes: creditFor(context, input.minutes),
      policyVersion: context.exchange.policyVersion
    })
  const exchange = { ...context.exchange, proposedBy: side, onBehalfOf: behalf(context, side) }
  return insertExchange(tx, { ...context, exchange }, 'proposed')
}

export type ProposalChange = {
  /** of the proposal that is changed */
  revision: number
  minutes?: number | undefined
  performedOn?: string | undefined
  description?: string | undefined
}

/** Either side changes a proposal that nobody has agreed to; from then on it is theirs, and the other side answers. */
export async function changeProposal(
  tx: Tx,
  id: string,
  { revision, minutes, performedOn, description }: ProposalChange,
  forSide?: SideName
): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  if (exchange.status !== 'proposed') throw wrongState(exchange, 'changed')
  const side = beginningSide(context, forSide)
  refuseStale({ revision }, standing(context))
  const affiliations = performedOn === undefined ? {} : await recheckCapacities(tx, context, performedOn)
  return step(
    tx,
    context,
    {
      proposedBy: side,
      revision: exchange.revision + 1,
      proposedMinutes: minutes ?? exchange.proposedMinutes,
      performedOn: performedOn ?? exchange.performedOn,
      description: description ?? exchange.description,
      ...affiliations,
      ...(minutes === undefined ? {} : await wordFor(tx, context, minutes))
    },
    { action: 'changed', onBehalfOf: behalf(context, side) }
  )
}

/** The figures of a proposal as it stands. */
const standing = (context: Context) => {
  const { proposedMinutes, revision } = context.exchange
  return { revision, minutes: proposedMinutes, creditMinutes: creditFor(context, proposedMinutes) }
}

export type Agreement = {
  minutes?: number | undefined
  creditMinutes?: number | undefined
  revision?: number | undefined
}

/**
 * The other side agrees, to the proposal as it stands: who says what they agree to is refused when it is something else, and
 * has to say it once a proposal was changed. Where the policy asks for it, the exchange waits before it may take place.
 */
export async function agree(tx: Tx, id: string, said: Agreement = {}): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange, policy } = context
  if (exchange.status !== 'proposed') throw wrongState(exchange, 'agreed')
  const side = answeringSide(context, exchange.proposedBy)
  const holds = standing(context)
  refuseStale(said, holds)
  if (exchange.revision > 0 && said.minutes === undefined && said.revision === undefined)
    throw new DomainError(
      'stale-quote',
      'The proposal has been changed: say the minutes or the revision that you agree to.',
      { figures: holds }
    )
  refuseGone(context)
  await refuseFamilySince(tx, exchange, policy)
  await refuseUncommitted(tx, context, exchange.proposedMinutes)
  const holdId = await placeHold(tx, context)
  if (exchange.requestId) await markRequest(tx, exchange.requestId, 'matched')
  return step(
    tx,
    context,
    {
      status: waitsFor(context, exchange.proposedMinutes) ?? 'agreed',
      agreedMinutes: exchange.proposedMinutes,
      agreedAt: tx.now,
      holdId,
      ...(exchange.budgetId === null ? {} : { budgetMinutes: exchange.proposedMinutes })
    },
    { action: 'agreed', onBehalfOf: behalf(context, side) }
  )
}

/** The side that was asked says no. It needs no reason. */
export async function decline(tx: Tx, id: string): Promise<Seen> {
  const context = await lockExchange(tx, id)
  const { exchange } = context
  if (exchange.status !== 'proposed') throw wrongState(exchange, 'declined')
  const side = answeringSide(context, exchange.proposedBy)
  return step(
    tx,
    context,
    { status: 'declined', closedAt: tx.now },
    { action: 'declined', onBehalfOf: behalf(context, side) }
  )
}

/** Nobody agrees with somebody who has left or is suspended since. */
function refuseGone({ exchange, parties }: Context): void {
  for (const memberId of [exchange.providerId, exchange.receiverId]) {
    if (memberId === null) continue
    const { status } = parties.member(memberId)
    if (status !== 'active' && status !== 'paused') throw new DomainError('party-not-active')
  }
}

/** Two may have been noted as family since it was proposed. */
export async function refuseFamilySince(
  tx: Tx,
  { providerId, receiverId, providerCapacity, receiverCapacity }: Sides,
  policy: Policy
): Promise<void> {
  if (policy.familyExchanges === 'allowed' || providerId === null || receiverId === null) return
  if (await areFamily(tx, providerId, receiverId)) refuseFamily(policy, providerCapacity, receiverCapacity)
}
