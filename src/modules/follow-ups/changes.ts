import { and, eq, isNotNull, or, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { addDays } from '../../shared/clock.ts'
import { DomainError, refuseFaults } from '../../shared/errors.ts'
import { audit } from '../audit/index.ts'
import { closeCrossings } from '../ledger/index.ts'
import { findMembership, getMembership, organisationsActedFor } from '../members/index.ts'
import { type FollowUp, getFollowUp, lockFollowUp, todayHere } from './follow-ups.ts'
import { crossedLimit, type FollowUpRef, idOf, kinds, type OutcomeName, promptKinds } from './kinds.ts'
import { look } from './look.ts'
import { items } from './tables.ts'

/** No longer than a year: what is put off for ever is closed instead. */
const snoozedAtMostDays = 366

/** Names who looks after it: an active broker or admin; null: nobody in particular. */
export async function assignFollowUp(tx: Tx, ref: FollowUpRef, assigneeId: string | null): Promise<FollowUp> {
  const before = await lockOpen(tx, ref)
  if (assigneeId !== null) {
    const assignee = await findMembership(tx, assigneeId)
    if (assignee?.status !== 'active' || !assignee.roles.some((role) => role === 'broker' || role === 'admin'))
      refuseFaults([{ pointer: '/memberId', detail: 'memberId: is not an active broker or admin of this timebank.' }])
  }
  if (before.assigneeId === assigneeId) return before
  await change(tx, before, { assigneeId })
  await note(tx, before, 'assigned', { assigneeId: [before.assigneeId, assigneeId] })
  return getFollowUp(tx, ref)
}

/** Puts it off until a day in the timebank's zone, on which it is back in the queue; null: it is back now. */
export async function snoozeFollowUp(tx: Tx, ref: FollowUpRef, until: string | null): Promise<FollowUp> {
  const before = await lockOpen(tx, ref)
  const day = await todayHere(tx)
  if (until !== null && (until <= day || until > addDays(day, snoozedAtMostDays)))
    refuseFaults([
      { pointer: '/until', detail: `until: must be after ${day} and not after ${addDays(day, snoozedAtMostDays)}.` }
    ])
  if (before.snoozedUntil === until) return before
  await change(tx, before, { snoozedUntil: until })
  await note(tx, before, 'snoozed', { snoozedUntil: [before.snoozedUntil, until] })
  return getFollowUp(tx, ref)
}

/**
 * A broker notes what came of it, and it is closed; of a crossed limit with all crossings of it since it was opened. Not for
 * what is about oneself, or about an organisation for which one acts.
 */
export async function closeFollowUp(
  tx: Tx,
  ref: FollowUpRef,
  said: { outcome: OutcomeName; note: string | null }
): Promise<FollowUp> {
  const allowed: readonly OutcomeName[] = kinds[ref.kind].outcomes
  if (!allowed.includes(said.outcome))
    refuseFaults([{ pointer: '/outcome', detail: `outcome: of ${ref.kind} it is one of ${allowed.join(', ')}.` }])
  // what nobody has listed yet may be known by what it is about
  if (promptKinds.includes(ref.kind)) await look(tx, [ref.kind])
  const before = await lockOpen(tx, ref)
  await refuseOwn(tx, before)
  const which = crossedLimit(ref.kind)
  const tally = which && (await closeCrossings(tx, before.accountId!, which))
  await change(tx, before, {
    closedAt: tx.now,
    ...said,
    notedBy: tx.actor.membershipId,
    // a Date would lose the microseconds
    ...(tally && { crossings: tally.times, latestAt: sql`${tally.latestAt}::timestamptz` })
  })
  await note(tx, before, 'closed', {
    outcome: said.outcome,
    ...(tally && { account: before.accountId, crossings: tally.times }),
    ...(said.note ? { fields: ['note'] } : {})
  })
  return getFollowUp(tx, ref)
}

/** When a member is erased: nothing is left of what was written about them. What came of it stays. */
export async function blankFollowUpsOf(tx: Tx, membershipId: string): Promise<void> {
  const { accountId } = await getMembership(tx, membershipId)
  await tx.db
    .update(items)
    .set({ note: null })
    .where(
      and(
        eq(items.timebankId, tx.timebankId),
        or(
          eq(items.memberId, membershipId),
          eq(items.otherMemberId, membershipId),
          and(eq(items.accountId, accountId), isNotNull(items.accountId))
        ),
        isNotNull(items.note)
      )
    )
}

async function lockOpen(tx: Tx, ref: FollowUpRef): Promise<FollowUp> {
  const found = await lockFollowUp(tx, ref)
  if (found.state === 'closed') throw new DomainError('wrong-state', 'What came of it has been noted already.')
  return found
}

async function change(tx: Tx, { kind, subjectId, round }: FollowUp, set: Record<string, unknown>): Promise<void> {
  await tx.db
    .update(items)
    .set(set)
    .where(
      and(
        eq(items.timebankId, tx.timebankId),
        eq(items.kind, kind),
        eq(items.subjectId, subjectId),
        eq(items.round, round)
      )
    )
}

const note = (tx: Tx, followUp: FollowUp, step: string, changes: Record<string, unknown>): Promise<void> =>
  audit(tx, {
    action: `follow-up.${step}`,
    subject: { type: 'follow-up', id: idOf(followUp) },
    onBehalfOf: step === 'closed' ? followUp.memberId : null,
    changes
  })

/** Nobody says of themselves that nothing is needed. */
async function refuseOwn(tx: Tx, followUp: FollowUp): Promise<void> {
  const me = tx.actor.membershipId
  if (me === null) return
  const organisations = [followUp.organisationId, followUp.otherOrganisationId].filter((id) => id !== null)
  const acted = organisations.length > 0 ? await organisationsActedFor(tx, me, await todayHere(tx)) : []
  const own = [followUp.memberId, followUp.otherMemberId].includes(me) || organisations.some((id) => acted.includes(id))
  if (own) throw new DomainError('forbidden', 'Somebody else of the staff has to do this: it is about you.')
}
