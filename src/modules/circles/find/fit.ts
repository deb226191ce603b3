import type { FindOptions, Open } from './input.ts'

/**
 * How well an offer fits a request, 0 to 1, or null where it does not fit at all; and how many steps of minutes the two
 * allow. It is a weighted mean of six parts, each 0 to 1.
 */
export type Fit = { fit: number; leastSteps: number; mostSteps: number }

/** Stands for "as long as you like". */
export const anySteps = 1_000_000

/** Somebody who has waited for so long has waited as long as counts. */
const longestWaitDays = 90

/** Where one of the two has not said, it is neither for nor against. */
const unknown = 0.5

/** Of words, of which common ones say little: the weight of each falls with the number of listings that have it. */
export type Vocabulary = { number(word: string): number; weight: Float64Array }

/** A listing with all that a comparison needs at hand. */
export type Ready = {
  open: Open
  /** sorted numbers of its words, and the sum of their weights */
  words: Int32Array
  wordsWeight: number
  leastSteps: number
  mostSteps: number
}

export function vocabularyOf(all: readonly Open[]): Vocabulary {
  const numbers = new Map<string, number>()
  const counts: number[] = []
  for (const { words } of all)
    for (const word of new Set(words)) {
      const number = numbers.get(word) ?? numbers.size
      numbers.set(word, number)
      counts[number] = (counts[number] ?? 0) + 1
    }
  return {
    number: (word) => numbers.get(word)!,
    weight: Float64Array.from(counts, (count) => Math.log(1 + all.length / count))
  }
}

export function makeReady(
  open: Open,
  kind: 'offer' | 'request',
  { number, weight }: Vocabulary,
  granularity: number
): Ready {
  const words = Int32Array.from(new Set(open.words), number).sort()
  const minutes = open.estimatedMinutes
  return {
    open,
    words,
    wordsWeight: words.reduce((sum, word) => sum + weight[word]!, 0),
    // nobody gives longer than they have offered, or is helped longer than they have asked, or for less than half of that
    mostSteps: minutes === null ? anySteps : Math.max(1, Math.floor(minutes / granularity)),
    leastSteps: minutes === null || kind === 'offer' ? 1 : Math.max(1, Math.ceil(minutes / 2 / granularity))
  }
}

/** Equal, one within the other, or beside each other in one branch; others have nothing in common. */
export function categoryLikeness(a: readonly string[], b: readonly string[]): number {
  let common = 0
  while (common < a.length && common < b.length && a[common] === b[common]) common += 1
  if (common === 0) return 0
  if (common === a.length && common === b.length) return 1
  if (common === a.length || common === b.length) return 0.8
  return common === a.length - 1 && common === b.length - 1 ? siblings : 0
}

/** Beside each other in one branch; these need words in common too. */
const siblings = 0.4
const leastWordsOfSiblings = 0.2

export function fitOf(
  offer: Ready,
  request: Ready,
  likeness: number,
  { weight }: Vocabulary,
  { weights, mostKm }: FindOptions
): Fit | null {
  const [o, r] = [offer.open, request.open]
  const leastSteps = Math.max(offer.leastSteps, request.leastSteps)
  const mostSteps = Math.min(offer.mostSteps, request.mostSteps)
  if (leastSteps > mostSteps) return null
  const manner = mannerOf(o, r)
  if (manner === 0) return null
  const availability = availabilityOf(o.availability, r.availability)
  if (availability === 0) return null
  if (!speakTogether(o.languages, r.languages)) return null
  const near = isRemote(o.setting) || isRemote(r.setting) ? 1 : nearness(o.place, r.place, mostKm)
  if (near < 0) return null
  const words = wordsLikeness(offer, request, weight)
  if (likeness === siblings && words < leastWordsOfSiblings) return null
  const waiting = Math.min(1, r.waitingDays / longestWaitDays)
  const sum =
    weights.category * likeness +
    weights.words * words +
    weights.near * near +
    weights.availability * availability +
    weights.manner * manner +
    weights.waiting * waiting
  const whole =
    weights.category + weights.words + weights.near + weights.availability + weights.manner + weights.waiting
  return { fit: whole === 0 ? 0 : sum / whole, leastSteps, mostSteps }
}

/** Weighted share of the words of both that both have (Dice's coefficient). */
function wordsLikeness(a: Ready, b: Ready, weight: Float64Array): number {
  const whole = a.wordsWeight + b.wordsWeight
  if (whole === 0) return 0
  let common = 0
  for (let i = 0, j = 0; i < a.words.length && j < b.words.length; ) {
    const [x, y] = [a.words[i]!, b.words[j]!]
    if (x === y) common += weight[x]!
    if (x <= y) i += 1
    if (y <= x) j += 1
  }
  return (2 * common) / whole
}

const isRemote = (setting: Open['setting']) => setting === 'online' || setting === 'phone'

/** 0: one of them cannot be where, or as, the other asks. Doing something together is half of doing it and of teaching it. */
function mannerOf(offer: Open, request: Open): number {
  const mode = offer.mode === request.mode ? 1 : offer.mode === 'together' || request.mode === 'together' ? 0.5 : 0
  const [a, b] = [offer.setting, request.setting]
  if (a === b || a === 'any' || b === 'any') return mode
  if (isRemote(a) !== isRemote(b)) return 0
  const atHome = (a === 'provider_home' && b === 'receiver_home') || (a === 'receiver_home' && b === 'provider_home')
  return atHome ? 0 : mode / 2
}

function availabilityOf(a: number, b: number): number {
  if (a === 0 || b === 0) return unknown
  const common = bits(a & b)
  return common / Math.min(bits(a), bits(b))
}

function bits(mask: number): number {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1
  return count
}

const speakTogether = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === 0 || b.length === 0 || a.some((language) => b.includes(language))

const kmPerDegree = 111.2

/** 1 at the same place, 0 at the furthest that somebody goes, −1 beyond. On a plane: good enough for a town. */
function nearness(a: Open['place'], b: Open['place'], mostKm: number): number {
  if (a === null || b === null) return unknown
  const north = (a.latitude - b.latitude) * kmPerDegree
  // the other way round the world may be the shorter one
  const degrees = Math.abs(a.longitude - b.longitude)
  const east =
    Math.min(degrees, 360 - degrees) * kmPerDegree * Math.cos(((a.latitude + b.latitude) / 2) * (Math.PI / 180))
  const km = Math.hypot(north, east)
  return km > mostKm ? -1 : 1 - km / mostKm
}
