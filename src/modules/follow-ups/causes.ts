import { openCrossingsSql } from '../ledger/index.ts'
import { dateOf, daysAgo, type Given, select } from './cause.ts'
import { reportedConversation, unansweredMessage } from './conversation-causes.ts'
import { awaitingApproval, disputed, queried, unconfirmed } from './exchange-causes.ts'
import { type FollowUpKind, spokenWith } from './kinds.ts'
import { firstReplyToRequest } from './replies.ts'
import { onHold, uncontacted, undecided, withoutHelp } from './service-request-causes.ts'

/** Days between a cause and the day by which somebody should have looked after it. */
const days = {
  expiringWithin: 7,
  unansweredLeft: 2,
  newFrom: 7,
  newDue: 30,
  newUntil: 90,
  crossingLeft: 14,
  inactiveLeft: 30
} as const

/**
 * SQL of what there is to look after at this moment, kind by kind: the only definition of each, from which follow-ups are
 * opened and by whose absence they close. Null: the policy does not want it.
 */
export const causes: Record<FollowUpKind, (given: Given) => Promise<string | null> | string | null> = {
  unanswered_request: (given) => {
    const after = given.rules.unansweredAfterDays
    if (after === 0) return null
    return select(
      {
        subject_id: 'r.id',
        member_id: 'r.membership_id',
        organisation_id: 'r.organisation_id',
        since: 'r.opened_at',
        due_on: `${dateOf(given, 'r.opened_at')} + ${after + days.unansweredLeft}`,
        step: "'find_helper'"
      },
      `FROM listings.requests r
        WHERE r.timebank_id = $1 AND r.status = 'open' AND r.opened_at <= ${daysAgo(given, after)} AND ${firstReplyToRequest} IS NULL`
    )
  },

  unanswered_message: unansweredMessage,
  reported_conversation: reportedConversation,

  expiring_offer: (given) => expiring(given, 'offers', "status = 'open'", 'renew_offer'),
  expiring_request: (given) => expiring(given, 'requests', "status IN ('open', 'matched')", 'renew_request'),

  new_member: (given) =>
    select(
      {
        subject_id: 'm.id',
        member_id: 'm.id',
        since: `m.joined_on::timestamp AT TIME ZONE ${given.value(given.rules.timeZone)}`,
        due_on: `m.joined_on + ${days.newDue}`,
        step: "'first_contact'"
      },
      `FROM members.memberships m
        WHERE ${activeMembers} AND m.joined_on BETWEEN ${given.value(given.today)}::date - ${days.newUntil} AND ${given.value(given.today)}::date - ${days.newFrom}
          AND NOT EXISTS (${exchangesOf('provider_id', "x.status = 'settled' AND x.performed_on >= m.joined_on")})
          AND NOT EXISTS (${exchangesOf('receiver_id', "x.status = 'settled' AND x.performed_on >= m.joined_on")})
          AND NOT EXISTS (
            SELECT FROM follow_ups.items i
             WHERE i.timebank_id = m.timebank_id AND i.member_id = m.id AND i.closed_at IS NOT NULL
               AND i.outcome IN (${spokenWith.map((outcome) => `'${outcome}'`).join(', ')})
               AND ${dateOf(given, 'i.closed_at')} >= m.joined_on)`
    ),

  floor_crossed: (given) => crossed(given, 'floor', 'talk_about_giving'),
  ceiling_crossed: (given) => crossed(given, 'ceiling', 'talk_about_asking'),

  unconfirmed_exchange: unconfirmed,
  disputed_exchange: disputed,
  queried_exchange: queried,
  awaiting_approval: awaitingApproval,

  uncontacted_referral: uncontacted,
  undecided_service_request: undecided,
  service_request_on_hold: onHold,
  service_request_without_help: withoutHelp,

  inactive_member: (given) => {
    const { inactiveReportDays: report, inactiveLeaveDays: leave } = given.rules
    const first = Math.min(...[report, leave].filter((limit) => limit > 0))
    if (first === Number.POSITIVE_INFINITY) return null
    const isLong = leave > 0 ? `l.since <= ${given.value(given.today)}::date - ${leave}` : 'false'
    return select(
      {
        subject_id: 'l.id',
        member_id: 'l.id',
        since: `l.since::timestamp AT TIME ZONE ${given.value(given.rules.timeZone)}`,
        due_on: `l.since + CASE WHEN ${isLong} THEN ${leave} ELSE ${first} END + ${days.inactiveLeft}`,
        step: `CASE WHEN ${isLong} THEN 'contact_then_leave' ELSE 'make_contact' END`
      },
      `FROM (
         -- what is reported and not yet confirmed is a sign of life too
         SELECT m.id, greatest(m.joined_on, e.latest) AS since
           FROM members.memberships m
           LEFT JOIN (
             SELECT s.member_id, max(x.performed_on) AS latest
               FROM exchanges.exchanges x
              CROSS JOIN LATERAL (VALUES (x.provider_id), (x.receiver_id)) s (member_id)
              WHERE x.timebank_id = $1 AND x.status IN ('settled', 'reported', 'disputed')
              GROUP BY s.member_id) e ON e.member_id = m.id
          WHERE ${activeMembers} AND m.joined_on <= ${given.value(given.today)}::date - ${first}) l
        WHERE l.since <= ${given.value(given.today)}::date - ${first}`
    )
  }
}

/** Staff know of themselves. */
const activeMembers = `m.timebank_id = $1 AND m.status = 'active' AND NOT m.roles && '{broker,admin}'::text[]`

const exchangesOf = (side: string, condition: string): string =>
  `SELECT FROM exchanges.exchanges x WHERE x.timebank_id = m.timebank_id AND x.${side} = m.id AND ${condition}`

const expiring = (given: Given, table: string, standing: string, step: string): string =>
  select(
    {
      subject_id: 'l.id',
      member_id: 'l.membership_id',
      organisation_id: 'l.organisation_id',
      since: `(l.expires_on - ${days.expiringWithin})::timestamp AT TIME ZONE ${given.value(given.rules.timeZone)}`,
      due_on: 'l.expires_on',
      step: `'${step}'`
    },
    `FROM listings.${table} l
      WHERE l.timebank_id = $1 AND l.${standing}
        AND l.expires_on BETWEEN ${given.value(given.today)}::date AND ${given.value(given.today)}::date + ${days.expiringWithin}`
  )

const crossed = (given: Given, which: 'floor' | 'ceiling', step: string): string =>
  select(
    {
      subject_id: 'c.transfer_id',
      member_id: 'SELECT m.id FROM members.memberships m WHERE m.timebank_id = $1 AND m.account_id = c.account_id',
      organisation_id:
        'SELECT o.id FROM members.organisations o WHERE o.timebank_id = $1 AND o.account_id = c.account_id',
      account_id: 'c.account_id',
      limit_minutes: 'c.limit_minutes',
      balance_minutes: 'c.balance',
      since: 'c.crossed_at',
      due_on: `${dateOf(given, 'c.crossed_at')} + ${days.crossingLeft}`,
      step: `'${step}'`
    },
    `FROM (${openCrossingsSql('$1', which)}) c`
  )
