import type { Tx } from '../../db/client.ts'
import { selected } from '../../db/rows.ts'
import { placesTakenSql } from './matches.ts'
import { actingFor, type SideName, speaksForEveryone, standingAmong } from './standing.ts'
import { matches } from './tables.ts'
import { type Match, open } from './writing.ts'

export type MatchFilter = {
  state: 'open' | 'all'
  requestId?: string | undefined
  offerId?: string | undefined
  exchangeId?: string | undefined
}

/** A match as the actor sees it: that somebody has said no, only they themselves see. */
export type SeenMatch = Match & { own: SideName | null }

export function asSeen(match: Match, own: SideName | null): SeenMatch {
  const asked = match.proposedBy === 'receiver' ? 'provider' : 'receiver'
  const hidden = match.status === 'declined' && own !== asked
  return { ...match, own, status: hidden ? (match.proposedBy === null ? 'suggested' : 'proposed') : match.status }
}

const isOpen = `x.status IN (${open.map((status) => `'${status}'`).join(', ')})`

/** Newest first, those before an id: one's own, and for staff all. One more than `limit` where there are more. */
export async function listMatches(
  tx: Tx,
  filter: MatchFilter,
  before: string | null,
  limit: number
): Promise<SeenMatch[]> {
  const acting = await actingFor(tx)
  const values: unknown[] = [tx.timebankId, limit + 1]
  const parameter = (value: unknown) => `$${values.push(value)}`
  const where = [
    'x.timebank_id = $1',
    ...(filter.requestId ? [`x.request_id = ${parameter(filter.requestId)}`] : []),
    ...(filter.offerId ? [`x.offer_id = ${parameter(filter.offerId)}`] : []),
    ...(filter.exchangeId ? [`x.exchange_id = ${parameter(filter.exchangeId)}`] : []),
    ...(before === null ? [] : [`x.id < ${parameter(before)}`])
  ]
  const branch = (...more: string[]) =>
    `(SELECT ${selected(matches, 'x')} FROM matching.matches x WHERE ${[...where, ...more].join(' AND ')} ORDER BY x.id DESC LIMIT $2)`
  const wanted = filter.state === 'open' ? [isOpen] : []
  // what one has said no to oneself is open no more
  const unlessDeclined = (asked: string) =>
    filter.state === 'open' ? [`NOT (x.status = 'declined' AND ${asked})`] : []
  const providing = ['x.proposed_by IS NOT NULL', ...wanted, ...unlessDeclined(`x.proposed_by = 'receiver'`)]
  const receiving = [...wanted, ...unlessDeclined(`x.proposed_by IS DISTINCT FROM 'receiver'`)]
  const branches: string[] = []
  if (speaksForEveryone(tx)) branches.push(branch(...wanted))
  else {
    const me = parameter(tx.actor.membershipId)
    branches.push(
      branch(`x.provider_id = ${me}`, 'x.provider_organisation_id IS NULL', ...providing),
      branch(`x.receiver_id = ${me}`, 'x.receiver_organisation_id IS NULL', ...receiving)
    )
    if (acting.length > 0) {
      const organisations = parameter(acting)
      branches.push(
        branch(`x.provider_organisation_id = ANY (${organisations})`, ...providing),
        branch(`x.receiver_organisation_id = ANY (${organisations})`, ...receiving)
      )
    }
  }
  const { rows } = await tx.client.query<Match>({
    text: `SELECT * FROM (${branches.join(' UNION ALL ')}) x ORDER BY id DESC LIMIT $2`,
    values
  })
  return rows.map((match) => asSeen(match, standingAmong(tx, match, acting).own))
}

export type WaitingRequest = {
  id: string
  title: string
  categoryId: string
  membershipId: string
  organisationId: string | null
  status: string
  openedAt: Date | null
  expiresOn: string | null
  helpersNeeded: number
  placesTaken: number
  asked: number
}

/** For brokers: requests that need more than have said yes, oldest first, after an id. */
export async function requestsWithoutHelp(tx: Tx, after: string | null, limit: number): Promise<WaitingRequest[]> {
  // those that have all they need are matched or further: of these only requests for several helpers may wait on
  const branch = (status: string, more: string) => `(
    SELECT r.* FROM listings.requests r
     WHERE r.timebank_id = $1 AND r.status = '${status}' AND r.id > $2 ${more} AND ${placesTakenSql('r.timebank_id', 'r.id')} < r.helpers_needed
     ORDER BY r.id LIMIT $3)`
  const several = 'AND r.helpers_needed > 1'
  const { rows } = await tx.client.query<WaitingRequest>({
    name: 'matching.requests_without_help',
    text: `SELECT r.id, r.title, r.category_id AS "categoryId", r.membership_id AS "membershipId", r.organisation_id AS "organisationId",
                  r.status, r.opened_at AS "openedAt", r.expires_on AS "expiresOn", r.helpers_needed AS "helpersNeeded",
                  ${placesTakenSql('r.timebank_id', 'r.id')}::integer AS "placesTaken",
                  (SELECT count(*)::integer FROM matching.matches x WHERE x.timebank_id = r.timebank_id AND x.request_id = r.id
                      AND x.proposed_by IS NOT NULL AND ${isOpen}) AS asked
             FROM (${branch('open', '')} UNION ALL ${branch('matched', several)} UNION ALL ${branch('in_progress', several)}) r
            ORDER BY r.id LIMIT $3`,
    values: [tx.timebankId, after ?? '00000000-0000-0000-0000-000000000000', limit + 1]
  })
  return rows
}
