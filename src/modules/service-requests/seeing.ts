import type { Tx } from '../../db/client.ts'
import { type ConsentScope, scopesGiven } from '../consents/index.ts'
import type { ServiceRequest } from './service-requests.ts'
import type { Outcome, Reason, Status, SubStatus } from './vocabulary.ts'

/** What an agency may be kept from reading of a referral. */
export const withholdable = ['status', 'subStatus', 'reason', 'attendance', 'outcome'] as const
export type Withheld = (typeof withholdable)[number]

export type Seen = {
  status: Status | null
  subStatus: SubStatus | null
  reason: Reason | null
  outcome: Outcome | null
  decidedAt: Date | null
  endedAt: Date | null
  withheld: Withheld[]
}

const all = ({ status, subStatus, reason, outcome, decidedAt, endedAt }: ServiceRequest): Seen => ({
  status,
  subStatus,
  reason,
  outcome,
  decidedAt,
  endedAt,
  withheld: []
})

/**
 * What the agency reads of a request of its own, by what the person allows at this moment: pure, and the only place that
 * decides it. Its own need it sees whole. That a referral waits, was not taken up, or was called off by itself it knows; how it
 * stands within the waiting would tell how the person was asked, and is nobody's but the broker's. The rest is the person's.
 */
export function seenByAgency(request: ServiceRequest, scopes: ReadonlySet<ConsentScope>): Seen {
  if (request.kind === 'own_need') return all(request)
  const shared = scopes.has('share_status')
  const isStatus = shared || request.statusOpen
  const isSubStatus = shared && request.status !== 'requested'
  const isOutcome = scopes.has('share_outcome')
  return {
    status: isStatus ? request.status : null,
    subStatus: isSubStatus ? request.subStatus : null,
    reason: isStatus ? request.reason : null,
    outcome: isOutcome ? request.outcome : null,
    decidedAt: isStatus ? request.decidedAt : null,
    endedAt: isStatus ? request.endedAt : null,
    withheld: [
      ...(isStatus ? [] : (['status'] as const)),
      ...(isSubStatus ? [] : (['subStatus'] as const)),
      ...(isStatus ? [] : (['reason'] as const)),
      ...(scopes.has('share_attendance') ? [] : (['attendance'] as const)),
      ...(isOutcome ? [] : (['outcome'] as const))
    ]
  }
}

const none: ReadonlySet<ConsentScope> = new Set()

/** What the people of some requests allow the agencies that made these, at this moment; by request. */
export async function allowed(
  tx: Tx,
  requests: readonly ServiceRequest[]
): Promise<(request: ServiceRequest) => ReadonlySet<ConsentScope>> {
  const members = new Map<string, Set<string>>()
  for (const { organisationId, membershipId } of requests)
    if (membershipId !== null)
      members.set(organisationId, (members.get(organisationId) ?? new Set<string>()).add(membershipId))
  const given = new Map<string, Map<string, Set<ConsentScope>>>()
  for (const [organisationId, ids] of members)
    given.set(organisationId, await scopesGiven(tx, { organisationId, membershipIds: [...ids] }))
  return ({ organisationId, membershipId }) =>
    membershipId === null ? none : (given.get(organisationId)?.get(membershipId) ?? none)
}

/** How requests are to be shown to the caller: to an agency by what it is allowed, to the others whole. */
export async function seeing(tx: Tx, requests: readonly ServiceRequest[]): Promise<(request: ServiceRequest) => Seen> {
  if (!tx.actor.agency) return all
  const scopesOf = await allowed(tx, requests)
  return (request) => seenByAgency(request, scopesOf(request))
}
