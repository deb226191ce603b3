import assert from 'node:assert/strict'
import type { Answer } from '../support/app.ts'
import { makeTally, type Tally } from './tally.ts'
import { type Month, makeMonth, type Person } from './town.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the script, which knows their shape
export type Json = any

export type Play = {
  month: Month
  tally: Tally
  random: Random
  /** admin and broker, and a second broker */
  ada: Person
  ben: Person
  /** who sign in, and who do not */
  members: Person[]
  offline: Person[]
  categories: Record<string, string>
  /** community pot: account number */
  pot: number
  /** what is to be done on later days, in the order in which it was planned */
  later(days: number, step: () => Promise<void>): void
  /** today in the timebank */
  today(): string
}

/** Somebody does something; any other answer than that status ends the script. */
export async function does(
  person: Person,
  method: string,
  path: string,
  body?: unknown,
  status?: number
): Promise<Json> {
  const answer = await person.call(method, path, body)
  return expect(answer, status ?? (method === 'POST' ? 'any' : 200))
}

export function expect(answer: Answer, status: number | 'any'): Json {
  const right = status === 'any' ? answer.status >= 200 && answer.status < 300 : answer.status === status
  assert.ok(right, `${answer.status} ${answer.text}`)
  return answer.body
}

/** Somebody tries what is not theirs to do, and is refused without anything having happened. */
export async function mayNot(play: Play, person: Person, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await person.call(method, path, body)
  assert.ok(
    [403, 404, 409].includes(answer.status),
    `${person.name} ${method} ${path}: ${answer.status} ${answer.text}`
  )
  play.tally.refusals += 1
}

/** Whole numbers that come out the same for the same seed (mulberry32). */
export type Random = {
  below(count: number): number
  of<T>(all: readonly T[]): T
  other<T>(all: readonly T[], not: T): T
}

function makeRandom(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (count: number) => Math.floor(next() * count)
  const of: Random['of'] = (all) => all[below(all.length)]!
  return {
    below,
    of,
    other: (all, not) => {
      for (;;) {
        const one = of(all)
        if (one !== not) return one
      }
    }
  }
}

export const firstDay = '2027-03-01'
export const lastDay = '2027-04-04'

const day = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)

/** A timebank of 300: two brokers, 280 who sign in, 18 whom the brokers act for. */
export async function beginPlay(seed: number): Promise<{ play: Play; run(): Promise<void> }> {
  const month = await makeMonth('month', `${firstDay}T08:00:00Z`)
  const email = 'ada@longmead.example'
  const setUp = await month.stage.anonymous.post('/v1/setup', {
    code: month.stage.setupCode,
    timebank: { name: 'Longmead Timebank', slug: month.slug, timeZone: 'Europe/London' },
    admin: { name: 'Ada', email, password: 'correct horse battery staple' }
  })
  assert.equal(setUp.status, 201, setUp.text)
  const ada = await month.signedIn('Ada', email)
  const add = async (name: string, address: string | null, more: object = {}) => {
    const made = await does(ada, 'POST', 'members', {
      displayName: name,
      ...(address ? { email: address } : {}),
      status: 'active',
      screeningDone: { references: 2, interview: 'in_person' },
      ...more
    })
    if (address) return month.signedIn(name, address)
    return { name, email: null, memberId: made.id, number: made.number, accountId: made.accountId, call: ada.call }
  }
  const ben = await add('Ben', 'ben@longmead.example', { roles: ['broker'] })
  const members: Person[] = []
  for (let i = 1; i <= 280; i += 1) members.push(await add(`Member ${i}`, `m${i}@longmead.example`))
  const offline: Person[] = []
  for (let i = 1; i <= 18; i += 1) offline.push(await add(`Offline ${i}`, null))
  const tree = await does(ada, 'GET', 'categories')
  const categories = Object.fromEntries(tree.items.map(({ slug, id }: Json) => [slug, id]))
  const plans = new Map<string, (() => Promise<void>)[]>()
  let today = firstDay
  const play: Play = {
    month,
    tally: makeTally(),
    random: makeRandom(seed),
    ada,
    ben,
    members,
    offline,
    categories,
    pot: 1,
    later: (days, step) => {
      const on = day(today, days)
      // into the same list: one that is being worked through may grow
      const steps = plans.get(on) ?? []
      steps.push(step)
      plans.set(on, steps)
    },
    today: () => today
  }
  return {
    play,
    run: async () => {
      for (; today <= lastDay; today = day(today, 1)) {
        await month.moveTo(`${today}T09:00:00Z`)
        // what a step plans for the same day is done on it too
        for (const step of plans.get(today) ?? []) await step()
        await month.moveTo(`${today}T20:00:00Z`)
      }
    }
  }
}
