import { z } from 'zod'
import { type NoticeTopic, noticeTopics } from '../../shared/notice-kinds.ts'

const minutes = (min: number, max: number) => z.int().min(min).max(max)
const days = (max: number) => z.int().min(0).max(max)
const yes = z.boolean()
const line = (max: number) => z.string().trim().max(max)
const weight = z.int().min(0).max(100)

/** How a member may be told by mail of what they find in their inbox anyway. */
export const mailWays = ['at_once', 'daily', 'weekly', 'never'] as const
export type MailWay = (typeof mailWays)[number]
const standardWays: Record<NoticeTopic, MailWay> = {
  exchanges: 'at_once',
  listings: 'daily',
  matches: 'weekly',
  messages: 'at_once',
  sessions: 'at_once',
  circles: 'daily',
  thanks: 'daily',
  support: 'at_once'
}
/** Topics that came later are missing in policies from before them. */
const laterTopics: readonly NoticeTopic[] = ['support']
const way = z.enum(mailWays)
const wayByTopic = Object.fromEntries(
  noticeTopics.map((topic) => [topic, laterTopics.includes(topic) ? way.default(standardWays[topic]) : way])
) as Record<Exclude<NoticeTopic, 'support'>, typeof way> & Record<'support', z.ZodDefault<typeof way>>

// asking the runtime for its list takes half a millisecond
const timeZones: ReadonlySet<string> = new Set([...Intl.supportedValuesOf('timeZone'), 'UTC'])

export const timeZoneSchema = z
  .string()
  .refine((zone) => timeZones.has(zone), { error: 'must be an IANA time zone such as Europe/London' })

/** A rule: what it may be, what it is by default, and what it means. The policy endpoint gives all three. */
const rule = <T extends z.ZodType>(shape: T, standard: z.input<T>, explanation: string) => ({
  shape,
  standard,
  explanation
})

/**
 * Everything that a timebank decides for itself, with the defaults. Amounts of time are minutes.
 * No rule holds a rate, a multiplier or a price: an hour is an hour.
 */
