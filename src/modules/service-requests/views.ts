import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { disclose } from '../consents/index.ts'
import { listCategories } from '../listings/index.ts'
import { memberLabels, organisationLabels } from '../members/index.ts'
import { contactsOf } from './desk.ts'
import { attendanceOf } from './following.ts'
import type { Receipt } from './posting.ts'
import type { historySchema, listedSchema, receiptSchema, serviceRequestSchema, stateSchema } from './schemas.ts'
import { allowed, type Seen, seeing } from './seeing.ts'
import { changedAt, historyOf, type ServiceRequest, textsOf, titlesOf } from './service-requests.ts'

export type StateView = z.output<typeof stateSchema>
export type ListedView = z.output<typeof listedSchema>
export type ServiceRequestView = z.output<typeof serviceRequestSchema>

const externalIdOf = ({ externalSystem, externalValue }: Pick<ServiceRequest, 'externalSystem' | 'externalValue'>) =>
  externalSystem === null || externalValue === null ? null : { system: externalSystem, value: externalValue }

/** What the first answer says. */
export const receiptOf = (receipt: Receipt): z.output<typeof receiptSchema> & { replayed: boolean } => ({
  id: receipt.id,
  kind: receipt.kind,
  status: 'requested',
  externalId: externalIdOf(receipt),
  requester: { organisationId: receipt.organisationId, professionalId: receipt.affiliationId },
  createdAt: receipt.createdAt,
  rowVersion: 1,
  replayed: receipt.replayed
})

const stateView = (tx: Tx, request: ServiceRequest, seen: Seen): StateView => {
  const { id, kind, createdAt, rowVersion } = request
  const toAgency = tx.actor.agency !== undefined
  return {
    id,
    kind,
    ...seen,
    memberId: toAgency ? null : request.membershipId,
    consentedAt: toAgency ? null : request.consentedAt,
    listingId: toAgency ? null : request.listingId,
    assigneeId: isStaff(tx.actor) ? request.assigneeId : null,
    createdAt,
    updatedAt: changedAt(tx, request),
    rowVersion
  }
}

/** Where it stands after a step. */
export async function stateOf(tx: Tx, request: ServiceRequest): Promise<StateView> {
  const seen = (await seeing(tx, [request]))(request)
  await disclose(
    tx,
    disclosed([request], () => seen, [])
  )
  const view = stateView(tx, request, seen)
  // answers are kept under their keys: how a person was asked is not
  return request.kind === 'referral' && request.status === 'requested' ? { ...view, subStatus: null } : view
}

/**
 * Any number of them in a few look-ups, with their titles and no other words. What an agency reads of people is written down,
 * unless that was done already (`noted`).
 */
export async function listedViews(
  tx: Tx,
  requests: readonly ServiceRequest[],
  { noted = false }: { noted?: boolean } = {}
): Promise<ListedView[]> {
  if (requests.length === 0) return []
  const see = await seeing(tx, requests)
  if (!noted) await disclose(tx, disclosed(requests, see, ['title']))
  return listed(tx, requests, see)
}

/** One with everything that was written: the only place where it is read. */
export async function viewOf(tx: Tx, request: ServiceRequest): Promise<ServiceRequestView> {
  const see = await seeing(tx, [request])
  const [view] = await listed(tx, [request], see)
  const texts = await textsOf(tx, request.id)
  const attends = !see(request).withheld.includes('attendance')
  const words = ['title', 'whatMatters', 'canOffer', 'area', 'accessNeeds', 'knownRisks'] as const
  await disclose(
    tx,
    disclosed([request], see, [
      ...words.filter((word) => texts[word] !== null),
      ...(texts.contactName === null ? [] : ['contact']),
      ...(attends ? ['attendance'] : []),
      'consent'
    ])
  )
  const { claimedScopes, claimedAt, claimedHow, claimedBy, claimedWording, verifiedAt } = request
  type Consent = NonNullable<ServiceRequestView['consent']>
  return {
    ...view!,
    whatMatters: texts.whatMatters,
    canOffer: texts.canOffer,
    area: texts.area,
    accessNeeds: texts.accessNeeds,
    knownRisks: texts.knownRisks,
    contact:
      texts.contactName === null
        ? null
        : {
            name: texts.contactName,
            phone: texts.contactPhone,
            email: texts.contactEmail,
            preferredContact: texts.contactPreferred
          },
    consent:
      claimedScopes === null
        ? null
        : {
            scopes: claimedScopes,
            wording: { version: claimedWording, text: texts.wording },
            givenAt: claimedAt!,
            how: claimedHow as Consent['how'],
            givenBy: claimedBy as Consent['givenBy'],
            verifiedAt: tx.actor.agency ? null : verifiedAt
          },
    attendance: attends ? await attendanceOf(tx, request) : null,
    contacts: isStaff(tx.actor) ? ((await contactsOf(tx, request.id)) as ServiceRequestView['contacts']) : null
  }
}

