import { sharing } from '../../db/batch.ts'
import type { Database } from '../../db/client.ts'
import type { AgencyScope } from '../../shared/agency-scopes.ts'

/** What http asks about a client that calls; the same shape as there, which may not be imported here. */
export type ClientCaller = {
  alive: boolean
  timebank: { id: string; slug: string; policyVersion: number | null }
  organisationId: string
  scopes: AgencyScope[]
  professional: { affiliationId: string; membershipId: string; personId: string } | null
  named: boolean
}

type Row = {
  alive: boolean | null
  timebank_id: string
  slug: string
  policy_version: number
  organisation_id: string
  scopes: AgencyScope[]
  named: boolean
  affiliation_id: string | null
  membership_id: string
  person_id: string
}

type Asked = { clientId: string; affiliationId: string | null }

/**
 * Which client calls, and for which professional, read from the database each time. Requests that come while another's
 * statement is under way share the next one.
 */
export function clientLookup(
  database: Database
): (client: { clientId: string }, affiliationId: string | null) => Promise<ClientCaller | null> {
  const look = sharing(async (asked: readonly Asked[]) => {
    const [result] = await database.lanes.run([
      {
        name: 'agencies.callers',
        text: 'SELECT * FROM agencies.callers($1, $2, $3)',
        values: [
          asked.map(({ clientId }) => clientId),
          asked.map(({ affiliationId }) => affiliationId),
          database.clock()
        ]
      }
    ])
    return ((result?.rows ?? []) as Row[]).map(toCaller)
  })
  return async ({ clientId }, affiliationId) => look({ clientId, affiliationId })
}

const toCaller = (row: Row): ClientCaller | null =>
  row.alive === null
    ? null
    : {
        alive: row.alive,
        timebank: { id: row.timebank_id, slug: row.slug, policyVersion: row.policy_version },
        organisationId: row.organisation_id,
        scopes: row.scopes,
        named: row.named,
        professional:
          row.affiliation_id === null
            ? null
            : { affiliationId: row.affiliation_id, membershipId: row.membership_id, personId: row.person_id }
      }
