/** Longest texts that are kept, in characters. */
export const longest = { name: 200, description: 1000, phone: 50, code: 60, cell: 2000 } as const

/** One line of text: no control characters, no doubled spaces, composed letters. What looks like a formula stays. */
export function tidy(text: string): string {
  const visible = text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ').replace(/[\ufeff\u200b\u200e\u200f\u202a-\u202e]/g, '')
  return visible
    .normalize('NFC')
    .replace(/[ \u00a0\u2007\u202f]+/g, ' ')
    .trim()
}

/** Without the apostrophe that spreadsheets put before texts that look like formulas. */
export const unescapeFormula = (text: string): string => (/^'[=+\-@]/.test(text) ? text.slice(1) : text)

/** Letters and digits only, lower case, no accents: for comparing headers and fixed phrases. */
export function fold(text: string): string {
  const bare = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return bare.replace(/[^\p{L}\p{N}]+/gu, ' ').trim()
}

type Email = { email: string } | { email: null; reason: string }

const address = /^[^\s@<>,;:"()[\]\\]{1,64}@(?=.{3,253}$)[a-z0-9\u00a1-\uffff-]+(?:\.[a-z0-9\u00a1-\uffff-]+)+$/i
const placeholders = new Set(
  'no none na nil noemail noaddress nomail noreply nobody unknown sinemail sincorreo nocorreo notiene sensecorreu sensemail nomes sansemail sansmail keine keinemail semail sememail dimebost'.split(
    ' '
  )
)

/** An address that a person can have; addresses that systems make up for those who have none are none. */
export function readEmail(text: string): Email {
  const parts = text
    .replace(/^mailto:/i, '')
    .split(/[\s;,]+/)
    .filter((part) => part !== '')
  const valid = parts.filter((part) => address.test(part))
  const first = valid[0]?.toLowerCase()
  if (first === undefined) return { email: null, reason: 'not an e-mail address; the member is kept without e-mail' }
  const [local = '', domain = ''] = first.split('@')
  if (isInvented(local, domain)) {
    return { email: null, reason: 'an invented e-mail address; the member is kept without e-mail' }
  }
  return { email: first }
}

function isInvented(local: string, domain: string): boolean {
  // TimeOverflow gives user<id>@example.com to those without e-mail, and takes all of example.com for invented
  if (/(?:^|\.)example\.com$/.test(domain)) return true
  if (/\.(?:invalid|localhost|local|test)$/.test(domain)) return true
  if (/(?:^|\.)example\.(?:org|net)$/.test(domain) && /^(?:user|member|usuari|usuario)?[-_.]?\d+$/.test(local))
    return true
  return placeholders.has(local.replace(/[-_.]/g, ''))
}

/** Items of a cell: by semicolon, bar or line where there is one, otherwise by comma. */
export function splitItems(text: string): string[] {
  const separator = /[;|\n]/.test(text) ? /[;|\n]/ : /,/
  const items = text.split(separator).map((item) => unescapeFormula(tidy(item)))
  return [...new Set(items.filter((item) => item !== ''))]
}

/**
 * Names of skills that hold a comma themselves ("Sewing, alterations"): two neighbours that the file, in all of its
 * cells, has only together and in this order, the second in small letters. Needs three sightings.
 */
export function phrasesWithComma(cells: readonly string[]): Set<string> {
  const alone = new Map<string, number>()
  const together = new Map<string, number>()
  for (const cell of cells) {
    const items = cell.split(',').map(tidy)
    items.forEach((item, i) => {
      alone.set(item, (alone.get(item) ?? 0) + 1)
      if (i > 0) together.set(`${items[i - 1]}, ${item}`, (together.get(`${items[i - 1]}, ${item}`) ?? 0) + 1)
    })
  }
  const phrases = new Set<string>()
  for (const [phrase, times] of together) {
    const [first = '', second = ''] = phrase.split(', ')
    const onlyTogether = alone.get(first) === times && alone.get(second) === times
    if (times >= 3 && onlyTogether && /^\p{Lu}/u.test(first) && /^\p{Ll}/u.test(second)) phrases.add(phrase)
  }
  return phrases
}

/** Items of a cell, with the phrases that hold a comma kept whole. */
export function splitSkills(text: string, phrases: ReadonlySet<string>): string[] {
  const items = splitItems(text)
  if (/[;|\n]/.test(text)) return items
  const whole: string[] = []
  for (const item of items) {
    const joined = `${whole.at(-1)}, ${item}`
    if (phrases.has(joined)) whole[whole.length - 1] = joined
    else whole.push(item)
  }
  return whole
}

/** A value as it may be shown in a fault: figures and their punctuation only, never words. */
export function showable(text: string): string {
  const plain = tidy(text)
  if (plain === '') return 'nothing'
  return plain.length <= 25 && /^[\d\s.,:;/+\-\u2212()'hH]+$/.test(plain) ? `"${plain}"` : 'a text'
}
