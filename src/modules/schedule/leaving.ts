import { and, eq, inArray, or } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { exchangesOfSql } from '../exchanges/index.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { closeArrangement } from './arrangements.ts'
import { giveUpPlaces } from './registrations.ts'
import { removeSlotsOf } from './slots.ts'
import { arrangements, feeds, sessions } from './tables.ts'

const sideOfThem = (tx: Tx, membershipId: string) =>
  and(
    eq(arrangements.timebankId, tx.timebankId),
    or(eq(arrangements.providerId, membershipId), eq(arrangements.receiverId, membershipId))
  )

/** When a member leaves: their arrangements end, the groups that they lead too; they give up their places and their calendar. */
export async function endScheduleOf(tx: Tx, membershipId: string): Promise<void> {
  const open = await tx.db
    .select()
    .from(arrangements)
    .where(and(sideOfThem(tx, membershipId), inArray(arrangements.status, ['proposed', 'awaiting_approval', 'active'])))
    .orderBy(arrangements.id)
    .for('update')
  const day = today(tx, (await currentPolicy(tx)).rules)
  for (const arrangement of open)
    await closeArrangement(tx, { arrangement, today: day }, 'One of the sides has left.', true)
  await giveUpPlaces(tx, membershipId)
  await tx.db.delete(feeds).where(and(eq(feeds.timebankId, tx.timebankId), eq(feeds.memberId, membershipId)))
  await removeSlotsOf(tx, membershipId)
}

/** When a member is erased: nothing is left of what was written about meeting them. When they met stays. */
export async function blankScheduleOf(tx: Tx, membershipId: string): Promise<void> {
  const blank = { place: null, onlineLink: null, reason: null }
  const theirs = tx.db.select({ id: arrangements.id }).from(arrangements).where(sideOfThem(tx, membershipId))
  await tx.db
    .update(sessions)
    .set(blank)
    .where(and(eq(sessions.timebankId, tx.timebankId), inArray(sessions.arrangementId, theirs)))
  await tx.db
    .update(arrangements)
    .set({ ...blank, title: '', description: '' })
    .where(sideOfThem(tx, membershipId))
  await tx.client.query({
    name: 'schedule.blank_appointments',
    text: `UPDATE schedule.appointments p SET place = NULL, online_link = NULL
            WHERE p.timebank_id = $1 AND p.exchange_id IN (${exchangesOfSql('$1', '$2')})`,
    values: [tx.timebankId, membershipId]
  })
}
