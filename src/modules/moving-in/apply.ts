import type { Tx } from '../../db/client.ts'
import { type HistoryRow, recordHistory } from '../exchanges/index.ts'
import { getAccounts, type Operation, openingAccount, postAll, setAccountStatus } from '../ledger/index.ts'
import { createDraftRequests, type DraftRequest, findCategory } from '../listings/index.ts'
import { addMembers, addOrganisation, type Membership } from '../members/index.ts'
import type { Plan } from './plan.ts'
import type { PlannedMember } from './plan-members.ts'
import { instantOf, type PlannedExchange, type PlannedSide } from './planned.ts'
import { keyOf } from './sources.ts'

export type Applied = {
  /** by line of the file */
  members: Map<number, Membership>
  openings: { credited: number; creditedMinutes: number; debited: number; debitedMinutes: number }
  draftRequests: number
  /** lines of members whose wishes could not become requests */
  wishesLeftOut: number[]
  organisations: string[]
  historyAdded: number
  historyCompleted: number
}

/** Does what the plan says, in the transaction given. */
export async function applyImport(tx: Tx, plan: Plan): Promise<Applied> {
  const members = await bringInMembers(tx, plan)
  const openings = await postOpenings(tx, plan, members)
  const { draftRequests, wishesLeftOut } = await draftWishes(tx, plan, members)
  await closeAccountsOfThoseGone(tx, members)
  const organisations = await bringInOrganisations(tx, plan)
  const recorded = await bringInHistory(tx, plan, organisations.ids)
  return {
    members,
    openings,
    draftRequests,
    wishesLeftOut,
    organisations: organisations.added,
    historyAdded: recorded.added.size,
    historyCompleted: recorded.completed.size
  }
}

async function bringInMembers(tx: Tx, plan: Plan): Promise<Map<number, Membership>> {
  const added = await addMembers(
    tx,
    plan.newMembers.map(({ record, number, email, signIn, dateOfBirth, locale, limits }) => ({
      displayName: record.name,
      number,
      email,
      signIn,
      phone: record.phone,
      otherPhone: record.otherPhone,
      postcode: record.postcode,
      dateOfBirth,
      skills: record.skills,
      status: record.status,
      joinedOn: record.joinedOn,
      limits,
      externalSource: plan.source,
      externalId: record.externalId,
      ...(locale === null ? {} : { locale })
    }))
  )
  const byKey = new Map(added.map((membership) => [keyOf(membership.externalId!), membership]))
  return new Map(plan.newMembers.map(({ record }) => [record.line, byKey.get(keyOf(record.externalId))!]))
}

/** One transfer a member with a balance, past all limits: what somebody has in the older system they have here. */
async function postOpenings(tx: Tx, plan: Plan, members: Applied['members']): Promise<Applied['openings']> {
  const opening = openingAccount
  const withBalance = plan.newMembers.filter(({ record }) => record.balanceMinutes !== 0)
  await postAll(
    tx,
    withBalance.map(({ record, openingId }): Operation => {
      const { accountId } = members.get(record.line)!
      const [debit, credit] = record.balanceMinutes > 0 ? [opening, accountId] : [accountId, opening]
      return {
        id: openingId,
        operation: 'transfer',
        debit,
        credit,
        minutes: Math.abs(record.balanceMinutes),
        kind: 'opening',
        performedOn: plan.snapshot.today,
        force: true
      }
    })
  )
  const positive = withBalance.filter(({ record }) => record.balanceMinutes > 0)
  const negative = withBalance.filter(({ record }) => record.balanceMinutes < 0)
  return {
    credited: positive.length,
    creditedMinutes: sum(positive),
    debited: negative.length,
    debitedMinutes: -sum(negative)
  }
}

const sum = (planned: PlannedMember[]): number =>
  planned.reduce((total, { record }) => total + record.balanceMinutes, 0)

const longestTitle = 120

/** What somebody wishes for becomes a draft that others do not see, for the member or their broker to look at and open. */
async function draftWishes(
  tx: Tx,
  plan: Plan,
  members: Applied['members']
): Promise<Pick<Applied, 'draftRequests' | 'wishesLeftOut'>> {
  const wishing = plan.newMembers.filter(({ record }) => record.needs.length > 0)
  const able = wishing.filter(({ record }) => record.status === 'active')
  const category = able.length > 0 ? await uncategorised(tx) : null
  const drafts = (category === null ? [] : able).flatMap(({ record }) =>
    record.needs.map(
      (wish): DraftRequest => ({
        memberId: members.get(record.line)!.id,
        categoryId: category!,
        title: wish.slice(0, longestTitle),
        description: wish.length > longestTitle ? wish : '',
        mode: 'do',
        setting: 'any'
      })
    )
  )
  await createDraftRequests(tx, drafts)
  const left = category === null ? wishing : wishing.filter((planned) => !able.includes(planned))
  return { draftRequests: drafts.length, wishesLeftOut: left.map(({ record }) => record.line) }
}

/** The account of somebody who has left is closed where it is empty; one that holds hours waits, frozen, for the broker. */
async function closeAccountsOfThoseGone(tx: Tx, members: Applied['members']): Promise<void> {
  const gone = [...members.values()].filter((membership) => membership.status === 'left').map((m) => m.accountId)
  const accounts = await getAccounts(tx, gone)
  for (const id of gone)
    await setAccountStatus(tx, id, accounts.get(id)?.balance === 0 ? 'closed' : 'frozen', 'brought in as left')
}

/**
 * An organisation that is known from history only begins with no hours: the older systems' lists of members do not tell
 * its balance.
 */
async function bringInOrganisations(tx: Tx, plan: Plan): Promise<{ ids: Map<string, string>; added: string[] }> {
  const ids = new Map(plan.snapshot.organisations)
  const added: string[] = []
  for (const [key, name] of plan.newOrganisations) {
    const organisation = await addOrganisation(tx, {
      name,
      kind: 'community_group',
      externalSource: plan.source,
      externalId: key
    })
    ids.set(key, organisation.id)
    added.push(name)
  }
  return { ids, added }
}

async function bringInHistory(tx: Tx, plan: Plan, organisations: ReadonlyMap<string, string>) {
  const planned = [...plan.newHistory, ...plan.completedHistory]
  const categoryId = planned.length > 0 ? await uncategorised(tx) : null
  if (planned.length > 0 && categoryId === null) throw new Error('the timebank has no categories')
  const rows = planned.map((exchange) => rowOf(exchange, categoryId!, organisations))
  return recordHistory(tx, plan.source, rows)
}

function rowOf(
  { record, externalId, provider, receiver }: PlannedExchange,
  categoryId: string,
  organisations: ReadonlyMap<string, string>
): HistoryRow {
  const member = (side: PlannedSide) => (side !== null && 'memberId' in side ? side.memberId : null)
  const organisation = (side: PlannedSide) =>
    side !== null && 'organisation' in side ? organisations.get(side.organisation)! : null
  return {
    externalId,
    providerId: member(provider),
    providerOrganisationId: organisation(provider),
    receiverId: member(receiver),
    receiverOrganisationId: organisation(receiver),
    categoryId,
    description: record.description,
    minutes: record.minutes,
    performedOn: record.performedOn,
    recordedAt: new Date(instantOf(record))
  }
}

const uncategorised = async (tx: Tx): Promise<string | null> => (await findCategory(tx, 'uncategorised'))?.id ?? null
