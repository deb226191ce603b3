import { rules as standards } from '../timebanks/index.ts'
import { dateOf, daysAgo, type Given, select } from './cause.ts'

/** By when somebody should have looked after it, in days. */
const days = { confirmLeft: 7, heardLeft: 3, disputeLeft: 7, approvalLeft: 3 } as const

/** The sides of an exchange `x`: first the one to be spoken with. */
const sides = (first: 'provider' | 'receiver') => {
  const other = first === 'provider' ? 'receiver' : 'provider'
  return {
    member_id: `x.${first}_id`,
    organisation_id: `x.${first}_organisation_id`,
    other_member_id: `x.${other}_id`,
    other_organisation_id: `x.${other}_organisation_id`
  }
}

/** Several that were reported as one are decided as one: the first of them in this state stands for all. */
const oneOfGroup = `NOT EXISTS (
  SELECT FROM exchanges.exchanges g
   WHERE g.timebank_id = x.timebank_id AND g.group_id = x.group_id AND g.status = x.status AND g.group_position < x.group_position)`

/** The side whose answer is missing: the provider where the receiver reported, the receiver otherwise. */
const silentSide = () => {
  const asked = sides('receiver')
  const reporting = sides('provider')
  return Object.fromEntries(
    Object.keys(asked).map((name) => {
      const key = name as keyof typeof asked
      return [key, `CASE WHEN x.reported_by = 'receiver' THEN ${reporting[key]} ELSE ${asked[key]} END`]
    })
  )
}

/**
 * Reports that stand for some days, and at once those that the service never confirms by itself (`autoConfirm` of the exchanges):
 * by the policy of the exchange, for groups, for high risk, for minors and supported members, or because a broker has to approve.
 */
export function unconfirmed(given: Given): string | null {
  const after = given.rules.unconfirmedAfterDays
  if (after === 0) return null
  return select(
    {
      ...silentSide(),
      subject_id: 'x.id',
      since: 'x.reported_at',
      due_on: `${dateOf(given, 'x.reported_at')} + CASE WHEN w.heard THEN ${days.heardLeft} ELSE ${after + days.confirmLeft} END`,
      step: "CASE WHEN w.heard THEN 'confirm_in_person' ELSE 'remind_to_confirm' END"
    },
    `FROM exchanges.exchanges x
     LEFT JOIN timebanks.policies p ON p.timebank_id = x.timebank_id AND p.version = x.policy_version
     LEFT JOIN (${categoryRisks}) c ON c.id = x.category_id
     LEFT JOIN members.memberships a ON a.timebank_id = x.timebank_id AND a.id = x.provider_id
     LEFT JOIN members.memberships b ON b.timebank_id = x.timebank_id AND b.id = x.receiver_id
     CROSS JOIN LATERAL (SELECT ${neverBySilence(given)} AS heard) w
     WHERE x.timebank_id = $1 AND x.status = 'reported' AND ${oneOfGroup}
       -- where one has said that it was otherwise, nobody's answer is waited for
       AND NOT EXISTS (
         SELECT FROM exchanges.groups q WHERE q.timebank_id = x.timebank_id AND q.id = x.group_id AND q.status <> 'reported')
       AND (x.reported_at <= ${daysAgo(given, after)} OR w.heard)`
  )
}

/** Of each category its own risk or that of one above it, whichever is higher: 1 low, 2 medium, 3 high. */
const categoryRisks = `
  WITH RECURSIVE tree AS (
    SELECT id, array_position('{low,medium,high}', risk) AS risk FROM listings.categories
     WHERE timebank_id = $1 AND parent_id IS NULL
    UNION ALL
    SELECT c.id, greatest(t.risk, array_position('{low,medium,high}', c.risk))
      FROM tree t JOIN listings.categories c ON c.timebank_id = $1 AND c.parent_id = t.id)
  SELECT id, risk FROM tree`

function neverBySilence({ value }: Given): string {
  const { autoConfirmAfterDays, whoConfirms, brokerApprovalRisks } = standards
  // a version may have been kept before a rule existed
  const own = (name: string, standard: unknown) => `coalesce(p.rules->>'${name}', ${value(String(standard))}::text)`
  const risks = `coalesce(p.rules->'brokerApprovalRisks', ${value(JSON.stringify(brokerApprovalRisks.standard))}::jsonb)`
  const above = "(p.rules->>'brokerApprovalAboveMinutes')::integer"
  const isMinor = (member: string) =>
    `coalesce(${member}.date_of_birth > coalesce(x.performed_on, x.reported_at::date) - interval '18 years', false)`
  return `(
    x.group_id IS NOT NULL
    OR ${own('autoConfirmAfterDays', autoConfirmAfterDays.standard)} = '0'
    OR ${own('whoConfirms', whoConfirms.standard)} = 'broker'
    OR coalesce(c.risk = 3, false)
    OR coalesce(a.supported, false) OR coalesce(b.supported, false) OR ${isMinor('a')} OR ${isMinor('b')}
    OR (x.approved_minutes IS NULL AND coalesce(${risks} ? ('{low,medium,high}'::text[])[c.risk], false))
    OR coalesce(x.service_minutes > ${above} AND x.service_minutes > coalesce(x.approved_minutes, 0), false))`
}

/** Since the step that said so: an exchange can be disputed more than once. */
export const disputed = (given: Given): string =>
  select(
    {
      ...sides('receiver'),
      subject_id: 'x.id',
      since: 'd.since',
      due_on: `${dateOf(given, 'd.since')} + ${days.disputeLeft}`,
      step: "'decide_dispute'"
    },
    `FROM exchanges.exchanges x
     CROSS JOIN LATERAL (
       SELECT coalesce(max(e.at), x.reported_at, x.recorded_at) AS since FROM audit.events e
        WHERE e.timebank_id = x.timebank_id AND e.subject_type = 'exchange' AND e.subject_id = x.id::text
          AND e.action = 'exchange.disputed') d
     WHERE x.timebank_id = $1 AND x.status = 'disputed' AND ${oneOfGroup}`
  )

/** The newest question that nobody has answered stands for those before it. */
export const queried = (given: Given): string =>
  select(
    {
      ...sides('receiver'),
      subject_id: 'x.id',
      since: 'q.since',
      due_on: `${dateOf(given, 'q.since')} + ${days.disputeLeft}`,
      step: "'decide_query'"
    },
    `FROM (
       SELECT exchange_id, max(asked_at) AS since FROM exchanges.queries
        WHERE timebank_id = $1 AND status = 'open' GROUP BY exchange_id) q
     JOIN exchanges.exchanges x ON x.timebank_id = $1 AND x.id = q.exchange_id`
  )

/** Due before the day for which it is planned. */
export const awaitingApproval = (given: Given): string => {
  const day = dateOf(given, 'coalesce(x.agreed_at, x.recorded_at)')
  return select(
    {
      ...sides('receiver'),
      subject_id: 'x.id',
      since: 'coalesce(x.agreed_at, x.recorded_at)',
      due_on: `greatest(${day}, least(${day} + ${days.approvalLeft}, x.performed_on))`,
      step: "'look_and_approve'"
    },
    "FROM exchanges.exchanges x WHERE x.timebank_id = $1 AND x.status IN ('awaiting_risk', 'awaiting_vetting', 'awaiting_guardian')"
  )
}
