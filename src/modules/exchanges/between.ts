import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

/**
 * Columns of a statement of a higher module: two who might begin an exchange, the second a member or an organisation. `id` is a
 * uuid v7 made when they might from then on: exchanges begun later have larger ones, so that earlier ones need not be read.
 */
type Two = Record<'timebankId' | 'id' | 'askerId' | 'askedId' | 'askedOrganisationId', PgColumn>

/** SQL of a scalar: when the two began their first exchange after a time, in either direction; null: they have not. */
export function beganBetween({ timebankId, id, askerId, askedId, askedOrganisationId }: Two): SQL<Date | null> {
  const first = (mine: 'provider' | 'receiver', theirs: 'provider' | 'receiver') => sql`
    (SELECT x.created_at FROM exchanges.exchanges x
      WHERE x.timebank_id = ${timebankId} AND x.${sql.raw(mine)}_id = ${askerId} AND x.id > ${id}
        AND (x.${sql.raw(theirs)}_id = ${askedId} OR x.${sql.raw(theirs)}_organisation_id = ${askedOrganisationId})
      ORDER BY x.id LIMIT 1)`
  return sql<Date | null>`(SELECT min(created_at) FROM (${first('provider', 'receiver')} UNION ALL ${first('receiver', 'provider')}) began)`
}

/** SQL of a condition: the exchange stands settled, neither disputed nor reversed since. */
export const standsSettled = (timebankId: PgColumn, exchangeId: PgColumn): SQL =>
  sql`EXISTS (SELECT FROM exchanges.exchanges x WHERE x.timebank_id = ${timebankId} AND x.id = ${exchangeId} AND x.status = 'settled')`
