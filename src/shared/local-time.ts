import { dayMs } from './clock.ts'

// making a formatter costs fifty times what using it does
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    // sv-SE writes dates as ISO does
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
    formatters.set(timeZone, formatter)
  }
  return formatter
}

/** What clocks and calendars in a time zone show at an instant, to the second: `2026-03-29T10:00:00`. */
const shownAt = (timeZone: string, instant: number): string => formatterOf(timeZone).format(instant).replace(' ', 'T')

/** The local date and time (`2026-03-29T10:00`) in a time zone at an instant. */
export const localTimeIn = (timeZone: string, instant: Date): string =>
  shownAt(timeZone, instant.getTime()).slice(0, 16)

/** By how much the clocks of a zone are ahead of UTC at an instant; milliseconds. */
const offsetAt = (timeZone: string, instant: number): number =>
  Date.parse(`${shownAt(timeZone, instant)}Z`) - Math.floor(instant / 1000) * 1000

/**
 * The instant at which clocks in a time zone show a local date and time (`2026-03-29T10:00`, years 1000 to 9998). By RFC 5545
 * (3.3.5): a time that clocks show twice is the first of the two, and one that they leave out is reckoned by the offset before
 * the gap, so that it comes later by the length of the gap.
 */
export function instantOf(local: string, timeZone: string): Date {
  const asUtc = Date.parse(`${local}Z`)
  // no zone is further than 14 hours from UTC: a day before and a day after lie on either side of the change, if there is one
  const before = asUtc - offsetAt(timeZone, asUtc - dayMs)
  const after = asUtc - offsetAt(timeZone, asUtc + dayMs)
  const shown = [before, after].filter((instant) => instant + offsetAt(timeZone, instant) === asUtc)
  return new Date(shown.length > 0 ? Math.min(...shown) : before)
}
