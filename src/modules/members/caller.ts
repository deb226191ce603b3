import { sharing } from '../../db/batch.ts'
import type { Database } from '../../db/client.ts'
import type { MembershipStatus, Role } from '../../shared/actor.ts'
import { isUuid } from '../../shared/ids.ts'

/** What http asks about who calls; the same shape as there, which may not be imported here. */
export type Caller = {
  sessionAlive: boolean
  operator: boolean
  /** `policyVersion`: of the policy in force; null where the caller is no member */
  timebank: { id: string; slug: string; policyVersion: number | null } | null
  membership: { id: string; number: number; status: MembershipStatus; roles: Role[]; accountId: number } | null
}

type CallerRow = {
  session_alive: boolean
  operator: boolean
  timebank_id: string | null
  slug: string | null
  policy_version: number | null
  membership_id: string | null
  number: number
  status: MembershipStatus
  roles: Role[]
  account_id: number
}

type Asked = { personId: string; sessionId: string; timebankRef: string | null }

/** No timebank has another name, and a look-up that others share must not fail for what one of them sent. */
const nameable = /^[a-z][a-z0-9-]{2,49}$/

/**
 * Who calls, read from the database each time: session, operator, timebank, membership and the number of the policy in
 * force. Requests that come while another's statement is under way share the next one.
 */
export function callerLookup(
  database: Database
): (bearer: { personId: string; sessionId: string }, timebankRef: string | null) => Promise<Caller> {
  const look = sharing(async (asked: readonly Asked[]) => {
    const [result] = await database.lanes.run([
      {
        name: 'members.callers',
        text: 'SELECT * FROM members.callers($1, $2, $3, $4)',
        values: [
          asked.map(({ personId }) => personId),
          asked.map(({ sessionId }) => sessionId),
          asked.map(({ timebankRef }) => (timebankRef !== null && isUuid(timebankRef) ? timebankRef : null)),
          asked.map(({ timebankRef }) => (timebankRef !== null && nameable.test(timebankRef) ? timebankRef : null))
        ]
      }
    ])
    return ((result?.rows ?? []) as CallerRow[]).map(toCaller)
  })
  return async ({ personId, sessionId }, timebankRef) => look({ personId, sessionId, timebankRef })
}

const toCaller = (row: CallerRow): Caller => ({
  sessionAlive: row.session_alive,
  operator: row.operator,
  timebank:
    row.timebank_id === null ? null : { id: row.timebank_id, slug: row.slug!, policyVersion: row.policy_version },
  membership:
    row.membership_id === null
      ? null
      : { id: row.membership_id, number: row.number, status: row.status, roles: row.roles, accountId: row.account_id }
})

export type OwnMembership = {
  timebankId: string
  slug: string
  timebankName: string
  membershipId: string
  number: number
  status: MembershipStatus
  roles: Role[]
}

/** Where a person is a member, over all timebanks. */
export async function membershipsOf(database: Database, personId: string): Promise<OwnMembership[]> {
  const { rows } = await database.pool.query<{
    timebank_id: string
    slug: string
    timebank_name: string
    membership_id: string
    number: number
    status: MembershipStatus
    roles: Role[]
  }>({ name: 'members.memberships_of', text: 'SELECT * FROM members.memberships_of($1)', values: [personId] })
  return rows.map((row) => ({
    timebankId: row.timebank_id,
    slug: row.slug,
    timebankName: row.timebank_name,
    membershipId: row.membership_id,
    number: row.number,
    status: row.status,
    roles: row.roles
  }))
}
