import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { makeIdentity } from '../src/modules/identity/index.ts'
import { agencyScopes } from '../src/shared/agency-scopes.ts'
import type { Town } from '../test/support/town.ts'
import { citySize, makeCity } from './city.ts'
import type { Ground } from './ground.ts'
import type { Options } from './options.ts'
import { type Figure, measuredAtMost, type Section } from './report.ts'

/** What an OpenAPI document says of a parameter, as far as it is used here. */
type Parameter = {
  name: string
  in: 'path' | 'query' | 'header'
  schema: { enum?: unknown[]; type?: string; anyOf?: { enum?: unknown[] }[] }
}
type List = { path: string; filters: Parameter[] }

/** Values to ask with, by the name of a parameter; several for each, so that not always the same rows are read. */
type Samples = Record<string, string[]>

type Measured = { name: string; p95: number; count: number }

/** Requests for each list, caller and filter, over different samples; half of them go on to the next page. */
const rounds = 20

/** A table of which so few rows are read whole is no fault. */
const smallTable = 5000

/**
 * Every list of the API, found by its `limit` and `cursor` in the OpenAPI document, on a city's timebank: without a filter and
 * with each of its filters by itself, as a broker, as a member and as an agency's system. A list whose parameters nobody here knows is told as one
 * without a figure.
 */
export async function listFigures(ground: Ground, options: Options): Promise<Section> {
  const size = citySize(options)
  const begun = performance.now()
  const town = await makeCity(ground, size)
  const filled = (performance.now() - begun) / 1000
  const counts = Object.entries(size).map(([what, count]) => `${count.toLocaleString('en')} ${what}`)
  return {
    title: 'Lists: p95 of each with its slowest filter, one page at a time',
    figures: [
      { name: `filled: ${counts.join(', ')}`, value: `${filled.toFixed(0)} s` },
      ...(await measureLists(ground, town))
    ]
  }
}

/** `only`: those whose address has it. */
export async function measureLists(ground: Ground, town: Town, only = /./): Promise<Figure[]> {
  const samples = await samplesOf(ground.owner, town)
  const figures: Figure[] = []
  for (const list of await listsOf(ground.service.url)) {
    if (!only.test(list.path)) continue
    await town.signIn()
    figures.push(await listFigure(ground, town, list, samples))
  }
  return figures
}

async function listsOf(url: string): Promise<List[]> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, { get?: { parameters?: Parameter[] } }>
  }
  return Object.entries(document.paths).flatMap(([path, { get }]) => {
    const query = get?.parameters?.filter((parameter) => parameter.in === 'query') ?? []
    const names = query.map(({ name }) => name)
    // who fits is weighed anew for each who asks: the matching part measures that
    if (path.endsWith('/candidates')) return []
    if (!path.includes('{timebank}') || !names.includes('limit') || !names.includes('cursor')) return []
    return [{ path, filters: query.filter(({ name }) => name !== 'limit' && name !== 'cursor') }]
  })
}

const nameOf = ({ path }: List): string => path.replace('/v1/timebanks/{timebank}/', '')

async function listFigure(ground: Ground, town: Town, list: List, samples: Samples): Promise<Figure> {
  const name = nameOf(list)
  const unknown = [...list.path.matchAll(/\{(\w+)\}/g)].map(([, key]) => key!).filter((key) => !samples[key]?.length)
  // between timebanks: this one is alone
  if (unknown.includes('partner')) return { name, value: 'not asked' }
  if (unknown.length > 0) return { name, failed: `nothing to ask with: ${unknown.join(', ')}` }
  const { measured, refused, whole } = await allWays(ground, town, list, samples)
  const readWholeBy = whole.length > 0 ? await readBy(ground, town, list, samples) : []
  const worst = measured.toSorted((a, b) => b.p95 - a.p95)[0]
  if (refused.length > 0 || !worst) return { name, failed: `refused: ${refused.slice(0, 3).join('; ')}` }
  if (readWholeBy.length > 0) return { name, failed: `read whole: ${readWholeBy.join(', ')}` }
  return {
    name: `${name} (${measured.length} ways, slowest: ${worst.name})`,
    value: `p95 ${worst.p95.toFixed(1)} ms`,
    measured: worst.p95,
    aim: measuredAtMost(50, 'p95 < 50 ms')
  }
}

type Ways = {
  measured: Measured[]
  /** who and with which filter was refused, and how */
  refused: string[]
  /** tables that were read from end to end meanwhile */
  whole: string[]
}

