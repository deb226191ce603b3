/** Which of day and month comes first in a file's numeric dates. */
export type DateOrder = 'dmy' | 'mdy'

/** A calendar date, and the UTC instant where the text had a time of day. */
export type Moment = { date: string; instant: string | null }

export type DateReading = {
  order: DateOrder
  /** Gives the calendar date of an instant. */
  dateOf: (instant: Date) => string
  /** Two-digit years above it are of the 20th century. */
  lastYearOf2000s: number
}

const iso =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)? ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?$/i
const numeric = /^(\d{1,4})[/.-] ?(\d{1,2})[/.-] ?(\d{1,4})(?:[, T]+(\d{1,2})[:.](\d{2})(?::(\d{2}))?)?$/
const serial = /^(\d{4,5})(?:[.,]\d{1,12})?$/
const named = /^(\d{1,2})[. -]*(?:de |d'|of )?([a-z]{3,12})[. -]*(?:de |del |of )?(\d{2}|\d{4})$/

// English, Welsh, Spanish, Catalan, French, German, Portuguese, Galician, Italian, Dutch, Basque; first letters, no accents
const monthNames = [
  'jan ion ene gen xan ene urt',
  'feb chwe feb feb fev fev otsa',
  'mar maw mrt mae marz mars',
  'apr ebr abr avr api',
  'may mai mayo maig maio mag mei',
  'jun meh juny juin jui giu eka xun',
  'jul gor juil jul lug uzt xul',
  'aug awst ago aou abu aout',
  'sep medi set ira',
  'oct hyd okt out ott urr',
  'nov tach nov aza',
  'dec rhag dic des dez dei abe'
].map((names) => names.split(' '))

const day = 86_400_000
const firstExcelDay = Date.UTC(1899, 11, 30)

/** Day first, unless some date of the file cannot be read so and more of them ask for month first. */
export function dateOrder(texts: Iterable<string>): DateOrder {
  let dayFirst = 0
  let monthFirst = 0
  for (const text of texts) {
    const found = text.length <= 40 ? numeric.exec(text.trim()) : null
    if (!found || found[1]!.length > 2) continue
    if (Number(found[1]) > 12) dayFirst += 1
    else if (Number(found[2]) > 12) monthFirst += 1
  }
  return monthFirst > dayFirst ? 'mdy' : 'dmy'
}

/** Reads ISO dates and instants, numeric dates, spreadsheet serial numbers and dates with a month's name. */
export function parseMoment(text: string, reading: DateReading): Moment | null {
  const plain = text.trim()
  if (plain === '' || plain.length > 40) return null
  return parseIso(plain, reading) ?? parseNumeric(plain, reading) ?? parseSerial(plain) ?? parseNamed(plain, reading)
}

/** A formatter of dates in one time zone; made once, because making it costs more than using it. */
export function datesIn(timeZone: string): (instant: Date) => string {
  if (timeZone === 'UTC') return (instant) => instant.toISOString().slice(0, 10)
  // sv-SE writes dates as ISO does
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  return (instant) => format.format(instant)
}

function parseIso(text: string, reading: DateReading): Moment | null {
  const found = iso.exec(text)
  if (!found) return null
  const date = calendarDate(Number(found[1]), Number(found[2]), Number(found[3]))
  if (!date || found[4] === undefined) return date ? { date, instant: null } : null
  const wall = wallClock(date, found[4], found[5]!, found[6])
  if (!wall) return null
  const zone = found[7]
  if (zone === undefined) return { date, instant: wall.toISOString() }
  const instant = new Date(wall.getTime() - offsetMinutes(zone) * 60_000)
  return { date: reading.dateOf(instant), instant: instant.toISOString() }
}

function parseNumeric(text: string, reading: DateReading): Moment | null {
  const found = numeric.exec(text)
  if (!found) return null
  const [first, second, third] = [found[1]!, found[2]!, found[3]!]
  if (first.length === 3 || third.length === 3 || (first.length > 2 && third.length > 2)) return null
  if (third.length === 1) return null
  const date =
    first.length === 4
      ? calendarDate(Number(first), Number(second), Number(third))
      : dayAndMonth(fullYear(third, reading), Number(first), Number(second), reading.order)
  if (!date || found[4] === undefined) return date ? { date, instant: null } : null
  const wall = wallClock(date, found[4], found[5]!, found[6])
  return wall && { date, instant: wall.toISOString() }
}

/** A date that the file's order makes impossible is read the other way round. */
function dayAndMonth(year: number, first: number, second: number, order: DateOrder): string | null {
  const dayFirst = calendarDate(year, second, first)
  const monthFirst = calendarDate(year, first, second)
  return order === 'dmy' ? (dayFirst ?? monthFirst) : (monthFirst ?? dayFirst)
}

function parseSerial(text: string): Moment | null {
  const found = serial.exec(text)
  if (!found) return null
  const days = Number(found[1])
  // 1913 to 2064: anything else is more likely a year or a slip of the pen
  if (days < 5_000 || days > 60_000) return null
  return { date: new Date(firstExcelDay + days * day).toISOString().slice(0, 10), instant: null }
}

function parseNamed(text: string, reading: DateReading): Moment | null {
  const found = named.exec(text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase())
  if (!found) return null
  const month = monthOf(found[2]!)
  const date = month === 0 ? null : calendarDate(fullYear(found[3]!, reading), month, Number(found[1]))
  return date ? { date, instant: null } : null
}

/** The month whose known beginning fits best (the longest), or 0. */
function monthOf(word: string): number {
  let best = 0
  let length = 0
  monthNames.forEach((beginnings, i) => {
    for (const beginning of beginnings) {
      if (beginning.length > length && word.startsWith(beginning)) [best, length] = [i + 1, beginning.length]
    }
  })
  return best
}

function fullYear(text: string, reading: DateReading): number {
  if (text.length === 4) return Number(text)
  return Number(text) + (Number(text) > reading.lastYearOf2000s ? 1900 : 2000)
}

function calendarDate(year: number, month: number, dayOfMonth: number): string | null {
  if (year < 1890 || year > 2200 || month < 1 || month > 12 || dayOfMonth < 1) return null
  const date = new Date(Date.UTC(year, month - 1, dayOfMonth))
  return date.getUTCDate() === dayOfMonth && date.getUTCMonth() === month - 1 ? date.toISOString().slice(0, 10) : null
}

function wallClock(date: string, hour: string, minute: string, second = '00'): Date | null {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null
  return new Date(Date.parse(`${date}T${hour.padStart(2, '0')}:${minute}:00Z`) + Number(second) * 1000)
}

function offsetMinutes(zone: string): number {
  const found = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)
  return found ? (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3])) : 0
}