export const rules = {
  granularityMinutes: rule(
    z.int().min(1).max(120),
    15,
    'Credits are rounded to whole steps of this many minutes; 1 means to the minute.'
  ),
  rounding: rule(
    z.enum(['nearest', 'up', 'down', 'none']),
    'nearest',
    'How service minutes become credits; halves of a step round up under `nearest`, and any time counts as at least one step unless it rounds `down`.'
  ),
  whoMayRecord: rule(
    z.array(z.enum(['provider', 'receiver', 'broker'])).min(1),
    ['provider', 'receiver', 'broker'],
    'Who may report that an exchange has taken place.'
  ),
  whoConfirms: rule(
    z.enum(['other_side', 'receiver', 'broker', 'nobody']),
    'other_side',
    'Who confirms a report before hours move. Nobody ever confirms their own report for the other side. `nobody`: a report settles at once, except where it would debit a member who neither reported nor agreed to it.'
  ),
  autoConfirmAfterDays: rule(
    days(365),
    14,
    'A report that nobody answers counts as confirmed after this many days; 0: never. Never for minors, supported members or high risk.'
  ),
  disputeWithinDays: rule(
    days(3650),
    90,
    'For so many days after an exchange is settled its sides may question it or say that it was otherwise; staff may always.'
  ),
  brokerApprovalRisks: rule(
    z.array(z.enum(['low', 'medium', 'high'])),
    ['medium', 'high'],
    'Exchanges in categories of these risks wait for a broker before they may take place.'
  ),
  brokerApprovalAboveMinutes: rule(
    minutes(1, 100_000).nullable(),
    null,
    'Exchanges agreed for longer than this wait for a broker; null: off.'
  ),
  holdAtAgreement: rule(
    yes,
    false,
    "Whether the agreed minutes are set aside on the receiver's account from agreement to settlement."
  ),
  memberFloorSoft: rule(
    minutes(-1_000_000, 0).nullable(),
    -600,
    'Below this balance of a member the broker gets a follow-up; null: none.'
  ),
  memberFloorHard: rule(
    minutes(-1_000_000, 0).nullable(),
    -1200,
    'Below this balance a posting is refused; null: none.'
  ),
  memberCeilingSoft: rule(
    minutes(0, 10_000_000).nullable(),
    6000,
    'Above this balance of a member the broker gets a follow-up; null: none.'
  ),
  memberCeilingHard: rule(
    minutes(0, 10_000_000).nullable(),
    null,
    'Above this balance a posting is refused; null: none.'
  ),
  supportedFloorSoft: rule(
    minutes(-1_000_000, 0).nullable(),
    null,
    'The same as memberFloorSoft for supported members, who may need more than they can give for a while; null: as for other members.'
  ),
  supportedFloorHard: rule(
    minutes(-1_000_000, 0).nullable(),
    null,
    'The same as memberFloorHard for supported members; null: as for other members.'
  ),
  organisationFloorSoft: rule(
    minutes(-10_000_000, 0).nullable(),
    -3000,
    'Below this balance of an organisation the broker gets a follow-up; null: none.'
  ),
  organisationFloorHard: rule(
    minutes(-10_000_000, 0).nullable(),
    null,
    'Below this balance of an organisation a posting is refused; null: none.'
  ),
  joiningCreditMinutes: rule(
    minutes(0, 6000),
    0,
    'Given to each new member from the community pot when they become active.'
  ),
  groupRule: rule(
    z.enum(['split_equal', 'each_pays_surplus_to_pot', 'pot_pays']),
    'split_equal',
    'How exchanges of one provider with several receivers are charged, where nothing else is said: `split_equal` shares the time among them; `each_pays_surplus_to_pot` charges each the whole time, and what the provider does not get is given to the community pot; `pot_pays` charges the community pot.'
  ),
  countPreparation: rule(
    yes,
    true,
    'Whether the preparation of a session is credited to the provider and charged with it; kept on record in any case.'
  ),
  countTravel: rule(yes, false, 'Whether travel to a session is credited and charged; kept on record in any case.'),
  reminderHours: rule(
    z.int().min(0).max(336),
    24,
    'So many hours before a session or appointment all concerned are reminded of it; 0: never.'
  ),
  slipsFromBooks: rule(
    yes,
    false,
    'Whether a paper slip is recorded only with a number of a book that has been issued.'
  ),
  professionalPaidTime: rule(
    z.enum(['record_only', 'credit_employer', 'credit_person']),
    'credit_employer',
    'Where the hours go that a professional gives on paid time: nowhere but the record, to the organisation, or to the person.'
  ),
  referencesNeeded: rule(z.int().min(0).max(5), 2, 'Satisfactory references before somebody becomes active.'),
  interviewNeeded: rule(z.enum(['none', 'any', 'in_person']), 'in_person', 'Interview before somebody becomes active.'),
  minorsAllowed: rule(yes, false, 'Whether people under 18 may be members.'),
  familyExchanges: rule(
    z.enum(['allowed', 'unofficial_only']),
    'unofficial_only',
    'Whether exchanges within a family, as citizens, count as brokered ones or as unofficial hours only.'
  ),
  circleSearch: rule(
    z.enum(['off', 'weekly']),
    'off',
    'Whether the service searches for circles by itself, in the night before Monday. Proposing what it finds stays with staff.'
  ),
  circleExpiresDays: rule(
    z.int().min(1).max(90),
    14,
    'After this many days a circle to which not all have agreed does not go ahead.'
  ),
  giftsAllowed: rule(yes, true, 'Whether members may give hours to each other and to the community pot.'),
  unansweredAfterDays: rule(
    days(365),
    3,
    'A request or a first message that nobody has answered is brought to the broker after this many days; 0: never.'
  ),
  unconfirmedAfterDays: rule(
    days(365),
    7,
    'A report that nobody has confirmed is brought to the broker after this many days, and at once where silence never counts as a yes; 0: never.'
  ),
  inactiveReportDays: rule(
    days(3650),
    90,
    'After this long without an exchange a member is reported to the broker; 0: never.'
  ),
  inactiveLeaveDays: rule(
    days(3650),
    730,
    'After this long without an exchange the broker is asked to make contact once more and, without an answer, to end the membership; it never ends by itself. 0: never.'
  ),
  matchingWeights: rule(
    z.strictObject({
      category: weight,
      words: weight,
      distance: weight,
      availability: weight,
      language: weight,
      setting: weight,
      earlier: weight,
      balance: weight,
      recent: weight
    }),
    {
      category: 30,
      words: 30,
      distance: 15,
      availability: 10,
      language: 10,
      setting: 10,
      earlier: 10,
      balance: 5,
      recent: 5
    },
    'How much each reason counts when candidates for a request or an offer are put in order; 0: not at all. `category`: the same or a near one; `words`: what both texts, or a profile, speak of; `distance`; `availability`: parts of the week in common; `language`: a spoken one in common; `setting`: place and manner; `earlier`: an exchange that the two have had; `balance`: who has received much could give, who has given much could receive (in two coarse steps, and never told to members); `recent`: lately active.'
  ),
  peerFirst: rule(
    yes,
    true,
    'Whether citizens come before organisations and their professionals at about equal fit. Never hides these: the best of them is on the first page.'
  ),
  referralExpiresDays: rule(
    z.int().min(1).max(365),
    28,
    'A referral to which the person has not said yes after so many days is not taken up.'
  ),
  matchExpiresDays: rule(z.int().min(1).max(90), 14, 'How long a suggested or proposed match waits for an answer.'),
  leavingBalance: rule(
    z.enum(['to_pot', 'to_named_member']),
    'to_pot',
    'Where a positive balance goes when its member leaves.'
  ),
  leavingNegative: rule(
    z.enum(['written_off_by_pot']),
    'written_off_by_pot',
    'What becomes of a negative balance when its member leaves.'
  ),
  smallestPublishedCell: rule(
    z.int().min(1).max(100),
    5,
    'What is published of members stands for at least so many of them: in the Open Referral publication a category, language, area or part of the week with fewer is left out (and never stands for fewer than 3, whatever is set here).'
  ),
  openReferral: rule(
    yes,
    false,
    'Whether the categories in which members offer help are published for directories of services (Open Referral HSDS), for anybody to read. Never a member, an offer or a number of them.'
  ),
  publicContact: rule(
    z.strictObject({
      description: line(2000),
      email: z.email().max(254).nullable(),
      phone: line(40).min(3).nullable(),
      website: z
        .url({ protocol: /^https?$/ })
        .max(500)
        .nullable(),
      address: z
        .strictObject({
          line1: line(200).min(1),
          line2: line(200),
          city: line(100).min(1),
          region: line(100).min(1),
          postalCode: line(20).min(1),
          country: z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters of ISO 3166 such as GB')
        })
        .nullable(),
      accessibility: line(1000)
    }),
    { description: '', email: null, phone: null, website: null, address: null, accessibility: '' },
    "The timebank's own public facts, where it is published: what it is, in its own words; how and where to reach it (`region`: county, state or province); how accessible that place is. Empty or null: not said. Not those of a person."
  ),
  unofficialHours: rule(yes, true, 'Whether members may note hours that they give outside brokered exchange.'),
  unofficialMinutesPerDay: rule(
    minutes(0, 1440),
    1440,
    'Most unofficial minutes that one person may note for one day.'
  ),
  messagesPerHour: rule(
    z.int().min(1).max(1000),
    60,
    'Most messages that one member may write within an hour: nobody who writes by hand comes near it.'
  ),
  retentionYears: rule(
    z.strictObject({
      exchanges: z.int().min(1).max(100),
      screening: z.int().min(1).max(100),
      messages: z.int().min(0).max(100)
    }),
    { exchanges: 7, screening: 6, messages: 2 },
    'How long records of each class are kept with the names in them; messages are removed by themselves after it. The ledger holds no names and is kept for good.'
  ),
  mailDefaults: rule(
    z.strictObject(wayByTopic),
    standardWays,
    'How members are told by mail, by topic, where they have not chosen for themselves: at once, in one mail a day or a week, or not at all.'
  ),
  mailsPerWeek: rule(
    z.int().min(1).max(100),
    10,
    'Most mails of notices to one member in seven days. What is beyond it waits for the next daily mail that fits, and is in the inbox meanwhile. Mails to sign in do not count.'
  ),
  jurisdiction: rule(z.string().max(100), '', 'Country or region whose rules on data and safeguarding apply.'),
  signpostText: rule(
    z.string().max(2000),
    'This timebank is not an emergency service. In an emergency call your local emergency number.',
    'Shown where somebody asks for urgent help that a timebank must not promise.'
  ),
  locale: rule(
    z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/, 'must be a language tag such as en or cy-GB'),
    'en',
    'Language of mails and statements where a member has not chosen one.'
  ),
  timeZone: rule(timeZoneSchema, 'Europe/London', 'Service dates are calendar dates in this time zone.')
} as const