async function callers({ database, owner, service }: Ground, { timebankId, broker, members }: Town) {
  const { rows } = await owner.query<{ id: string }>(
    'SELECT id FROM agencies.clients WHERE timebank_id = $1 ORDER BY id LIMIT 1',
    [timebankId]
  )
  const sign = await makeIdentity({ database, issuer: service.url }).signer()
  const client = { clientId: rows[0]!.id, timebankId, scopes: [...agencyScopes], requestsPerMinute: 100_000 }
  return [
    { who: 'broker', token: broker.token },
    { who: 'member', token: members[0]!.token },
    { who: 'agency', token: sign(client) }
  ]
}

async function allWays(ground: Ground, town: Town, list: List, samples: Samples): Promise<Ways> {
  const measured: Measured[] = []
  const refused: string[] = []
  const { service, owner } = ground
  const look = await looker(owner)
  for (const { who, token } of await callers(ground, town))
    for (const filter of variantsOf(list, samples)) {
      if (notFor[who]?.includes(filter.name.split('=')[0]!)) continue
      const name = `${who}, ${filter.name}`
      const outcome = await measure(asker(service.url, list, token, samples, filter))
      if (outcome === 403) break
      if (typeof outcome !== 'number') measured.push({ name, ...outcome })
      else if (outcome !== 404) refused.push(`${name}: ${outcome}`)
    }
  return { measured, refused, whole: await look() }
}

/** Which filter it is that reads a table whole. */
async function readBy(ground: Ground, town: Town, list: List, samples: Samples): Promise<string[]> {
  const { service, owner } = ground
  const found: string[] = []
  for (const { who, token } of await callers(ground, town))
    for (const filter of variantsOf(list, samples)) {
      const look = await looker(owner)
      await measure(asker(service.url, list, token, samples, filter))
      found.push(...(await look()).map((table) => `${table} (${who}, ${filter.name})`))
    }
  return found
}

/**
 * Says afterwards which tables have been read whole since, as often as a filter was asked with: jobs that run beside it read some
 * now and then.
 */
async function looker(owner: pg.Client): Promise<() => Promise<string[]>> {
  const before = await readWhole(owner)
  return async () =>
    [...(await readWhole(owner))]
      .filter(([table, scans]) => scans - (before.get(table) ?? 0) >= rounds)
      .map(([table]) => table)
}

type Variant = { name: string; query: (round: number) => Record<string, string> }

/** Without a filter, and with each value of an enumeration or with the samples of a name. */
function variantsOf(list: List, samples: Samples): Variant[] {
  const always = needed[nameOf(list)] ?? {}
  const none: Variant = { name: 'no filter', query: () => always }
  return [none, ...list.filters.flatMap((filter) => variantsOfFilter(filter, samples))]
}

function variantsOfFilter({ name, schema }: Parameter, samples: Samples): Variant[] {
  const values = schema.enum ?? schema.anyOf?.find((one) => one.enum)?.enum
  const needs = beside(name, samples)
  if (values)
    return values.map((value) => ({ name: `${name}=${value}`, query: () => ({ [name]: String(value), ...needs }) }))
  const known = samples[name]
  if (!known?.length) return [{ name, query: () => ({ [name]: 'nobody here knows what to ask for' }) }]
  return [{ name, query: (round) => ({ [name]: known[round % known.length]!, ...needs }) }]
}

/** Filters that mean nothing by themselves. */
const beside = (name: string, samples: Samples): Record<string, string> =>
  name === 'side' ? { memberId: samples['member']![0]! } : (fixed[name] ?? {})

const fixed: Record<string, Record<string, string>> = {
  withinKm: { near: '51.5,-3.2' },
  subjectId: { subjectType: 'exchange' },
  hidden: { about: 'me' }
}

/** Filters that a caller may not use. */
const notFor: Record<string, string[]> = {
  member: ['assignee'],
  agency: ['assignee', 'member']
}

/** What a list cannot be asked without. */
const needed: Record<string, Record<string, string>> = { thanks: { about: 'me' } }

type Page = { milliseconds: number; next: string | null } | { status: number }

function asker(url: string, { path }: List, token: string, samples: Samples, { query }: Variant) {
  return async (round: number, cursor: string | null): Promise<Page> => {
    const where = path.replace(/\{(\w+)\}/g, (_, key: string) => samples[key]![round % samples[key]!.length]!)
    const search = new URLSearchParams({ limit: '50', ...query(round), ...(cursor === null ? {} : { cursor }) })
    const begun = performance.now()
    const answer = await fetch(`${url}${where}?${search}`, { headers: { authorization: `Bearer ${token}` } })
    const body = (await answer.json()) as { next?: string | null }
    return answer.ok ? { milliseconds: performance.now() - begun, next: body.next ?? null } : { status: answer.status }
  }
}

