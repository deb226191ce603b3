// making a formatter costs fifty times what using it does, and that is still a lot for what changes once a day
const formatters = new Map<string, Intl.DateTimeFormat>()
const lastAsked = new Map<string, { minute: number; date: string }>()

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
