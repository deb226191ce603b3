import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { DomainError, notFound } from '../../shared/errors.ts'
import { futureDateFaults } from '../../shared/service-date.ts'
import { communityPot, type Operation } from '../ledger/index.ts'
import { accountsOf, organisationsActedFor } from '../members/index.ts'
import { consentNeeded, type Ground, refuseAll, toldUs } from './rules.ts'

export type Holder = { memberId: string } | { organisationId: string }
export type Receiver = Holder | { communityPot: true }

export type Gift = {
  /** the caller by default */
  from?: Holder | undefined
  to: Receiver
  minutes: number
  /** today by default */
  performedOn?: string | undefined
}

export type Grant = { to: Holder; minutes: number; performedOn?: string | undefined }

type Transfer = Extract<Operation, { debit: number }>

/**
 * A gift from one account to another, or a donation to the community pot. Members give their own hours, who acts for an
 * organisation gives that one's, and staff write down what they were told.
 */
export async function giftOperation(
  ground: Ground,
  own: { id: string; accountId: number },
  gift: Gift
): Promise<Transfer> {
  const { policy, today } = ground
  if (!policy.giftsAllowed) throw new DomainError('gifts-not-allowed')
  refuseAll(futureDateFaults(gift.performedOn, today), [])
  const giver = gift.from === undefined || holderId(gift.from) === own.id ? null : gift.from
  const [credit, debit] = await Promise.all([
    receiverAccount(ground, gift.to),
    giver === null ? own.accountId : accountOf(ground, giver)
  ])
  if (giver !== null) await checkWord(ground, own.id, giver)
  if (debit === credit) throw new DomainError('same-party', 'Nobody gives to themselves.')
  return {
    id: '',
    operation: 'transfer',
    debit,
    credit,
    minutes: gift.minutes,
    kind: credit === communityPot ? 'donation' : 'gift',
    performedOn: gift.performedOn ?? today,
    onBehalfOf: giver === null ? undefined : holderId(giver)
  }
}

/** Hours from the community pot to somebody who cannot earn yet. */
export async function grantOperation(ground: Ground, grant: Grant): Promise<Transfer> {
  refuseAll(futureDateFaults(grant.performedOn, ground.today), [])
  return {
    id: '',
    operation: 'transfer',
    debit: communityPot,
    credit: await accountOf(ground, grant.to),
    minutes: grant.minutes,
    kind: 'grant',
    performedOn: grant.performedOn ?? ground.today
  }
}

const holderId = (holder: Holder): string => ('memberId' in holder ? holder.memberId : holder.organisationId)

const receiverAccount = async (ground: Ground, to: Receiver): Promise<number> =>
  'communityPot' in to ? communityPot : accountOf(ground, to)

async function accountOf({ timebankId, read }: Ground, holder: Holder): Promise<number> {
  const id = holderId(holder)
  const account = (await accountsOf(timebankId, [id], read)).get(id)
  if (account === undefined) throw notFound('memberId' in holder ? 'member' : 'organisation')
  return account
}

/** Hours of somebody else: who acts for the organisation has its word; staff need to have been told. */
async function checkWord({ actor, read, today }: Ground, ownId: string, giver: Holder): Promise<void> {
  if (toldUs(actor)) return
  const acts = (tx: Tx) => organisationsActedFor(tx, ownId, today)
  if ('organisationId' in giver && (await read(acts)).includes(giver.organisationId.toLowerCase())) return
  throw new DomainError('forbidden', isStaff(actor) ? consentNeeded : 'You may give your own hours.')
}
