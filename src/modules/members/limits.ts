import type { Tx } from '../../db/client.ts'
import type { Limits } from '../ledger/index.ts'
import { followLimits } from '../ledger/index.ts'
import type { Policy } from '../timebanks/index.ts'

/** How far an account may go by the timebank's policy. */
export const limitsFor = (policy: Policy, kind: 'member' | 'organisation'): Limits =>
  kind === 'member'
    ? {
        floorSoft: policy.memberFloorSoft,
        floorHard: policy.memberFloorHard,
        ceilingSoft: policy.memberCeilingSoft,
        ceilingHard: policy.memberCeilingHard
      }
    : {
        floorSoft: policy.organisationFloorSoft,
        floorHard: policy.organisationFloorHard,
        ceilingSoft: null,
        ceilingHard: null
      }

/** Open accounts follow a new policy, but those whose limits were set by hand. In the transaction that changes the policy. */
export async function applyPolicyLimits(tx: Tx, before: Policy, after: Policy, why: string): Promise<void> {
  for (const kind of ['member', 'organisation'] as const) {
    const [old, limits] = [limitsFor(before, kind), limitsFor(after, kind)]
    if (JSON.stringify(old) !== JSON.stringify(limits)) await followLimits(tx, kind, old, limits, why)
  }
}
