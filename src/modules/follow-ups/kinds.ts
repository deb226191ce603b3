/** Why a broker is to look after something. */
export const followUpKinds = [
  'unanswered_request',
  'unanswered_message',
  'expiring_offer',
  'expiring_request',
  'new_member',
  'floor_crossed',
  'ceiling_crossed',
  'unconfirmed_exchange',
  'disputed_exchange',
  'queried_exchange',
  'awaiting_approval',
  'inactive_member',
  'reported_conversation',
  'uncontacted_referral',
  'undecided_service_request',
  'service_request_on_hold',
  'service_request_without_help'
] as const
export type FollowUpKind = (typeof followUpKinds)[number]

/** What came of it, as a broker notes it. */
export const outcomeNames = [
  'contacted',
  'not_reached',
  'helper_found',
  'date_moved',
  'let_end',
  'reminded',
  'decided',
  'agreed_to_give',
  'agreed_to_ask',
  'limit_changed',
  'grant_made',
  'will_stay',
  'has_left',
  'nothing_needed'
] as const
export type OutcomeName = (typeof outcomeNames)[number]

/** What is noted by nobody: the cause has gone. */
export const settledItself = 'settled_itself'

/** Outcomes that say that somebody has spoken with the member. */
export const spokenWith = ['contacted', 'agreed_to_give', 'agreed_to_ask', 'helper_found', 'will_stay'] as const

/** What a follow-up may be about. */
export const subjectTypes = [
  'request',
  'offer',
  'conversation',
  'conversation_report',
  'member',
  'transfer',
  'exchange',
  'service_request'
] as const

type KindOf = {
  /** what `subjectId` is the id of */
  subject: (typeof subjectTypes)[number]
  outcomes: readonly OutcomeName[]
  /**
   * Cheap to look for and worth seeing at once: brought up to date whenever somebody looks at the queue, and not only by the
   * hourly job.
   */
  prompt?: true
  /** Not for the member's own broker, who may be one of those whom it is about. */
  toNobody?: true
}

const crossing = {
  subject: 'transfer',
  outcomes: ['contacted', 'agreed_to_give', 'agreed_to_ask', 'limit_changed', 'grant_made', 'nothing_needed'],
  prompt: true
} as const satisfies KindOf
/** Nothing of them tells what a person has said. */
const asked = ['contacted', 'decided', 'not_reached', 'nothing_needed'] as const
const expiring = ['contacted', 'date_moved', 'let_end', 'not_reached', 'nothing_needed'] as const

export const kinds = {
  unanswered_request: {
    subject: 'request',
    outcomes: ['contacted', 'helper_found', 'let_end', 'not_reached', 'nothing_needed']
  },
  unanswered_message: {
    subject: 'conversation',
    outcomes: ['contacted', 'reminded', 'not_reached', 'nothing_needed']
  },
  expiring_offer: { subject: 'offer', outcomes: expiring },
  expiring_request: { subject: 'request', outcomes: expiring },
  new_member: { subject: 'member', outcomes: ['contacted', 'not_reached', 'nothing_needed'] },
  floor_crossed: crossing,
  ceiling_crossed: crossing,
  unconfirmed_exchange: {
    subject: 'exchange',
    outcomes: ['contacted', 'reminded', 'decided', 'not_reached', 'nothing_needed']
  },
  disputed_exchange: { subject: 'exchange', outcomes: ['contacted', 'decided', 'nothing_needed'], prompt: true },
  queried_exchange: { subject: 'exchange', outcomes: ['contacted', 'decided', 'nothing_needed'], prompt: true },
  awaiting_approval: { subject: 'exchange', outcomes: ['contacted', 'decided', 'nothing_needed'], prompt: true },
  inactive_member: {
    subject: 'member',
    outcomes: ['contacted', 'will_stay', 'has_left', 'not_reached', 'nothing_needed']
  },
  reported_conversation: {
    subject: 'conversation_report',
    outcomes: ['contacted', 'decided', 'nothing_needed'],
    prompt: true,
    toNobody: true
  },
  uncontacted_referral: { subject: 'service_request', outcomes: asked },
  undecided_service_request: { subject: 'service_request', outcomes: asked },
  service_request_on_hold: { subject: 'service_request', outcomes: asked },
  service_request_without_help: {
    subject: 'service_request',
    outcomes: ['contacted', 'helper_found', 'decided', 'not_reached', 'nothing_needed']
  }
} as const satisfies Record<FollowUpKind, KindOf>

export const promptKinds: readonly FollowUpKind[] = followUpKinds.filter((kind) => 'prompt' in kinds[kind])

/** Kinds about a soft limit, and which. */
export const crossedLimit = (kind: FollowUpKind): 'floor' | 'ceiling' | null =>
  kind === 'floor_crossed' ? 'floor' : kind === 'ceiling_crossed' ? 'ceiling' : null

/** Which one: the `round`-th about this subject. */
export type FollowUpRef = { kind: FollowUpKind; subjectId: string; round: number }

/** `floor_crossed.<uuid>`; the second about the same subject ends in `.2`. */
export const idOf = ({ kind, subjectId, round }: FollowUpRef): string =>
  `${kind}.${subjectId}${round === 1 ? '' : `.${round}`}`
