import { dateOf, type Given, select } from './cause.ts'

/** Days from when it began to wait. */
const days = { firstContact: { urgent: 1, routine: 3 }, decision: 3, onHold: 28, withoutHelp: 28, left: 2 } as const

const byPriority = `CASE r.priority WHEN 'urgent' THEN ${days.firstContact.urgent} ELSE ${days.firstContact.routine} END`
const now = (given: Given): string => `${given.value(given.now)}::timestamptz`
const passed = (given: Given, since: string, count: string | number): string =>
  `${since} <= ${now(given)} - (${count}) * interval '24 hours'`

type About = { since: string; step: string; after: string | number; where: string }

const about = (given: Given, { since, step, after, where }: About): string =>
  select(
    {
      subject_id: 'r.id',
      member_id: 'r.membership_id',
      organisation_id: 'r.organisation_id',
      since,
      due_on: `${dateOf(given, since)} + ${after} + ${days.left}`,
      step: `'${step}'`
    },
    `FROM service_requests.requests r WHERE r.timebank_id = $1 AND ${where} AND ${passed(given, since, after)}`
  )

/**
 * Nobody has tried yet to speak with the person. What is on its way to its end is in it as long as it would be otherwise: that
 * it is would tell.
 */
export const uncontacted = (given: Given): string =>
  about(given, {
    since: 'r.created_at',
    step: 'contact_person',
    after: byPriority,
    where: "r.status = 'requested' AND r.kind = 'referral' AND r.sub_status = 'awaiting_contact'"
  })

/** The agency's own need, or a referral to which the person has said yes, waits for the broker. */
export const undecided = (given: Given): string =>
  about(given, {
    since: 'coalesce(r.consented_at, r.created_at)',
    step: 'decide_service_request',
    after: days.decision,
    where: "r.status = 'requested' AND r.sub_status = 'awaiting_decision'"
  })

export const onHold = (given: Given): string =>
  about(given, { since: 'r.status_at', step: 'go_on_or_end', after: days.onHold, where: "r.status = 'on_hold'" })

/** Taken up, and for long no exchange for it, by its listing or its meetings, has begun or taken place. */
export const withoutHelp = (given: Given): string => {
  const since = `greatest(r.status_at, (
    SELECT max(greatest(x.created_at, x.reported_at, x.settled_at)) FROM exchanges.exchanges x
     WHERE x.timebank_id = $1 AND x.status NOT IN ('declined', 'cancelled')
       AND (x.request_id = r.listing_id OR x.id IN (
             SELECT s.exchange_id FROM service_requests.meetings m
               JOIN schedule.sessions s ON s.timebank_id = $1 AND s.arrangement_id = m.arrangement_id
              WHERE m.timebank_id = $1 AND m.service_request_id = r.id))))`
  return about(given, {
    since,
    step: 'look_for_help_again',
    after: days.withoutHelp,
    where: "r.status IN ('accepted', 'in_progress')"
  })
}
