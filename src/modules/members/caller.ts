import type { Database } from '../../db/client.ts'
import type { MembershipStatus, Role } from '../../shared/actor.ts'

/** What http asks about who calls; the same shape as there, which may not be imported here. */
export type Caller = {
  sessionAlive: boolean
  operator: boolean
  timebank: { id: string; slug: string } | null
  membership: { id: string; number: number; status: MembershipStatus; roles: Role[]; accountId: number } | null
}

type CallerRow = {
  session_alive: boolean
  operator: boolean
  timebank_id: string | null
  slug: string | null
  membership_id: string | null
  number: number
  status: MembershipStatus
  roles: Role[]
  account_id: number
}

const stranger: Caller = { sessionAlive: false, operator: false, timebank: null, membership: null }

/** Who calls, read from the database each time: session, operator, timebank and membership in one round trip. */
export async function callerOf(
  database: Database,
  bearer: { personId: string; sessionId: string },
  timebankRef: string | null
): Promise<Caller> {
  const { rows } = await database.pool.query<CallerRow>({
    name: 'members.caller',
    text: 'SELECT * FROM members.caller($1, $2, $3)',
    values: [bearer.personId, bearer.sessionId, timebankRef]
  })
  const [row] = rows
  if (!row) return stranger
  return {
    sessionAlive: row.session_alive,
    operator: row.operator,
    timebank: row.timebank_id === null ? null : { id: row.timebank_id, slug: row.slug! },
    membership:
      row.membership_id === null
        ? null
        : { id: row.membership_id, number: row.number, status: row.status, roles: row.roles, accountId: row.account_id }
  }
}

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
