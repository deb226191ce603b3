import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { freshId } from '../bench/load/template.ts'
import type { Townsperson } from '../test/support/town.ts'

/** Everything that a client was told for certain. Nothing else may have happened, and all of this must have. */
export type Told =
  | { what: 'transfer'; id: string; debit: number; credit: number; minutes: number }
  /** an id under which nothing may be posted, ever */
  | { what: 'refusal'; id: string }
  /** the state in which an exchange was answered last */
  | { what: 'exchange'; id: string; status: string; debit: number; credit: number; minutes: number }

export const flowKinds = ['gift', 'transfer', 'batch', 'exchange', 'record'] as const
export type FlowKind = (typeof flowKinds)[number]

export type World = {
  url: string
  slug: string
  categoryId: string
  broker: Townsperson
  members: Townsperson[]
}

/** How the flows tell of an answer: `sentAt` is when its request was sent for the last time. */
export type Tell = (told: Told[], sentAt: number) => void

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, whose shape is known here
type Json = any
type Answer = { status: number; body: Json; sentAt: number }

/** As long as this without an answer that stands, and the campaign has failed. */
const patienceMs = 90_000

/** Sends until there is an answer that stands: one key and one body for all tries, as a client on a bad line does. */
async function insist(url: string, token: string, body: unknown, key: string): Promise<Answer> {
  const text = JSON.stringify(body)
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': key,
    // staff move the hours of others on their word only
    ...(/\/transfers(\/batch)?$/.test(url) ? { 'commonhours-source': 'phone' } : {})
  }
  for (const end = Date.now() + patienceMs; ; ) {
    const sentAt = Date.now()
    if (sentAt > end) throw new Error(`no answer from ${url}`)
    try {
      const answer = await fetch(url, { method: 'POST', headers, body: text, signal: AbortSignal.timeout(15_000) })
      const content: Json = await answer.json()
      const passing = answer.status >= 500 || answer.status === 429 || content.code === 'idempotency-key-in-use'
      if (!passing) return { status: answer.status, body: content, sentAt }
    } catch {
      // not reachable, or cut off in the middle
    }
    await sleep(10 + Math.random() * 100)
  }
}

/** Two different members. */
function pair(members: Townsperson[]): [Townsperson, Townsperson] {
  const at = Math.floor(Math.random() * members.length)
  return [members[at]!, members[(at + 1 + Math.floor(Math.random() * (members.length - 1))) % members.length]!]
}

/** As a broker writes it down for whose hours they are. */
const movement = (from: Townsperson, to: Townsperson, minutes: number) => ({
  operation: 'transfer',
  debitAccount: from.accountId,
  creditAccount: to.accountId,
  minutes,
  kind: 'gift',
  onBehalfOf: from.id
})

/** Runs one flow of a kind to its end and tells of every answer. */
export async function runFlow(world: World, kind: FlowKind, tell: Tell): Promise<void> {
  const home = `${world.url}/v1/timebanks/${world.slug}`
  const performedOn = '2026-01-15'
  const post = async (where: string, token: string, body: unknown, key: string = randomUUID()): Promise<Answer> => {
    const answer = await insist(`${home}/${where}`, token, body, key)
    // now and then an answer gets lost on its way, or somebody presses twice: it must be the same again
    if (Math.random() < 0.1) {
      const again = await insist(`${home}/${where}`, token, body, key)
      if (again.status !== answer.status || !sameAnswer(answer.body, again.body))
        throw new Error(
          `another answer to a repeat of ${where}: ${answer.status} ${JSON.stringify(answer.body)}, then ${again.status} ${JSON.stringify(again.body)}`
        )
    }
    return answer
  }
  const unexpected = (where: string, { status, body }: Answer) =>
    new Error(`${where} answered ${status} ${JSON.stringify(body).slice(0, 400)}`)
  const [from, to] = pair(world.members)
  const minutes = 15 * (1 + Math.floor(Math.random() * 8))
  const sides = { debit: from.accountId, credit: to.accountId, minutes }

  if (kind === 'gift' || kind === 'transfer') {
    const id = freshId()
    const answer =
      kind === 'gift'
        ? await post('gifts', from.token, { to: { memberId: to.id }, minutes }, id)
        : await post('transfers', world.broker.token, movement(from, to, minutes), id)
    if (answer.status === 201) tell([{ what: 'transfer', id, ...sides }], answer.sentAt)
    else if (answer.status === 422) tell([{ what: 'refusal', id }], answer.sentAt)
    else throw unexpected(kind, answer)
    return
  }

  if (kind === 'batch') {
    const operations = Array.from({ length: 20 }, () => {
      const [debtor, creditor] = pair(world.members)
      return { id: freshId(), ...movement(debtor, creditor, minutes) }
    })
    const answer = await post('transfers/batch', world.broker.token, { atomic: false, dryRun: false, operations })
    if (answer.status !== 200) throw unexpected(kind, answer)
    const codes = new Map<string, string>(answer.body.results.map(({ id, code }: Json) => [id, code]))
    tell(
      operations.map(({ id, debitAccount, creditAccount }) =>
        ['posted', 'replayed'].includes(codes.get(id) ?? '')
          ? { what: 'transfer', id, debit: debitAccount, credit: creditAccount, minutes }
          : { what: 'refusal', id }
      ),
      answer.sentAt
    )
    return
  }

  // an exchange: the receiver is debited
  const exchange = {
    provider: { memberId: to.id },
    receiver: { memberId: from.id },
    categoryId: world.categoryId,
    minutes
  }
  if (kind === 'record') {
    const recorded = await post('exchanges/records', world.broker.token, { ...exchange, performedOn })
    if (recorded.status === 201)
      tell([{ what: 'exchange', id: recorded.body.id, status: 'settled', ...sides }], recorded.sentAt)
    else if (recorded.status !== 422) throw unexpected(kind, recorded)
    return
  }
  const proposed = await post('exchanges', to.token, exchange)
  if (proposed.status !== 201) throw unexpected('a proposal', proposed)
  const { id } = proposed.body
  const at = (answer: Answer) => {
    if (answer.status !== 200 && answer.status !== 201) throw unexpected('a step of an exchange', answer)
    tell([{ what: 'exchange', id, status: answer.body.status, ...sides }], answer.sentAt)
  }
  at(proposed)
  at(await post(`exchanges/${id}/agreement`, from.token, {}))
  at(await post(`exchanges/${id}/report`, to.token, { minutes, performedOn }))
  const confirmed = await post(`exchanges/${id}/confirmation`, from.token, {})
  // a limit refused it, and it waits on
  if (confirmed.status === 422) return
  at(confirmed)
  if (Math.random() < 0.3) at(await post(`exchanges/${id}/reversal`, world.broker.token, { reason: 'Now and then' }))
}

/** What a repeat answers is the first answer; that of a refusal has an instance of its own. */
function sameAnswer(first: Json, again: Json): boolean {
  const bare = ({ instance: _, ...rest }: Json) => JSON.stringify(rest)
  return bare(first) === bare(again)
}