/** What it has been. An agency reads what it may know of at this moment. */
export async function historyView(tx: Tx, request: ServiceRequest): Promise<z.output<typeof historySchema>> {
  const steps = await historyOf(tx, request.id)
  if (!tx.actor.agency)
    return {
      items: steps.map(({ status, reason, outcome, at, part }) => ({
        status,
        reason,
        outcome,
        at,
        by: part as 'agency'
      })),
      withheld: false
    }
  const scopes = (await allowed(tx, [request]))(request)
  const all = request.kind === 'own_need'
  const shown = steps.filter(({ statusOpen }) => all || statusOpen || scopes.has('share_status'))
  await disclose(tx, disclosed([request], await seeing(tx, [request]), ['history']))
  return {
    items: shown.map(({ status, reason, outcome, at }) => ({
      status,
      reason,
      outcome: all || scopes.has('share_outcome') ? outcome : null,
      at,
      by: null
    })),
    // not whether there is anything: whether there might be
    withheld: !all && !scopes.has('share_status')
  }
}

/** What is read of a person: of a referral, and what is not withheld. */
const disclosed = (
  requests: readonly ServiceRequest[],
  see: (request: ServiceRequest) => Seen,
  more: readonly string[]
) =>
  requests
    .filter(({ kind }) => kind === 'referral')
    .map((request) => {
      const { withheld } = see(request)
      const parts = (['status', 'subStatus', 'reason', 'outcome'] as const).filter((part) => !withheld.includes(part))
      return {
        membershipId: request.membershipId,
        subject: { type: 'service_request', id: request.id },
        parts: [...parts, ...more]
      }
    })

async function listed(
  tx: Tx,
  requests: readonly ServiceRequest[],
  see: (request: ServiceRequest) => Seen
): Promise<ListedView[]> {
  const toAgency = tx.actor.agency !== undefined
  const titles = await titlesOf(
    tx,
    requests.map(({ id }) => id)
  )
  const organisations = await organisationLabels(tx, [...new Set(requests.map((one) => one.organisationId))])
  const people = requests.flatMap(({ professionalId, membershipId }) => [professionalId, membershipId])
  const labels = await memberLabels(tx, [...new Set(people.filter((id) => id !== null))])
  const categories = new Map((await listCategories(tx)).map((category) => [category.id, category]))
  return requests.map((request) => {
    const category = categories.get(request.categoryId)!
    const member = request.membershipId === null || toAgency ? undefined : labels.get(request.membershipId)
    const { firstOn, rrule } = request
    return {
      ...stateView(tx, request, see(request)),
      organisation: { id: request.organisationId, name: organisations.get(request.organisationId)!.name },
      professional: {
        affiliationId: request.affiliationId,
        name: labels.get(request.professionalId)?.displayName ?? ''
      },
      externalId: externalIdOf(request),
      title: titles.get(request.id) ?? '',
      category: { id: category.id, slug: category.slug, name: category.name },
      helpersNeeded: request.helpersNeeded,
      estimatedMinutes: request.estimatedMinutes,
      occurrence: firstOn === null ? null : { firstOn, rrule },
      setting: request.setting as ListedView['setting'],
      priority: request.priority,
      budgetId: request.budgetId,
      person:
        request.kind === 'own_need'
          ? null
          : { memberNumber: member?.number ?? request.claimedNumber, name: member?.displayName ?? null }
    }
  })
}
