/** What a member may choose for by itself. */
export const noticeTopics = ['exchanges', 'listings', 'matches', 'messages', 'sessions', 'circles', 'thanks'] as const
export type NoticeTopic = (typeof noticeTopics)[number]

/**
 * Everything that the service tells members of by itself, as `subject.verb`, with the topic under which a member chooses how to
 * be told. A kind is told in words by the catalogue of each language (`words/`).
 */
export const noticeKinds = {
  'exchange.proposed': 'exchanges',
  'exchange.agreed': 'exchanges',
  'exchange.approved': 'exchanges',
  'exchange.declined': 'exchanges',
  'exchange.cancelled': 'exchanges',
  'exchange.reported': 'exchanges',
  'exchange.confirmed': 'exchanges',
  'exchange.auto-confirmed': 'exchanges',
  'exchange.recorded': 'exchanges',
  'exchange.settled': 'exchanges',
  'exchange.disputed': 'exchanges',
  'exchange.reversed': 'exchanges',
  'arrangement.proposed': 'sessions',
  'arrangement.begun': 'sessions',
  'arrangement.agreed': 'sessions',
  'arrangement.approved': 'sessions',
  'arrangement.declined': 'sessions',
  'arrangement.changed': 'sessions',
  'arrangement.cancelled': 'sessions',
  'arrangement.ended': 'sessions',
  'arrangement.registered': 'sessions',
  'arrangement.place-given': 'sessions',
  'session.changed': 'sessions',
  'session.skipped': 'sessions',
  'session.restored': 'sessions',
  'session.no-show': 'sessions',
  'session.reminder': 'sessions',
  'appointment.set': 'sessions',
  'appointment.removed': 'sessions',
  'appointment.reminder': 'sessions',
  'exchange.changed': 'exchanges',
  'exchange.accepted': 'exchanges',
  'exchange.kept': 'exchanges',
  'exchange.corrected': 'exchanges',
  'exchange.no-show': 'exchanges',
  'exchange.queried': 'exchanges',
  'exchange.answered': 'exchanges',
  'match.suggested': 'matches',
  'match.proposed': 'matches',
  'match.accepted': 'matches',
  'match.closed': 'matches',
  'offer.expiring': 'listings',
  'request.expiring': 'listings',
  'conversation.message': 'messages',
  'conversation.invited': 'messages',
  'conversation.broker-added': 'messages',
  'conversation.shown': 'messages',
  'conversation.report-closed': 'messages',
  'thanks.given': 'thanks',
  'circle.proposed': 'circles',
  'circle.going-ahead': 'circles',
  'circle.closed': 'circles'
} as const satisfies Record<string, NoticeTopic>

export type NoticeKind = keyof typeof noticeKinds
