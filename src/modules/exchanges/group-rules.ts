/** How one provider's time is charged to several receivers. */
export const groupRules = ['split_equal', 'each_pays_surplus_to_pot', 'pot_pays'] as const
export type GroupRule = (typeof groupRules)[number]

/**
 * Whole minutes in as equal parts as can be, by largest remainder: the remainders are all the same, and so the minutes that
 * are left go to the first ones in the order given. 100 in 3 parts: 34, 33, 33.
 */
export function splitEqually(total: number, parts: number): number[] {
  const least = Math.floor(total / parts)
  const left = total - least * parts
  return Array.from({ length: parts }, (_, i) => (i < left ? least + 1 : least))
}

/** What belongs to one provider and one receiver. Minutes. */
export type Pair = {
  /** real time given */
  service: number
  /** what the provider gets for it */
  credit: number
  /** what the receiver gives to the pot beyond it */
  surplus: number
}

/**
 * One provider's time among several receivers. What it is worth is rounded as a whole before it is shared: what the provider
 * gets does not depend on how many there were, and no receiver's share is rounded up to a step of its own.
 */
export function shareAmong(receivers: number, minutes: number, credit: number, rule: GroupRule): Pair[] {
  const credits = splitEqually(credit, receivers)
  return splitEqually(minutes, receivers).map((service, i) => {
    const own = credits[i]!
    return { service, credit: own, surplus: rule === 'each_pays_surplus_to_pot' ? credit - own : 0 }
  })
}

/** Several providers, one receiver: each gets their own time, and the receiver pays for all of it. */
export const eachTheirOwn = (providers: readonly { minutes: number; credit: number }[]): Pair[] =>
  providers.map(({ minutes, credit }) => ({ service: minutes, credit, surplus: 0 }))

/** One movement. `pair`: to which it belongs. */
export type PlannedLeg = {
  pair: number
  kind: 'exchange' | 'surplus'
  debit: number
  credit: number
  minutes: number
}

type Accounts = { provider: number | null; receiver: number | null }

/** Paid time by policy, or colleagues of one organisation: what comes to no account, or to the same one, moves nothing. */
export const isRecordOnly = ({ provider, receiver }: Accounts): boolean =>
  provider === null || receiver === null || provider === receiver

/** What moves for the pairs, in their order: first what the provider gets, then what is given to the pot. */
export function legsFor(pairs: readonly (Pair & Accounts)[], pot: number, rule: GroupRule | null): PlannedLeg[] {
  return pairs.flatMap(({ provider, receiver, credit, surplus }, pair) => {
    if (provider === null || receiver === null || provider === receiver) return []
    const debit = rule === 'pot_pays' ? pot : receiver
    const legs: PlannedLeg[] = [
      { pair, kind: 'exchange', debit, credit: provider, minutes: credit },
      { pair, kind: 'surplus', debit: receiver, credit: pot, minutes: surplus }
    ]
    return legs.filter(({ minutes }) => minutes > 0)
  })
}
