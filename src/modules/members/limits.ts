import type { Limits } from '../ledger/index.ts'
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
