/**
 * Recurrence rules (RFC 5545) and the `repeat` of FHIR's Timing. Timing can say less: rules without a counterpart go beside
 * it, whole, in an extension.
 */

export type Repeat = {
  boundsPeriod?: { start?: string | undefined; end?: string | undefined } | undefined
  count?: number | undefined
  frequency?: number | undefined
  period?: number | undefined
  periodUnit?: string | undefined
  dayOfWeek?: string[] | undefined
}

const units = { DAILY: 'd', WEEKLY: 'wk', MONTHLY: 'mo', YEARLY: 'a' } as const
/** A day of RFC 5545, and the same day in FHIR. */
const days = { MO: 'mon', TU: 'tue', WE: 'wed', TH: 'thu', FR: 'fri', SA: 'sat', SU: 'sun' } as const
type Day = keyof typeof days

type Parts = Map<string, string>

function partsOf(rule: string): Parts {
  const parts = rule
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .split(';')
    .map((part) => part.split('='))
  return new Map(parts.map(([name = '', value = '']) => [name, value]))
}

/** The rule as a repeat; null where Timing cannot say it. */
export function repeatOf(rule: string): Repeat | null {
  const parts = partsOf(rule)
  const known = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYDAY']
  if ([...parts.keys()].some((name) => !known.includes(name))) return null
  const unit = units[parts.get('FREQ') as keyof typeof units]
  if (!unit) return null
  const byDay = parts.get('BYDAY')?.split(',') as Day[] | undefined
  // Timing knows no "second Tuesday"
  if (byDay && (unit !== 'wk' || byDay.some((day) => !(day in days)))) return null
  const until = parts.get('UNTIL')
  if (until !== undefined && !/^\d{8}$/.test(until)) return null
  const count = parts.get('COUNT')
  return {
    ...(until === undefined ? {} : { boundsPeriod: { end: until.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3') } }),
    ...(count === undefined ? {} : { count: Number(count) }),
    frequency: 1,
    period: Number(parts.get('INTERVAL') ?? 1),
    periodUnit: unit,
    ...(byDay ? { dayOfWeek: byDay.map((day) => days[day]) } : {})
  }
}

/** The repeat as a rule, and what stands in the way of that. */
export function ruleOf(repeat: Repeat): { rule: string; faults: { at: string; detail: string }[] } {
  const faults: { at: string; detail: string }[] = []
  const frequency = Object.entries(units).find(([, unit]) => unit === repeat.periodUnit)?.[0]
  if (!frequency) faults.push({ at: 'periodUnit', detail: 'd, wk, mo or a is needed.' })
  if (repeat.period !== undefined && !Number.isInteger(repeat.period))
    faults.push({ at: 'period', detail: 'A whole number is needed.' })
  const perPeriod = repeat.frequency ?? 1
  const byDay = repeat.dayOfWeek?.map((day) => day.slice(0, 2).toUpperCase())
  if (perPeriod !== 1 && perPeriod !== byDay?.length)
    faults.push({ at: 'frequency', detail: 'More than once in a period is said by dayOfWeek, one for each time.' })
  if (byDay && frequency !== 'WEEKLY') faults.push({ at: 'dayOfWeek', detail: 'Goes with periodUnit wk.' })
  const parts = [
    `FREQ=${frequency ?? 'WEEKLY'}`,
    ...((repeat.period ?? 1) === 1 ? [] : [`INTERVAL=${repeat.period}`]),
    ...(byDay ? [`BYDAY=${byDay.join(',')}`] : []),
    ...(repeat.count === undefined ? [] : [`COUNT=${repeat.count}`]),
    ...(repeat.boundsPeriod?.end === undefined
      ? []
      : [`UNTIL=${repeat.boundsPeriod.end.slice(0, 10).replaceAll('-', '')}`])
  ]
  return { rule: parts.join(';'), faults }
}