export type RuleName = keyof typeof rules

/** Rules that are kept and versioned but that no part of this version of the service acts on yet. */
export const notYetInForce: ReadonlySet<RuleName> = new Set<RuleName>(['unofficialHours', 'unofficialMinutesPerDay'])

const shapes = Object.fromEntries(
  Object.entries(rules).map(([name, { shape, explanation }]) => [name, shape.describe(explanation)])
) as unknown as {
  [K in RuleName]: (typeof rules)[K]['shape']
}

const ordered = (low: number | null, high: number | null): boolean => low === null || high === null || low <= high

type Limits = Pick<
  Policy,
  | 'memberFloorHard'
  | 'memberFloorSoft'
  | 'supportedFloorHard'
  | 'supportedFloorSoft'
  | 'memberCeilingSoft'
  | 'memberCeilingHard'
  | 'organisationFloorHard'
  | 'organisationFloorSoft'
>

/** Pairs of limits must not contradict each other: the soft one is met first. */
const contradictions: [ok: (p: Limits) => boolean, name: RuleName, message: string][] = [
  [(p) => ordered(p.memberFloorHard, p.memberFloorSoft), 'memberFloorHard', 'must not be above memberFloorSoft'],
  [
    // where one of the two is left to that of the other members, both are met all the same
    (p) => p.supportedFloorHard === null || ordered(p.supportedFloorHard, p.supportedFloorSoft ?? p.memberFloorSoft),
    'supportedFloorHard',
    'must not be above supportedFloorSoft, or memberFloorSoft where that is not set'
  ],
  [
    (p) =>
      p.supportedFloorSoft === null ||
      p.supportedFloorHard !== null ||
      ordered(p.memberFloorHard, p.supportedFloorSoft),
    'supportedFloorSoft',
    'must not be below memberFloorHard where supportedFloorHard is not set'
  ],
  [
    (p) => ordered(p.memberCeilingSoft, p.memberCeilingHard),
    'memberCeilingHard',
    'must not be below memberCeilingSoft'
  ],
  [
    (p) => ordered(p.organisationFloorHard, p.organisationFloorSoft),
    'organisationFloorHard',
    'must not be above organisationFloorSoft'
  ]
]

export const policySchema = z.strictObject(shapes).meta({ id: 'PolicyRules' })

/** A whole policy; what a version keeps. */
export type Policy = z.output<typeof policySchema>

/** Some rules, to change them. */
export const policyChangeSchema = policySchema.partial().meta({ id: 'PolicyChange' })

export const defaultPolicy: Policy = policySchema.parse(
  Object.fromEntries(Object.entries(rules).map(([name, { standard }]) => [name, standard]))
)

/** Faults of a policy as a whole, as rule name and text. */
export function contradictionsOf(policy: Policy): { rule: RuleName; detail: string }[] {
  return contradictions
    .filter(([ok]) => !ok(policy))
    .map(([, name, detail]) => ({ rule: name, detail: `${name} ${detail}.` }))
}