/** What is not there for the caller (404) is passed over; any other refusal ends it. */
async function measure(ask: ReturnType<typeof asker>): Promise<{ p95: number; count: number } | number> {
  const times: number[] = []
  for (let round = -2; round < rounds; round += 1) {
    let cursor: string | null = null
    for (let page = 0; page < 2; page += 1) {
      const got: Page = await ask(Math.max(round, 0), cursor)
      if ('status' in got) {
        if (got.status === 404) break
        return got.status
      }
      if (round >= 0) times.push(got.milliseconds)
      cursor = got.next
      if (cursor === null) break
    }
  }
  if (times.length === 0) return 404
  times.sort((a, b) => a - b)
  return { p95: times[Math.ceil(times.length * 0.95) - 1]!, count: times.length }
}

/** How often tables of more than a few rows have been read from end to end, once the server has counted what was done. */
async function readWhole(owner: pg.Client): Promise<Map<string, number>> {
  await sleep(1200)
  const { rows } = await owner.query<{ table: string; scans: number }>(
    `SELECT relid::regclass::text AS table, seq_scan AS scans FROM pg_stat_user_tables
      WHERE n_live_tup > $1 AND schemaname NOT IN ('public', 'graphile_worker')`,
    [smallTable]
  )
  return new Map(rows.map(({ table, scans }) => [table, scans]))
}

/** Some of everything that a path or a filter may name; the first member's own first, who has most. */
async function samplesOf(owner: pg.Client, town: Town): Promise<Samples> {
  const column = async (text: string): Promise<string[]> =>
    (await owner.query<{ value: string }>(text, text.includes('$1') ? [town.timebankId] : [])).rows.map(
      ({ value }) => value
    )
  const of = (table: string, more = '') =>
    column(`SELECT id::text AS value FROM ${table} WHERE timebank_id = $1 ${more} ORDER BY id LIMIT 20`)
  const members = town.members.map(({ id }) => id)
  const days = ['2019-06-01', '2021-03-15', '2024-01-01']
  const instants = [-300, -100, -1].map((day) => new Date(Date.now() + day * 86_400_000).toISOString())
  const samples: Samples = {
    timebank: [town.slug],
    member: members,
    account: town.members.map(({ accountId }) => String(accountId)),
    subjectId: await of('exchanges.exchanges'),
    exchange: await of('exchanges.exchanges'),
    group: await of('exchanges.groups'),
    offer: await of('listings.offers', "AND status = 'open'"),
    request: await of('listings.requests', "AND status = 'open'"),
    category: await of('listings.categories'),
    transfer: await of('ledger.transfers'),
    organisation: await of('members.organisations'),
    // each that of the organisation in its place
    client: await of('agencies.clients'),
    // of the first member, who may read them
    conversation: await column(
      `SELECT conversation_id::text AS value FROM conversations.participants
        WHERE timebank_id = $1 AND membership_id = '${members[0]}' ORDER BY activity LIMIT 20`
    ),
    report: await of('conversations.reports'),
    match: await of('matching.matches'),
    arrangement: await of('schedule.arrangements'),
    book: await of('slips.books'),
    // of a search that found nothing: a city has no circles
    search: ['01900000-0000-7000-8000-000000000000'],
    budget: await of('budgets.budgets'),
    endpoint: await of('webhooks.endpoints'),
    word: await column('SELECT word AS value FROM word WHERE length(word) > 3 LIMIT 20'),
    actor: members,
    broker: [town.broker.id],
    status: ['active'],
    from: days,
    to: ['2019-07-01', '2021-04-01', '2026-01-01'],
    asOf: days,
    near: ['51.5,-3.2', '51.45,-3.3'],
    withinKm: ['5'],
    maxMinutes: ['60'],
    availability: ['mon_morning', 'sat_afternoon,sun_morning'],
    // common, rare, and spoken by nobody
    language: ['cy', 'pl', 'xx'],
    area: ['Area 7', 'Area 100'],
    name: ['member 77', 'mem'],
    subjectType: ['exchange'],
    dueBefore: days,
    assignee: ['me', 'none'],
    onBehalfOf: members,
    recordedFrom: instants,
    recordedTo: instants,
    since: instants,
    updatedSince: instants,
    waitingSince: instants,
    externalSystem: ['https://health.example.org/referrals'],
    externalValue: ['R-1'],
    until: instants
  }
  return {
    ...samples,
    q: samples['word']!,
    exchangeId: samples['exchange']!,
    holderId: members,
    memberId: members,
    offerId: samples['offer']!,
    budgetId: samples['budget']!,
    funderOrganisationId: samples['organisation']!,
    requestId: samples['request']!,
    categoryId: samples['category']!,
    organisationId: samples['organisation']!,
    agency: samples['organisation']!,
    agencyClient: samples['client']!
  }
}
