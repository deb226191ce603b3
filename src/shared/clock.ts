// making a formatter costs fifty times what using it does
const formatters = new Map<string, Intl.DateTimeFormat>()

/** The calendar date (ISO, `2026-03-01`) in a time zone such as `Europe/London` at an instant. */
export function dateIn(timeZone: string, instant: Date): string {
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    // sv-SE writes dates as ISO does
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formatters.set(timeZone, formatter)
  }
  return formatter.format(instant)
}

/** `date` (ISO) moved by whole days. */
export function addDays(date: string, days: number): string {
  const moved = new Date(`${date}T00:00:00Z`)
  moved.setUTCDate(moved.getUTCDate() + days)
  return moved.toISOString().slice(0, 10)
}
