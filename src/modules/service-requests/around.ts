import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { type ServiceRequest, titlesOf } from './service-requests.ts'
import { requests } from './tables.ts'

export type Around = Pick<
  ServiceRequest,
  | 'id'
  | 'status'
  | 'subStatus'
  | 'organisationId'
  | 'affiliationId'
  | 'professionalId'
  | 'categoryId'
  | 'priority'
  | 'createdAt'
  | 'consentedAt'
  | 'decidedAt'
  | 'firstOn'
  | 'rrule'
  | 'listingId'
> & {
  /** the agency's words: for the person, who may act for them, staff, and that agency */
  title: string
}

/**
 * Referrals about a person that have not come to an end, the oldest first: whoever asks. Who may see which, and what of it, is for
 * the caller to say; what waits for the person's yes (`consentedAt` null) is nobody's but theirs, the broker's and that agency's.
 * @public
 */
export async function openAround(tx: Tx, membershipId: string): Promise<Around[]> {
  const rows = await tx.db
    .select()
    .from(requests)
    .where(
      and(
        eq(requests.timebankId, tx.timebankId),
        eq(requests.membershipId, membershipId),
        inArray(requests.status, ['requested', 'accepted', 'in_progress', 'on_hold'])
      )
    )
    .orderBy(asc(requests.id))
  const titles = await titlesOf(
    tx,
    rows.map(({ id }) => id)
  )
  return rows.map((row) => ({ ...(row as ServiceRequest), title: titles.get(row.id) ?? '' }))
}
