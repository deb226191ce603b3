import { addDays } from '../../shared/clock.ts'
import { instantOf } from '../../shared/local-time.ts'

/** Most sessions that a rule makes, and for how long; whichever comes first. */
export const mostSessions = 400
const mostYears = 10

const frequencies = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const
const weekdays = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const

/** A day of the week (0: Sunday), every one of its period or the nth, negative from the end. */
type RuleDay = { day: number; nth: number | null }

/** A recurrence rule of RFC 5545 for whole days: each session has the time of day of the first one. */
export type Rule = {
  frequency: (typeof frequencies)[number]
  interval: number
  count: number | null
  until: { date: string } | { instant: number } | { local: string } | null
  byDay: RuleDay[]
  byMonthDay: number[]
  byMonth: number[]
  bySetPos: number[]
  weekStart: number
}

const whole = /^[+-]?\d{1,4}$/

/** Reads a rule and tells everything that is wrong with it. */
export function parseRule(text: string): { rule: Rule; faults: string[] } {
  const faults: string[] = []
  const parts = new Map<string, string>()
  for (const part of text
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .split(';')) {
    const [name = '', value = '', ...rest] = part.split('=')
    if (name === '' || value === '' || rest.length > 0)
      faults.push(`“${part.slice(0, 40)}” is not of the form NAME=VALUE.`)
    else if (parts.has(name)) faults.push(`${name} comes twice.`)
    else parts.set(name, value)
  }
  const taken = (name: string): string | undefined => {
    const value = parts.get(name)
    parts.delete(name)
    return value
  }
  const one = (name: string, min: number, max: number): number | null => {
    const value = taken(name)
    if (value === undefined) return null
    if (whole.test(value) && Number(value) >= min && Number(value) <= max) return Number(value)
    faults.push(`${name} must be a whole number from ${min} to ${max}.`)
    return null
  }
  const many = (name: string, min: number, max: number): number[] => {
    const values = taken(name)?.split(',') ?? []
    const right = (value: string) =>
      whole.test(value) && Number(value) !== 0 && Number(value) >= min && Number(value) <= max
    if (!values.every(right))
      faults.push(`${name} must hold whole numbers from ${min} to ${max}${min < 0 ? ', without 0' : ''}.`)
    return values.filter(right).map(Number)
  }

  const frequency = taken('FREQ')
  if (frequency === undefined) faults.push('FREQ is missing.')
  else if (['SECONDLY', 'MINUTELY', 'HOURLY'].includes(frequency))
    faults.push(`FREQ=${frequency}: at most one session a day.`)
  else if (!(frequencies as readonly string[]).includes(frequency))
    faults.push(`FREQ must be one of ${frequencies.join(', ')}.`)
  const rule: Rule = {
    frequency: frequencies.find((known) => known === frequency) ?? 'YEARLY',
    interval: one('INTERVAL', 1, 1000) ?? 1,
    count: one('COUNT', 1, mostSessions),
    until: untilOf(taken('UNTIL'), faults),
    byDay: daysOf(taken('BYDAY'), faults),
    byMonthDay: many('BYMONTHDAY', -31, 31),
    byMonth: many('BYMONTH', 1, 12),
    bySetPos: many('BYSETPOS', -366, 366),
    weekStart: weekdays.indexOf((taken('WKST') ?? 'MO') as 'MO')
  }
  if (rule.weekStart < 0) {
    faults.push(`WKST must be one of ${weekdays.join(', ')}.`)
    rule.weekStart = 1
  }
  if (rule.count !== null && rule.until !== null) faults.push('COUNT and UNTIL exclude each other.')
  if (rule.byDay.some(({ nth }) => nth !== null) && (frequency === 'DAILY' || frequency === 'WEEKLY'))
    faults.push('BYDAY has numbers (as 1MO) under MONTHLY and YEARLY only.')
  if (rule.byMonthDay.length > 0 && frequency === 'WEEKLY') faults.push('BYMONTHDAY does not go with FREQ=WEEKLY.')
  if (rule.bySetPos.length > 0 && rule.byDay.length + rule.byMonthDay.length + rule.byMonth.length === 0)
    faults.push('BYSETPOS needs another BY… rule to choose from.')
  for (const name of parts.keys())
    faults.push(
      ['BYHOUR', 'BYMINUTE', 'BYSECOND', 'BYYEARDAY', 'BYWEEKNO', 'BYEASTER', 'RSCALE', 'SKIP'].includes(name)
        ? `${name} is not known here: sessions have the time of the first one, on days given by BYDAY, BYMONTHDAY and BYMONTH.`
        : `${name.slice(0, 40)} is no part of a rule.`
    )
  return { rule, faults }
}

