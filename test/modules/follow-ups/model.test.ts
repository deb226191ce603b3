import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addDays, dateIn, endOfDay } from '../../../src/shared/clock.ts'
import { type Client, ok } from '../../support/app.ts'
import { asOwner, mulberry, seedOf, sizeOf } from '../ledger/support.ts'
import { type Json, makeQueue, type Queue } from './support.ts'

let queue: Queue
let owner: ReturnType<typeof asOwner>

before(async () => {
  queue = await makeQueue('follow_up_model')
  owner = asOwner(queue.stage.ownerUrl, 1)
})

after(async () => {
  await owner.close()
  await queue.stage.close()
})

const rowsOf = async (text: string): Promise<Json[]> => (await owner.pool.query(text)).rows
const dayMs = 24 * 60 * 60 * 1000
const dayOf = (instant: Date) => dateIn('Europe/London', instant)
const beginningOf = (day: string) => endOfDay('Europe/London', addDays(day, -1))

type Cause = { kind: string; subject: string; since: number; step: string }

/** What there is to look after, reckoned from whole tables, row by row, without the service's SQL. */
async function causesNow(now: number, rules: Json): Promise<Cause[]> {
  const [members, offers, requests, exchanges, conversations, crossings, events, noted] = await Promise.all([
    rowsOf('SELECT * FROM members.memberships'),
    rowsOf('SELECT * FROM listings.offers'),
    rowsOf('SELECT * FROM listings.requests'),
    rowsOf('SELECT * FROM exchanges.exchanges'),
    rowsOf('SELECT * FROM conversations.conversations'),
    rowsOf('SELECT * FROM ledger.limit_crossings WHERE closed_at IS NULL ORDER BY crossed_at'),
    rowsOf("SELECT * FROM audit.events WHERE action = 'exchange.disputed' ORDER BY at"),
    rowsOf('SELECT * FROM follow_ups.items WHERE closed_at IS NOT NULL')
  ])
  const today = dayOf(new Date(now))
  const found: Cause[] = []
  const add = (kind: string, subject: string, since: Date | string, step: string) =>
    found.push({ kind, subject, since: (since instanceof Date ? since : beginningOf(since)).getTime(), step })
  const past = (instant: Date, days: number) => days > 0 && now - instant.getTime() >= days * dayMs

  for (const r of requests) {
    const proposed = exchanges.filter((x) => x.request_id === r.id && x.proposed_by !== 'receiver')
    const agreed = exchanges.filter((x) => x.request_id === r.id && (x.agreed_at !== null || x.settled_at !== null))
    const asked = conversations.filter((c) => c.request_id === r.id)
    if (r.status === 'open' && past(r.opened_at, rules.unansweredAfterDays))
      if (proposed.length + agreed.length + asked.length === 0)
        add('unanswered_request', r.id, r.opened_at, 'find_helper')
  }
  for (const c of conversations) {
    const began = exchanges.some(
      (x) =>
        x.created_at > c.started_at &&
        [x.provider_id, x.receiver_id].includes(c.asker_id) &&
        [x.provider_id, x.receiver_id].includes(c.asked_id)
    )
    if (c.first_reply_at === null && !began && past(c.started_at, rules.unansweredAfterDays))
      add('unanswered_message', c.id, c.started_at, 'ask_for_answer')
  }
  const ending = (l: Json) => l.expires_on >= today && l.expires_on <= addDays(today, 7)
  for (const l of offers.filter(ending))
    if (l.status === 'open') add('expiring_offer', l.id, addDays(l.expires_on, -7), 'renew_offer')
  for (const l of requests.filter(ending))
    if (['open', 'matched'].includes(l.status))
      add('expiring_request', l.id, addDays(l.expires_on, -7), 'renew_request')

  for (const m of members) {
    if (m.status !== 'active' || m.roles.includes('broker') || m.roles.includes('admin')) continue
    const own = exchanges.filter((x) => x.provider_id === m.id || x.receiver_id === m.id)
    const helped = own.some((x) => x.status === 'settled' && x.performed_on >= m.joined_on)
    const spoken = noted.some(
      (i) =>
        i.member_id === m.id &&
        ['contacted', 'agreed_to_give', 'agreed_to_ask', 'helper_found', 'will_stay'].includes(i.outcome) &&
        dayOf(i.closed_at) >= m.joined_on
    )
    if (m.joined_on <= addDays(today, -7) && m.joined_on >= addDays(today, -90) && !helped && !spoken)
      add('new_member', m.id, m.joined_on, 'first_contact')
    const latest = own
      .filter((x) => ['settled', 'reported', 'disputed'].includes(x.status))
      .map((x) => x.performed_on)
      .concat(m.joined_on)
      .sort()
      .at(-1)
    if (latest <= addDays(today, -730)) add('inactive_member', m.id, latest, 'contact_then_leave')
    else if (latest <= addDays(today, -90)) add('inactive_member', m.id, latest, 'make_contact')
  }

  for (const x of exchanges) {
    const heard = members.some((m) => [x.provider_id, x.receiver_id].includes(m.id) && m.supported)
    if (
      x.status === 'reported' &&
      rules.unconfirmedAfterDays > 0 &&
      (heard || past(x.reported_at, rules.unconfirmedAfterDays))
    )
      add('unconfirmed_exchange', x.id, x.reported_at, heard ? 'confirm_in_person' : 'remind_to_confirm')
    if (x.status === 'disputed')
      add('disputed_exchange', x.id, events.findLast((e) => e.subject_id === x.id)!.at, 'decide_dispute')
    if (x.status === 'awaiting_risk') add('awaiting_approval', x.id, x.agreed_at, 'look_and_approve')
  }
  const accounts = new Set<string>()
  for (const c of crossings) {
    if (accounts.has(`${c.which} ${c.account_id}`)) continue
    accounts.add(`${c.which} ${c.account_id}`)
    add(
      `${c.which}_crossed`,
      c.transfer_id,
      c.crossed_at,
      c.which === 'floor' ? 'talk_about_giving' : 'talk_about_asking'
    )
  }
  return found.filter(
    ({ kind, subject, since, step }) =>
      !noted.some(
        (i) =>
          i.kind === kind &&
          i.subject_id === subject &&
          i.outcome !== 'settled_itself' &&
          i.since.getTime() >= since &&
          i.step === step
      )
  )
}

