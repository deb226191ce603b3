import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

/** Columns of a statement of a higher module: two who might begin an exchange, the second a member or an organisation. */
type Two = Record<'timebankId' | 'askerId' | 'askedId' | 'askedOrganisationId' | 'startedAt', PgColumn>

/** SQL of a scalar: when the two began their first exchange after a time, in either direction; null: they have not. */
export function beganBetween({ timebankId, askerId, askedId, askedOrganisationId, startedAt }: Two): SQL<Date | null> {
  const side = (mine: 'provider' | 'receiver', theirs: 'provider' | 'receiver') => sql`
    SELECT x.created_at FROM exchanges.exchanges x
     WHERE x.timebank_id = ${timebankId} AND x.${sql.raw(mine)}_id = ${askerId} AND x.created_at > ${startedAt}
       AND (x.${sql.raw(theirs)}_id = ${askedId} OR x.${sql.raw(theirs)}_organisation_id = ${askedOrganisationId})`
  return sql<Date | null>`(SELECT min(created_at) FROM (${side('provider', 'receiver')} UNION ALL ${side('receiver', 'provider')}) began)`
}

/** SQL of a condition: the exchange stands settled, neither disputed nor reversed since. */
export const standsSettled = (timebankId: PgColumn, exchangeId: PgColumn): SQL =>
  sql`EXISTS (SELECT FROM exchanges.exchanges x WHERE x.timebank_id = ${timebankId} AND x.id = ${exchangeId} AND x.status = 'settled')`
