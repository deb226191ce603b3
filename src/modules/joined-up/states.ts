import type { JoinedUpKind, JoinedUpState } from '../../shared/joined-up.ts'
import type { Open } from './open.ts'

const byStatus: Record<JoinedUpKind, Record<string, JoinedUpState>> = {
  service_request: { requested: 'with_broker', accepted: 'agreed', in_progress: 'under_way', on_hold: 'on_hold' },
  exchange: {
    proposed: 'proposed',
    agreed: 'agreed',
    awaiting_risk: 'with_broker',
    awaiting_vetting: 'with_broker',
    awaiting_guardian: 'with_broker',
    ready: 'agreed',
    reported: 'to_confirm',
    disputed: 'unclear'
  },
  arrangement: { proposed: 'proposed', awaiting_approval: 'with_broker', active: 'under_way' },
  budget: { proposed: 'proposed', agreed: 'agreed', active: 'under_way' }
}

export const stateOf = ({ kind, status, asked }: Pick<Open, 'kind' | 'status' | 'asked'>): JoinedUpState =>
  kind === 'service_request' && asked ? 'asked' : byStatus[kind][status]!

/** What to look at, on the page of a person. */
export const attentions = ['answer_wanted', 'overlap', 'many_people'] as const