const stepsTaken = sizeOf('FOLLOW_UP_STEPS', 160)

test('after any steps the queue is what a plain reckoning says, and the job done twice is as done once', async () => {
  const seed = seedOf('follow-ups')
  const random = mulberry(seed)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
  const { admin } = queue
  const people: Client[] = []
  const join = async () => {
    people.push(await queue.member({ profile: random() < 0.2 ? { supported: true } : {} }))
  }
  for (let i = 0; i < 4; i += 1) await join()
  const rules = { unansweredAfterDays: 3, unconfirmedAfterDays: 7 }
  await queue.policy({ brokerApprovalAboveMinutes: 240, memberFloorSoft: -180, ...rules })
  const requests: { id: string; by: Client }[] = []
  const exchanges: string[] = []
  const conversations: string[] = []
  const keep = (list: string[], answer: Json) => {
    if (answer.status < 300) list.push(answer.body.id)
  }
  /** The sixth takes pauses. */
  const active = () => people.filter((_, i) => i !== 5)
  const two = () => people.toSorted(() => random() - 0.5) as [Client, Client]
  const openOnes = async (): Promise<Json[]> =>
    ok(await admin.get('follow-ups?limit=200&state=all')).items.filter((f: Json) => f.state !== 'closed')

  const deeds: (() => Promise<unknown>)[] = [
    async () => people.length < 9 && join(),
    async () => {
      const by = pick(active())
      const { id } = await queue.request(by, { expiresOn: queue.inDays(Math.ceil(random() * 60)) })
      requests.push({ id, by })
    },
    async () => queue.offer(pick(active()), { expiresOn: queue.inDays(Math.ceil(random() * 60)) }),
    async () => {
      const [a, b] = two()
      keep(exchanges, await a.post('exchanges', { ...queue.between(a, b), minutes: pick([60, 300]) }))
    },
    async () => {
      const [a] = two()
      const request = pick(requests)
      if (request && request.by !== a)
        keep(exchanges, await a.post('exchanges', queue.between(a, request.by, { requestId: request.id })))
    },
    async () => {
      const [a, b] = two()
      keep(
        exchanges,
        await a.post('exchanges/reports', queue.between(a, b, { performedOn: queue.today(), minutes: pick([60, 120]) }))
      )
    },
    async () =>
      keep(
        exchanges,
        await admin.post('exchanges/records', {
          ...queue.between(...two()),
          performedOn: queue.today(),
          minutes: pick([60, 120])
        })
      ),
    ...(['agreement', 'decline', 'cancellation', 'approval', 'confirmation', 'confirmation'] as const).map(
      (name) => async () => {
        if (exchanges.length > 0)
          await admin.post(`exchanges/${exchanges.at(-1 - Math.floor(random() * 4)) ?? exchanges[0]}/${name}`, {})
      }
    ),
    async () => {
      if (exchanges.length > 0)
        await admin.post(`exchanges/${pick(exchanges)}/report`, { minutes: 60, performedOn: queue.today() })
    },
    async () => {
      if (exchanges.length > 0)
        await pick(people).post(`exchanges/${exchanges.at(-1)}/dispute`, { reason: 'It was otherwise' })
    },
    async () => {
      if (requests.length > 0)
        keep(conversations, await pick(people).post(`requests/${pick(requests).id}/conversations`, { text: 'May I?' }))
    },
    async () => {
      if (conversations.length > 0)
        await pick(people).post(`conversations/${pick(conversations)}/messages`, { text: 'Yes' })
    },
    async () => {
      const open = await openOnes()
      if (open.length > 0) ok(await queue.note(pick(open).id, pick(['contacted', 'nothing_needed'])))
    },
    async () => {
      const open = await openOnes()
      if (open.length > 0)
        ok(await admin.put(`follow-ups/${pick(open).id}/snooze`, { until: queue.inDays(Math.ceil(random() * 20)) }))
    },
    async () => {
      Object.assign(rules, { unansweredAfterDays: pick([0, 1, 3, 10]), unconfirmedAfterDays: pick([0, 3, 7]) })
      await queue.policy(rules)
    },
    async () => {
      const who = people.length > 5 ? people[5]! : null
      if (who) await who.post(`members/${who.memberId}/${pick(['pause', 'resumption'])}`, {})
    },
    async () => queue.shift(random() * 3),
    async () => queue.shift(random() * 3),
    async () => queue.shift(pick([1, 6, 30, 95, 700]) * random())
  ]
  const kinds = new Set<string>()
  for (let step = 0; step < stepsTaken; step += 1) {
    await pick(deeds)()
    // the clock stands still between two calls of the tests, as it never does
    queue.shift(0.0001)
    if (step % 8 < 7) continue
    await queue.look()
    const once = await rowsOf('SELECT * FROM follow_ups.items ORDER BY kind, subject_id, round')
    await Promise.all([queue.look(), queue.look()])
    assert.deepEqual(await rowsOf('SELECT * FROM follow_ups.items ORDER BY kind, subject_id, round'), once, 'twice')
    const text = ({ kind, subject, since, step: next }: Cause) =>
      `${kind} ${subject} ${new Date(since).toISOString()} ${next}`
    const open = once
      .filter((i) => i.closed_at === null)
      .map((i) => text({ kind: i.kind, subject: i.subject_id, since: i.since.getTime(), step: i.step }))
    const reckoned = (await causesNow(queue.stage.clock.now!.getTime(), rules)).map(text)
    assert.deepEqual(open.sort(), reckoned.sort(), `step ${step}, SEED=${seed}`)
    for (const { kind } of once) kinds.add(kind)
  }
  assert.ok(kinds.size >= 5, [...kinds].join())
})
