import { and, eq, inArray, or } from 'drizzle-orm'
import { actAs, type Tx } from '../../db/client.ts'
import { systemActor } from '../../shared/actor.ts'
import { audit } from '../audit/index.ts'
import { proposalsFrom } from './supports.ts'
import { supports } from './tables.ts'
import { tell } from './telling.ts'

type Closed = { id: string; membershipId: string; supporterId: string; was: string }

const returned = 'd.id, d.membership_id AS "membershipId", d.supporter_id AS "supporterId", d.was'

/** What has run out is marked as expired, a batch at a time; gives how many. Until then it counts no more all the same. */
export async function expireDue(tx: Tx, limit = 200): Promise<number> {
  const { rows } = await tx.client.query<Closed>({
    name: 'supporters.expire',
    text: `WITH d AS (
             SELECT s.timebank_id, s.id, s.membership_id, s.supporter_id, s.status AS was
               FROM supporters.supports s
              WHERE s.timebank_id = $1 AND s.status IN ('proposed', 'active')
                AND (s.expires_at <= $2 OR s.status = 'proposed' AND s.proposed_at <= $3)
              ORDER BY s.id LIMIT $4 FOR NO KEY UPDATE
           )
           UPDATE supporters.supports s SET status = 'expired', closed_at = $2, row_version = s.row_version + 1
             FROM d WHERE s.timebank_id = d.timebank_id AND s.id = d.id
           RETURNING ${returned}`,
    values: [tx.timebankId, tx.now, proposalsFrom(tx), limit]
  })
  await noteExpired(tx, rows)
  return rows.length
}

/** The same between two people, before something new is proposed between them. */
export async function closeOverdue(tx: Tx, of: { membershipId: string; supporterId: string }): Promise<void> {
  const { rows } = await tx.client.query<Closed>({
    name: 'supporters.close_overdue',
    text: `UPDATE supporters.supports s SET status = 'expired', closed_at = $4, row_version = s.row_version + 1
             FROM supporters.supports d
            WHERE s.timebank_id = $1 AND s.membership_id = $2 AND s.supporter_id = $3 AND s.status IN ('proposed', 'active')
              AND (s.expires_at <= $4 OR s.status = 'proposed' AND s.proposed_at <= $5)
              AND d.timebank_id = s.timebank_id AND d.id = s.id
           RETURNING ${returned.replace('d.was', 'd.status AS was')}`,
    values: [tx.timebankId, of.membershipId, of.supporterId, tx.now, proposalsFrom(tx)]
  })
  await noteExpired(tx, rows)
}

/** As of the service itself: nobody has done it. */
async function noteExpired(tx: Tx, closed: readonly Closed[]): Promise<void> {
  const service = actAs(tx, systemActor, tx.now)
  for (const support of closed) {
    await audit(service, {
      action: 'support.expired',
      subject: { type: 'support', id: support.id },
      changes: { status: [support.was, 'expired'] }
    })
    await tell(service, support, {
      member: 'support.expired',
      ...(support.was === 'active' ? { supporter: 'support.expired' } : {})
    })
  }
}

const ofEither = (tx: Tx, membershipId: string) =>
  and(
    eq(supports.timebankId, tx.timebankId),
    or(eq(supports.membershipId, membershipId), eq(supports.supporterId, membershipId))
  )

/** When a member leaves: nobody supports them any more, nor do they. */
export async function endSupportsOf(tx: Tx, membershipId: string): Promise<void> {
  const open = and(ofEither(tx, membershipId), inArray(supports.status, ['proposed', 'active']))
  const theirs = await tx.db.select().from(supports).where(open).orderBy(supports.id).for('no key update')
  if (theirs.length === 0) return
  await tx.db.update(supports).set({ status: 'ended', closedAt: tx.now }).where(open)
  await audit(
    tx,
    ...theirs.map((support) => ({
      action: 'support.ended',
      subject: { type: 'support', id: support.id },
      onBehalfOf: membershipId,
      changes: { status: [support.status, 'ended'] }
    }))
  )
  for (const support of theirs)
    await tell(
      tx,
      support,
      support.membershipId === membershipId ? { supporter: 'support.ended' } : { member: 'support.ended' }
    )
}

/** When a member is erased, nothing is left of who stood by whom. What was done in their name is in the audit. */
export async function forgetSupportsOf(tx: Tx, membershipId: string): Promise<void> {
  await tx.db.delete(supports).where(ofEither(tx, membershipId))
}