function daysOf(value: string | undefined, faults: string[]): RuleDay[] {
  const days = (value?.split(',') ?? []).map((text) => {
    const [, nth, name] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(text) ?? []
    return { day: weekdays.indexOf(name as 'MO'), nth: nth === undefined ? null : Number(nth) }
  })
  const right = ({ day, nth }: RuleDay) => day >= 0 && (nth === null || (nth !== 0 && Math.abs(nth) <= 53))
  if (!days.every(right)) faults.push('BYDAY must hold days such as MO, 1TU (the first) or -1FR (the last).')
  return days.filter(right)
}

function untilOf(value: string | undefined, faults: string[]): Rule['until'] {
  if (value === undefined) return null
  const [, y, mo, d, time, h, mi, s, utc] = /^([1-9]\d{3})(\d\d)(\d\d)(T(\d\d)(\d\d)(\d\d)(Z)?)?$/.exec(value) ?? []
  const date = `${y}-${mo}-${d}`
  const at = Date.parse(`${date}T${time ? `${h}:${mi}:${s}` : '00:00:00'}Z`)
  // a parser that is lenient makes March of the 30th of February
  if (!y || Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== date) {
    faults.push('UNTIL must be a date such as 20261231, or a date and time such as 20261231T235959Z.')
    return null
  }
  if (!time) return { date }
  return utc ? { instant: at } : { local: `${date}T${h}:${mi}` }
}

const utcDay = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000
const isoDay = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10)
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7
const firstOf = (year: number, month: number): number => Date.UTC(year, month, 1) / 86_400_000

/**
 * The dates of a rule, in order, from the first session's date on: at most `mostSessions`, in at most ten years. Each period
 * of the frequency is gone through by itself, so that there is an end also for rules that give no date at all.
 */
export function* datesOf(rule: Rule, startDate: string): Generator<string> {
  const start = utcDay(startDate)
  const last = utcDay(addDays(startDate, Math.ceil(mostYears * 365.25)))
  const most = rule.count ?? mostSessions
  let given = 0
  for (let n = 0; ; n += rule.interval) {
    const [from, to] = periodOf(rule, start, n)
    if (from > last) return
    for (const day of chosenIn(rule, start, from, to)) {
      if (day < start) continue
      if (day > last) return
      yield isoDay(day)
      given += 1
      if (given >= most) return
    }
  }
}

/** First and last day of the nth day, week, month or year from that of the start on. */
function periodOf({ frequency, weekStart }: Rule, start: number, n: number): [from: number, to: number] {
  if (frequency === 'DAILY') return [start + n, start + n]
  if (frequency === 'WEEKLY') {
    const from = start - ((weekdayOf(start) - weekStart + 7) % 7) + 7 * n
    return [from, from + 6]
  }
  const began = new Date(start * 86_400_000)
  const [year, month] = [began.getUTCFullYear(), began.getUTCMonth()]
  if (frequency === 'MONTHLY') return [firstOf(year, month + n), firstOf(year, month + n + 1) - 1]
  return [firstOf(year + n, 0), firstOf(year + n + 1, 0) - 1]
}

