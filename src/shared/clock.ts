// making a formatter costs fifty times what using it does, and that is still a lot for what changes once a day
const formatters = new Map<string, Intl.DateTimeFormat>()
const lastAsked = new Map<string, { minute: number; date: string }>()

export const dayMs = 86_400_000

/** The calendar date (ISO, `2026-03-01`) in a time zone such as `Europe/London` at an instant. */
export function dateIn(timeZone: string, instant: Date): string {
  // days begin at whole minutes
  const minute = Math.floor(instant.getTime() / 60_000)
  const last = lastAsked.get(timeZone)
  if (last?.minute === minute) return last.date
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    // sv-SE writes dates as ISO does
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formatters.set(timeZone, formatter)
  }
  const date = formatter.format(instant)
  lastAsked.set(timeZone, { minute, date })
  return date
}

/** `date` (ISO) moved by whole days. */
export function addDays(date: string, days: number): string {
  const moved = new Date(`${date}T00:00:00Z`)
  moved.setUTCDate(moved.getUTCDate() + days)
  return moved.toISOString().slice(0, 10)
}

/**
 * The instant at which a calendar date (years 1 to 9998) has ended in a time zone: the first at which it is a later day there.
 * Found by halving, so that days of 23 or 25 hours, and those that a zone has left out, end when they do.
 */
export function endOfDay(timeZone: string, date: string): Date {
  const noon = Date.parse(`${date}T12:00:00Z`)
  const hour = 3_600_000
  // no zone is further than 14 hours from UTC
  let [before, after] = [noon - 4 * hour, noon + 28 * hour]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (dateIn(timeZone, new Date(middle)) > date) after = middle
    else before = middle
  }
  return new Date(after)
}
