import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { isStaff } from '../../shared/actor.ts'
import { accountLabels } from '../members/index.ts'
import type { FollowUp } from './follow-ups.ts'
import type { followUpSchema } from './schemas.ts'

type FollowUpView = z.output<typeof followUpSchema>

/** Follow-ups with whose accounts they are about, in one look-up for any number of them. */
export async function viewsOf(tx: Tx, followUps: readonly FollowUp[]): Promise<FollowUpView[]> {
  const labels = await accountLabels(
    tx,
    followUps.map(({ account }) => account)
  )
  return followUps.map((x) => {
    const { floorSoft, ceilingSoft } = x.now.limits
    const limit = x.kind === 'floor_crossed' ? floorSoft : ceilingSoft
    const { balance, available } = x.now
    return {
      id: `${x.kind}.${x.subjectId}`,
      kind: x.kind,
      state: x.closed === null ? 'open' : 'closed',
      openedAt: x.openedAt,
      account: x.account,
      owner: labels.get(x.account) ?? { kind: 'unknown', number: null, name: null },
      limitMinutes: x.limit,
      balanceMinutes: x.balance,
      crossings: x.crossings,
      latestAt: x.latestAt,
      transfer: x.subjectId,
      now: {
        balanceMinutes: balance,
        availableMinutes: available,
        limitMinutes: limit,
        outside: limit !== null && (x.kind === 'floor_crossed' ? balance < limit : balance > limit)
      },
      outcome: x.closed?.outcome ?? null,
      note: isStaff(tx.actor) ? (x.closed?.note ?? null) : null,
      notedBy: x.closed?.notedBy ?? null,
      notedAt: x.closed?.notedAt ?? null
    }
  })
}

export async function viewOf(tx: Tx, followUp: FollowUp): Promise<FollowUpView> {
  const [view] = await viewsOf(tx, [followUp])
  return view!
}
