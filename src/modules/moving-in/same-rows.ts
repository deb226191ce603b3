import type { HistoryRecord } from './parse/index.ts'
import { instantOf, type PlannedExchange, type PlannedSide, type SideName, secondOf } from './planned.ts'
import type { KnownExchange, Snapshot } from './snapshot.ts'

/**
 * Which of the file's rows are recorded already, and as what. By the external id; but one that is derived from the row
 * changes when somebody is deleted there, or comes back. So among rows of the same second and minutes those are the same
 * whose sides do not contradict each other, if one of the two lacks a name that the other may have had. Each row is at
 * most one of what is recorded, and as many rows as possible are (a maximum matching): then a history of which any people
 * have lost their names between two exports never comes twice.
 */
export function sameRows(planned: readonly PlannedExchange[], snapshot: Snapshot): Map<PlannedExchange, KnownExchange> {
  const found = new Map<PlannedExchange, KnownExchange>()
  const groups = new Map<string, { rows: PlannedExchange[]; known: KnownExchange[] }>()
  const groupOf = (instant: string | Date, minutes: number) => {
    const key = `${secondOf(instant)} ${minutes}`
    const group = groups.get(key) ?? { rows: [], known: [] }
    groups.set(key, group)
    return group
  }
  for (const known of snapshot.history.values()) groupOf(known.recordedAt, known.minutes).known.push(known)
  for (const row of planned) {
    const known = snapshot.history.get(row.record.externalId)
    if (known) found.set(row, known)
    if (row.record.idStems !== null) groupOf(instantOf(row.record), row.record.minutes).rows.push(row)
  }
  const sameSide = sideComparer(new Set([...snapshot.members.values()].map(({ id }) => id)), snapshot)
  // first what the ids prove, so that nobody's name goes to somebody else's row for want of another place
  for (const { rows, known } of groups.values())
    for (const mayBe of [isOrWasUnnamed, lacksName])
      if (known.length > 0 && rows.some((row) => !found.has(row))) matchMost(rows, known, found, mayBe, sameSide)
  return found
}

type SameSide = (row: PlannedExchange, known: KnownExchange, side: SideName) => 'same' | 'perhaps' | 'no'

function sideComparer(members: ReadonlySet<string>, snapshot: Snapshot): SameSide {
  const idOf = (side: PlannedSide): string | null => {
    if (side === null) return null
    return 'memberId' in side ? side.memberId : (snapshot.organisations.get(side.organisation) ?? 'to be added')
  }
  return (row, known, side) => {
    const here = known[`${side}Id`] ?? known[`${side}OrganisationId`]
    const there = idOf(row[side])
    if (here === there) return 'same'
    if (here === null || row.record[side].kind === 'anonymous') return 'perhaps'
    // a number that is no member here any more may be that of somebody who has been erased, but of nobody who is here
    return there === null && !members.has(here) ? 'perhaps' : 'no'
  }
}

const sides = ['provider', 'receiver'] as const

/** Adds to `found`, by Kuhn's algorithm: what is found already may come to stand for another row, and stays found. */
function matchMost(
  rows: readonly PlannedExchange[],
  known: readonly KnownExchange[],
  found: Map<PlannedExchange, KnownExchange>,
  mayBe: (record: HistoryRecord, known: KnownExchange) => boolean,
  sameSide: SameSide
): void {
  const holders = new Map<KnownExchange, PlannedExchange>()
  for (const row of rows) {
    const own = found.get(row)
    if (own) holders.set(own, row)
  }
  const candidates = new Map<PlannedExchange, KnownExchange[]>()
  const candidatesOf = (row: PlannedExchange): KnownExchange[] => {
    const done = candidates.get(row)
    if (done) return done
    const { record } = row
    const alike = known.filter(
      (exchange) =>
        exchange.externalId === record.externalId ||
        (mayBe(record, exchange) && sides.every((side) => sameSide(row, exchange, side) !== 'no'))
    )
    // first what the id proves, with as few names lost as can be, then those with the same sides: names stay with whom they are
    const unlike = (exchange: KnownExchange) => sides.filter((side) => sameSide(row, exchange, side) !== 'same').length
    const stems = record.idStems!
    const lost = (exchange: KnownExchange) => {
      const stem = stems.indexOf(stemOf(exchange))
      return stem === -1 ? stems.length : stem
    }
    const sorted = alike.sort((a, b) => lost(a) - lost(b) || unlike(a) - unlike(b))
    candidates.set(row, sorted)
    return sorted
  }
  const take = (row: PlannedExchange, exchange: KnownExchange): true => {
    holders.set(exchange, row)
    found.set(row, exchange)
    return true
  }
  const place = (row: PlannedExchange, tried: Set<KnownExchange>): boolean => {
    const options = candidatesOf(row)
    const free = options.find((exchange) => !holders.has(exchange))
    if (free) return take(row, free)
    for (const exchange of options) {
      if (tried.has(exchange)) continue
      tried.add(exchange)
      if (place(holders.get(exchange)!, tried)) return take(row, exchange)
    }
    return false
  }
  const left = rows.filter((row) => !found.has(row))
  for (const row of left) {
    const twin = candidatesOf(row).find(
      (exchange) => !holders.has(exchange) && sides.every((side) => sameSide(row, exchange, side) === 'same')
    )
    if (twin) take(row, twin)
  }
  for (const row of left) if (!found.has(row)) place(row, new Set())
}

const stemOf = (known: KnownExchange): string => known.externalId.replace(/\d+$/, '')

/**
 * Whether what is recorded came of this row, or of this row without a name: its id says so. Where it came of a row with
 * another name than this one has, that name is not known, and nothing tells whose it was.
 */
export const isOrWasUnnamed = ({ idStems }: HistoryRecord, known: KnownExchange): boolean =>
  idStems === null || idStems.includes(stemOf(known))

/** The row may be any that is recorded with the name, or that has lost the other one. */
const lacksName = (record: HistoryRecord, known: KnownExchange): boolean =>
  record.provider.kind === 'anonymous' || record.receiver.kind === 'anonymous' || isOrWasUnnamed(record, known)