function chosenIn(rule: Rule, start: number, from: number, to: number): number[] {
  const days: number[] = []
  for (let day = from; day <= to; day += 1) if (fits(rule, start, day)) days.push(day)
  if (rule.bySetPos.length === 0) return days
  const at = new Set(rule.bySetPos.map((position) => (position > 0 ? position - 1 : days.length + position)))
  return days.filter((_, i) => at.has(i))
}

/** RFC 5545, 3.3.10: what a rule leaves out is that of the start. */
function fits(rule: Rule, start: number, day: number): boolean {
  const { frequency, byDay, byMonthDay, byMonth } = rule
  const at = new Date(day * 86_400_000)
  const [year, month, dayOfMonth] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()]
  const began = new Date(start * 86_400_000)
  if (byMonth.length > 0) {
    if (!byMonth.includes(month + 1)) return false
  } else if (frequency === 'YEARLY' && byDay.length === 0 && byMonthDay.length === 0 && month !== began.getUTCMonth())
    return false
  const lengthOfMonth = firstOf(year, month + 1) - firstOf(year, month)
  if (byMonthDay.length > 0) {
    if (!byMonthDay.includes(dayOfMonth) && !byMonthDay.includes(dayOfMonth - lengthOfMonth - 1)) return false
  } else if (
    byDay.length === 0 &&
    (frequency === 'MONTHLY' || frequency === 'YEARLY') &&
    dayOfMonth !== began.getUTCDate()
  )
    return false
  if (byDay.length > 0) {
    // the nth Monday of the year, unless the rule names months
    const ofYear = frequency === 'YEARLY' && byMonth.length === 0
    const [first, length] = ofYear
      ? [firstOf(year, 0), firstOf(year + 1, 0) - firstOf(year, 0)]
      : [firstOf(year, month), lengthOfMonth]
    const place = day - first
    const matches = ({ day: wanted, nth }: RuleDay) => {
      if (wanted !== weekdayOf(day)) return false
      if (nth === null) return true
      return nth > 0 ? Math.floor(place / 7) === nth - 1 : Math.floor((length - 1 - place) / 7) === -nth - 1
    }
    if (!byDay.some(matches)) return false
  } else if (frequency === 'WEEKLY' && weekdayOf(day) !== weekdayOf(start)) return false
  return true
}

/** When something takes place, as it was agreed: the time of day stays the same through the summer. */
export type Series = { localStart: string; timeZone: string; rrule: string | null }
export type Occurrence = { date: string; local: string; startsAt: Date }

/** The sessions of a series in order; a series without a rule has one. */
export function* occurrencesOf({ localStart, timeZone, rrule }: Series): Generator<Occurrence> {
  const [startDate, time] = localStart.split('T') as [string, string]
  if (rrule === null) {
    yield { date: startDate, local: localStart, startsAt: instantOf(localStart, timeZone) }
    return
  }
  const { rule } = parseRule(rrule)
  for (const date of datesOf(rule, startDate)) {
    const local = `${date}T${time}`
    const startsAt = instantOf(local, timeZone)
    if (isOver(rule.until, date, local, startsAt)) return
    yield { date, local, startsAt }
  }
}

/** UNTIL is inclusive. */
function isOver(until: Rule['until'], date: string, local: string, startsAt: Date): boolean {
  if (until === null) return false
  if ('date' in until) return date > until.date
  return 'instant' in until ? startsAt.getTime() > until.instant : local > until.local
}

/** Faults of a rule together with its first session. */
export function seriesFaults({ localStart, timeZone, rrule }: Series): { pointer: string; detail: string }[] {
  if (rrule === null) return []
  const { faults } = parseRule(rrule)
  if (faults.length > 0) return faults.map((detail) => ({ pointer: '/rrule', detail }))
  const first = occurrencesOf({ localStart, timeZone, rrule }).next().value
  if (!first) return [{ pointer: '/rrule', detail: 'The rule gives no session from its start on, in ten years.' }]
  if (first.local === localStart) return []
  return [{ pointer: '/startsAt', detail: `The rule gives no session on that day; the next is on ${first.date}.` }]
}
