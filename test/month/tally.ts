import type { Person } from './town.ts'

/** An exchange as the script has brought it about. Minutes. */
export type Told = {
  id: string
  provider: Person
  receiver: Person
  status: string
  category: string
  service: number
  credit: number
}

/**
 * What the script keeps by itself of all that it has brought about, by plain addition: at the end it must be what the service
 * says. It asks the service nothing.
 */
export type Tally = {
  exchanges: Map<string, Told>
  balances: Map<number, number>
  /** minutes in all, that an exchange or a gift moved */
  move(from: number, to: number, minutes: number): void
  /** notices that somebody must have, as `kind subject`, once each */
  notices: Map<string, string[]>
  tell(kind: string, subject: string, ...people: Person[]): void
  /** steps that were tried by those who may not take them, and were refused */
  refusals: number
}

export function makeTally(): Tally {
  const balances = new Map<number, number>()
  const notices = new Map<string, string[]>()
  const add = (account: number, minutes: number) => balances.set(account, (balances.get(account) ?? 0) + minutes)
  return {
    exchanges: new Map(),
    balances,
    move(from, to, minutes) {
      add(from, -minutes)
      add(to, minutes)
    },
    notices,
    tell(kind, subject, ...people) {
      for (const { memberId } of people) notices.set(memberId, [...(notices.get(memberId) ?? []), `${kind} ${subject}`])
    },
    refusals: 0
  }
}

/** To the nearest quarter of an hour, halves up, and never to nothing: the default policy, reckoned anew. */
export const quarters = (minutes: number): number => Math.max(1, Math.floor(minutes / 15 + 0.5)) * 15
