/** How one provider's time is charged to several receivers. */
export const groupRules = ['split_equal', 'each_pays_surplus_to_pot', 'pot_pays', 'budget_pays'] as const
export type GroupRule = (typeof groupRules)[number]

/**
 * Whole minutes in proportion to weights, by largest remainder (Hamilton's method); ties in the order given. By 1, 1, 1 of 100:
 * 34, 33, 33.
 */
export function splitByWeight(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0)
  const parts = weights.map((weight) => Math.floor((total * weight) / sum))
  const left = total - parts.reduce((all, part) => all + part, 0)
  const remainder = (i: number) => (total * weights[i]!) % sum
  const next = weights.map((_, i) => i).sort((a, b) => remainder(b) - remainder(a) || a - b)
  for (const i of next.slice(0, left)) parts[i]! += 1
  return parts
}

/** The same, where nobody is left without a minute: who would have less has one, and the others share the rest. */
export function splitWithLeast(total: number, weights: readonly number[]): number[] {
  const small = new Set<number>()
  for (;;) {
    const others = weights.flatMap((weight, i) => (small.has(i) ? [] : [[i, weight] as const]))
    const sum = others.reduce((all, [, weight]) => all + weight, 0)
    const rest = total - small.size
    const less = others.filter(([, weight]) => rest * weight < sum)
    for (const [i] of less) small.add(i)
    if (less.length > 0) continue
    const parts = splitByWeight(
      rest,
      others.map(([, weight]) => weight)
    )
    const shares = new Map(others.map(([i], at) => [i, parts[at]!]))
    return weights.map((_, i) => shares.get(i) ?? 1)
  }
}

/** What one provider gave. Minutes. */
export type Time = { minutes: number; preparation: number; travel: number }

/** What the policy makes of time. */
export type Counting = {
  /** credits for so many minutes */
  worth(minutes: number): number
  countPreparation: boolean
  countTravel: boolean
}

/** What belongs to one provider and one receiver. Minutes. */
export type Pair = {
  /** real time given */
  service: number
  /** for how long the receiver was there */
  contact: number
  /** of the provider's, for the record */
  preparation: number
  travel: number
  /** what the provider gets for the time given */
  credit: number
  /** what the provider gets for preparation and travel, as far as they count */
  prepared: number
  /** what the receiver gives to the pot beyond it */
  surplus: number
}

/**
 * One provider's time among those that they helped, in proportion to how long each was there. What it is worth is rounded as a
 * whole, preparation and travel with it, before it is shared: what the provider gets does not depend on how many there were,
 * and no share is rounded up to a step of its own. Where each pays, it is for as long as they were there, but not for less
 * than their share.
 */
export function shareAmong(
  { minutes, preparation, travel }: Time,
  contacts: readonly number[],
  rule: GroupRule | null,
  { worth, countPreparation, countTravel }: Counting
): Pair[] {
  const credit = worth(minutes)
  const counted = (countPreparation ? preparation : 0) + (countTravel ? travel : 0)
  const prepared = counted === 0 ? 0 : worth(minutes + counted) - credit
  const shares = splitWithLeast(minutes, contacts)
  const of = (total: number) => splitByWeight(total, contacts)
  const [preparations, travels, credits, extras] = [of(preparation), of(travel), of(credit), of(prepared)]
  return contacts.map((contact, i) => {
    const own = credits[i]!
    const charged = contact >= minutes ? credit : Math.max(own, worth(contact))
    return {
      service: shares[i]!,
      contact,
      preparation: preparations[i]!,
      travel: travels[i]!,
      credit: own,
      prepared: extras[i]!,
      surplus: rule === 'each_pays_surplus_to_pot' ? charged - own : 0
    }
  })
}

/** One movement. `pair`: to which it belongs. */
export type PlannedLeg = {
  pair: number
  kind: 'exchange' | 'preparation' | 'surplus'
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
  return pairs.flatMap(({ provider, receiver, credit, prepared, surplus }, pair) => {
    if (provider === null || receiver === null || provider === receiver) return []
    const debit = rule === 'pot_pays' ? pot : receiver
    const legs: PlannedLeg[] = [
      { pair, kind: 'exchange', debit, credit: provider, minutes: credit },
      { pair, kind: 'preparation', debit, credit: provider, minutes: prepared },
      { pair, kind: 'surplus', debit: receiver, credit: pot, minutes: surplus }
    ]
    return legs.filter(({ minutes }) => minutes > 0)
  })
}
