import { z } from 'zod'
import { line, lines, pageQuery } from '../../http/index.ts'
import { claimableSources } from '../../shared/actor.ts'
import { exchangeParams, newGroupSchema, sideOut, sideSchema } from '../exchanges/schemas.ts'
import { timebankParams, timeZoneSchema } from '../timebanks/schemas.ts'
import { arrangementStatuses } from './planning.ts'

const localTime = z
  .string()
  .regex(
    /^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d$/,
    'a local time such as 2026-03-29T10:00'
  )
  .refine((local) => isDate(local.slice(0, 10)), 'is no date of the calendar')

const isDate = (date: string): boolean => {
  const at = new Date(`${date}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date)
}

const startsAt = localTime.describe('Local date and time, as clocks in the time zone show it: 2026-03-29T10:00')
const timeZone = timeZoneSchema.describe('IANA time zone; left out: that of the timebank')
const minutes = z.int().min(1).max(1440).describe('How long; minutes, at most a day')
const place = line(300).nullable().describe('Where, in words')
const onlineLink = z
  .string()
  .trim()
  .max(500)
  .regex(/^https:\/\/[^\s\p{Cc}\p{Cs}]+$/u, 'a link that begins with https://')
  .nullable()
  .describe('Where to meet online: an https link')

const whenAndWhere = {
  startsAt,
  timeZone: timeZone.optional(),
  minutes,
  place: place.optional(),
  onlineLink: onlineLink.optional()
}

export const appointmentInput = z.strictObject(whenAndWhere)

/** Staff say how the guardians of those under 18 have consented, as with exchanges. */
const { guardianConsent, budgetId } = newGroupSchema.shape

const rrule = z
  .string()
  .trim()
  .min(1)
  .max(300)
  .describe(
    'Recurrence rule of RFC 5545, of whole days: FREQ (DAILY, WEEKLY, MONTHLY or YEARLY), INTERVAL, COUNT or UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST. Makes at most 400 sessions in at most ten years'
  )

export const arrangementInput = z.strictObject({
  title: line(120).min(1),
  description: lines(2000).default(''),
  categoryId: z.uuid(),
  provider: sideSchema.describe('Who gives the time; of a group: its leader'),
  receiver: sideSchema.optional().describe('Who is helped; left out: it is a group, in which members register'),
  capacity: z.int().min(1).max(200).optional().describe('Of a group: places for receivers; left out: 200'),
  ...whenAndWhere,
  startsAt: startsAt.describe('Local date and time of the first session; its day must be one that the rule gives'),
  rrule: rrule.nullable().optional().describe('Left out: a single session'),
  proposedBy: z.enum(['provider', 'receiver']).optional().describe('For which side a broker proposes'),
  guardianConsent
})

const atLeastOne = (body: object) => Object.keys(body).length > 0

export const arrangementChange = z
  .strictObject({
    title: line(120).min(1),
    description: lines(2000),
    capacity: z.int().min(1).max(200),
    ...whenAndWhere,
    rrule: rrule.nullable()
  })
  .partial()
  .refine(atLeastOne, 'nothing to change')

export const sessionChange = z.strictObject(whenAndWhere).partial().refine(atLeastOne, 'nothing to change')

export const reasonInput = z.strictObject({ reason: lines(1000).optional() }).nullish()
export const emptyInput = z.strictObject({}).nullish()
export const reportInput = z
  .strictObject({
    minutes: minutes.optional().describe('Service minutes: the real time; left out: as planned'),
    guardianConsent,
    budgetId: budgetId.describe(
      'The budget that pays for it, instead of the receiver; who holds it, or a broker, has to say yes to it'
    )
  })
  .nullish()
export const noShowInput = z.strictObject({ side: z.enum(['provider', 'receiver']).describe('Who did not come') })

const shownWhen = {
  startsAt: z.string().describe('Local date and time'),
  timeZone: z.string(),
  minutes: z.int(),
  place: z.string().nullable(),
  onlineLink: z.string().nullable()
}

const conflictSchema = z
  .object({
    memberId: z.uuid(),
    kind: z.enum(['session', 'appointment']),
    id: z.uuid().describe('Of the session, or of the exchange of the appointment'),
    startsAt: z.date(),
    endsAt: z.date()
  })
  .describe('Where somebody is expected at the same time')

const conflicts = z
  .array(conflictSchema)
  .describe("Overlaps with other sessions and appointments: a warning. One's own; staff see those of both sides")

export const appointmentSchema = z
  .object({
    exchangeId: z.uuid(),
    ...shownWhen,
    startsAtUtc: z.date(),
    endsAtUtc: z.date(),
    rowVersion: z.int(),
    conflicts
  })
  .meta({ id: 'Appointment' })

export const sessionStatuses = ['planned', 'held', 'skipped', 'cancelled', 'no_show'] as const

export const arrangementListed = z.object({
  id: z.uuid(),
  kind: z.enum(['pair', 'group']),
  status: z.enum(arrangementStatuses),
  title: z.string(),
  description: z.string(),
  categoryId: z.uuid(),
  provider: sideOut.describe('Of a group: its leader'),
  receiver: sideOut.nullable().describe('null: a group'),
  ...shownWhen,
  rrule: z.string().nullable(),
  capacity: z.int().nullable(),
  agreedMinutes: z
    .int()
    .nullable()
    .describe(
      'Minutes of a session that both sides have agreed to; null: not agreed to yet, or the provider has changed the days since'
    ),
  policyVersion: z.int(),
  proposedBy: z.enum(['provider', 'receiver', 'broker']),
  source: z.enum([...claimableSources, 'import', 'system']),
  reason: z.string().nullable(),
  createdAt: z.date(),
  agreedAt: z.date().nullable(),
  closedAt: z.date().nullable(),
  rowVersion: z.int()
})

export const arrangementSchema = arrangementListed.extend({ conflicts }).meta({ id: 'Arrangement' })

export const sessionSchema = z
  .object({
    id: z.uuid(),
    arrangementId: z.uuid(),
    title: z.string(),
    kind: z.enum(['pair', 'group']),
    status: z.enum(sessionStatuses),
    ruleDate: z.string().describe('Local date by the rule; it stays when the session is moved'),
    ...shownWhen,
    startsAtUtc: z.date(),
    endsAtUtc: z.date(),
    changed: z.boolean().describe('By itself: changes of the arrangement pass it by'),
    absent: z.enum(['provider', 'receiver']).nullable(),
    reason: z.string().nullable(),
    exchangeId: z.uuid().nullable().describe('What came of it between two'),
    groupId: z.uuid().nullable().describe('What came of it in a group'),
    rowVersion: z.int()
  })
  .meta({ id: 'Session' })

export const entrySchema = z
  .object({
    kind: z.enum(['session', 'appointment']),
    id: z.uuid().describe('Of the session, or of the exchange of an appointment'),
    arrangementId: z.uuid().nullable(),
    title: z.string().describe('Of the arrangement; of an appointment the category of its exchange'),
    with: z.string().nullable().describe('Display name of the other side, or of the leader of a group'),
    status: z.enum(sessionStatuses).describe('Of an appointment always planned: its exchange tells the rest'),
    ...shownWhen,
    startsAtUtc: z.date(),
    endsAtUtc: z.date(),
    conflicts: z.array(z.uuid()).describe('Ids of entries at the same time')
  })
  .meta({ id: 'CalendarEntry' })

export const appointmentParams = exchangeParams
export const arrangementParams = z.object({ ...timebankParams.shape, arrangement: z.uuid() })
export const sessionParams = z.object({ ...timebankParams.shape, session: z.uuid() })

export const arrangementsQuery = z.strictObject({
  ...pageQuery,
  of: z
    .enum(['own', 'registered', 'groups', 'all'])
    .optional()
    .describe(
      'own: where you are a side (members otherwise); registered: groups in which you have, or wait for, a place; groups: all that can be joined; all: staff and auditors'
    ),
  status: z.enum(arrangementStatuses).optional(),
  memberId: z.uuid().optional().describe('One of the sides')
})

const day = z.iso
  .date()
  .refine((date) => date >= '2000' && date < '2200', 'a date of this century or the next')
  .describe('Local date in the zone of the timebank, inclusive')

const sessionsOf = {
  ...pageQuery,
  status: z.enum(sessionStatuses).optional(),
  from: day.optional(),
  to: day.optional()
}
export const sessionsQuery = z.strictObject(sessionsOf)

export const calendarQuery = z.strictObject({
  ...pageQuery,
  from: day.optional().describe('Left out: from now on'),
  to: day.optional(),
  memberId: z.uuid().optional().describe('Whose; staff only. Left out: your own')
})

export const timeCursor = z.tuple([z.iso.datetime({ precision: 3 }), z.uuid()])

const role = z.enum(['provider', 'receiver'])

export const registrationInput = z.strictObject({
  as: role.describe('To give, or to receive'),
  sessionId: z.uuid().optional().describe('For one session; left out: for all of them'),
  memberId: z.uuid().optional().describe('Whom a broker enters; left out: yourself')
})

export const registrationParams = z.object({ ...arrangementParams.shape, registration: z.uuid() })
export const registrationsQuery = z.strictObject(pageQuery)

const member = { memberId: z.uuid(), memberNumber: z.int(), name: z.string().describe('Display name') }

export const registrationSchema = z
  .object({
    id: z.uuid(),
    ...member,
    sessionId: z.uuid().nullable().describe('null: for all sessions'),
    as: role,
    status: z.enum(['registered', 'waiting', 'ended']).describe('waiting: no place is left; it comes by itself'),
    registeredAt: z.date()
  })
  .meta({ id: 'Registration' })

const extra = (what: string) => z.int().min(0).max(1440).optional().describe(`${what}, of who gives; minutes`)

export const attendanceInput = z.strictObject({
  people: z
    .array(
      z.strictObject({
        memberId: z.uuid(),
        as: role.describe('Whether they gave or received'),
        minutes: minutes.optional().describe('How long they were there; left out: all of the session'),
        preparationMinutes: extra('Preparation'),
        travelMinutes: extra('Travel')
      })
    )
    .max(200)
    .describe('All who came, in an order by which what cannot be shared evenly is shared')
})

export const recordInput = z.strictObject({ rule: newGroupSchema.shape.rule, guardianConsent, budgetId }).nullish()

export const attendanceSchema = z
  .object({
    sessionId: z.uuid(),
    people: z.array(
      z.object({
        ...member,
        as: role,
        minutes: z.int().describe('Contact minutes'),
        preparationMinutes: z.int(),
        travelMinutes: z.int(),
        registered: z.boolean().describe('They had a place before')
      })
    ),
    contactMinutes: z.int().describe('Of all who received together'),
    recording: z
      .object({
        providers: z.array(
          z.object({
            capacity: z.literal('citizen'),
            memberId: z.uuid(),
            minutes: z.int(),
            preparationMinutes: z.int().optional(),
            travelMinutes: z.int().optional()
          })
        ),
        receivers: z.array(
          z.object({ capacity: z.literal('citizen'), memberId: z.uuid(), attendedMinutes: z.int().optional() })
        ),
        categoryId: z.uuid(),
        description: z.string(),
        performedOn: z.iso.date()
      })
      .describe('What recording it would record: the body of exchange-groups/preview')
  })
  .meta({ id: 'Attendance' })
