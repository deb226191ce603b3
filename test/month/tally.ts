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

export type Asked = { at: Date; pair: readonly Person[]; answeredAfter: number | null }

/**
 * What the script keeps by itself of all that it has brought about, by plain addition: at the end it must be what the service
 * says. It asks the service nothing.
 */
export type Tally = {
  exchanges: Map<string, Told>
  /** an exchange that begins; where one of the two had asked the other something, it is an answer */
  began(exchange: Told, at: Date): void
  balances: Map<number, number>
  /** minutes in all, that an exchange or a gift moved */
  move(from: number, to: number, minutes: number): void
  /** notices that somebody must have, as `kind subject`, once each */
  notices: Map<string, string[]>
  tell(kind: string, subject: string, ...people: Person[]): void
  /** requests and first messages: when, and after how many minutes somebody answered */
  asked: { requests: Asked[]; messages: Asked[] }
  /** steps that were tried by those who may not take them, and were refused */
  refusals: number
}

export function makeTally(): Tally {
  const balances = new Map<number, number>()
  const notices = new Map<string, string[]>()
  const exchanges: Tally['exchanges'] = new Map()
  const asked: Tally['asked'] = { requests: [], messages: [] }
  const add = (account: number, minutes: number) => balances.set(account, (balances.get(account) ?? 0) + minutes)
  return {
    exchanges,
    began(exchange, at) {
      exchanges.set(exchange.id, exchange)
      const both = [exchange.provider, exchange.receiver]
      for (const one of asked.messages)
        if (one.answeredAfter === null && at >= one.at && one.pair.every((person) => both.includes(person)))
          one.answeredAfter = (at.getTime() - one.at.getTime()) / 60_000
    },
    balances,
    move(from, to, minutes) {
      add(from, -minutes)
      add(to, minutes)
    },
    notices,
    tell(kind, subject, ...people) {
      for (const { memberId } of people) notices.set(memberId, [...(notices.get(memberId) ?? []), `${kind} ${subject}`])
    },
    asked,
    refusals: 0
  }
}

/** To the nearest quarter of an hour, halves up, and never to nothing: the default policy, reckoned anew. */
export const quarters = (minutes: number): number => Math.max(1, Math.floor(minutes / 15 + 0.5)) * 15

/** In equal parts of whole minutes, the first ones longer by one where it does not come out even. */
export const parts = (total: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.floor(total / count) + (i < total % count ? 1 : 0))
