/** A time as read: `seconds` as written (may hold a fraction), `minutes` rounded to the nearest, halves away from zero. */
export type Time = { seconds: number; minutes: number; doubtful: boolean }

const limitMinutes = 60_000_000
const spaces = /[\s\u00a0\u2007\u2009\u202f]+/g
const minuses = /[\u2212\u2010-\u2015\ufe63\uff0d]/g
const clock = /^(\d{1,7}):([0-5]\d)(?::([0-5]\d))?$/
const words = /^(\d{1,7})(?:h|hrs?|hours?|horas?|hores|heures?|awr|std|uur|u|ore)(?:([0-5]?\d)(?:m|min|mins)?)?$/
const minuteWords = /^(\d{1,8})(?:m|min|mins|minutes?|minutos?|minuts?|minuten|minuti|munud)$/
const unit = /(?:h|hrs?|hours?|horas?|hores|heures?|awr|std|uur|ore)\.?$/

/** Rounds to whole minutes, halves away from zero, so that +x and −x stay opposites. */
export function minutesFromSeconds(seconds: number): number {
  const minutes = Math.floor((Math.abs(seconds) + 30) / 60)
  return seconds < 0 && minutes > 0 ? -minutes : minutes
}

/**
 * Reads hours: `1:30`, `-0:45`, `1h30`, `90 min`, `3 h`, `2,75`, `2.75`, `1.234,50`, `−1,5`, `(2.50)`, `2.5-`.
 * A single separator is the decimal one; if just three digits follow it the result is `doubtful`.
 */
export function parseHours(text: string): Time | null {
  const signed = unsign(text)
  if (!signed) return null
  const { body, sign } = signed
  const clocked = clock.exec(body)
  if (clocked) return time(sign * (Number(clocked[1]) * 3600 + Number(clocked[2]) * 60 + Number(clocked[3] ?? 0)))
  const worded = words.exec(body)
  if (worded) return time(sign * (Number(worded[1]) * 3600 + Number(worded[2] ?? 0) * 60))
  const inMinutes = minuteWords.exec(body)
  if (inMinutes) return time(sign * Number(inMinutes[1]) * 60)
  const decimal = parseDecimal(body.replace(unit, ''))
  if (!decimal) return null
  // whole numbers of 10^-places of an hour, so that no half is decided by a binary fraction
  return time((sign * decimal.digits * 3600) / 10 ** decimal.places, decimal.doubtful)
}

/** Reads a balance in seconds: a whole number, also with thousands separators as spreadsheets write them. */
export function parseSeconds(text: string): Time | null {
  const signed = unsign(text)
  if (!signed) return null
  const grouped = /^\d{1,3}(?:[.,']\d{3})+$/.test(signed.body)
  const plain = grouped ? signed.body.replace(/[.,']/g, '') : signed.body.replace(/[.,]0{1,6}$/, '')
  return /^\d{1,11}$/.test(plain) ? time(signed.sign * Number(plain)) : null
}

function unsign(text: string): { body: string; sign: 1 | -1 } | null {
  if (text.length > 40) return null
  const body = text.replace(spaces, '').replace(minuses, '-').toLowerCase()
  const found = /^\((.+)\)$/.exec(body) ?? /^-(.+)$/.exec(body) ?? /^(.+)-$/.exec(body)
  const rest = found?.[1] ?? body.replace(/^\+/, '')
  return { body: rest, sign: found ? -1 : 1 }
}

function parseDecimal(body: string): { digits: number; places: number; doubtful: boolean } | null {
  if (!/^\d[\d.,']*$|^[.,]\d+$/.test(body)) return null
  const last = Math.max(body.lastIndexOf('.'), body.lastIndexOf(','))
  const separator = last < 0 ? '' : body.charAt(last)
  const once = last >= 0 && body.indexOf(separator) === last
  const whole = once ? body.slice(0, last) : body
  const fraction = once ? body.slice(last + 1) : ''
  const grouped = /[.,']/.test(whole)
  if (grouped && !/^\d{1,3}(?:\.\d{3})+$|^\d{1,3}(?:,\d{3})+$|^\d{1,3}(?:'\d{3})+$/.test(whole)) return null
  if (once && !/^\d{1,6}$/.test(fraction)) return null
  const digits = whole.replace(/[.,']/g, '')
  if (digits.length > 7) return null
  const doubtful = once && !grouped && fraction.length === 3 && /^[1-9]\d{0,2}$/.test(digits)
  return { digits: Number(digits + fraction), places: fraction.length, doubtful }
}

function time(seconds: number, doubtful = false): Time | null {
  const minutes = minutesFromSeconds(seconds)
  // adding zero turns −0 into 0
  return Math.abs(minutes) > limitMinutes ? null : { seconds: seconds + 0, minutes: minutes + 0, doubtful }
}
