import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type Logger, pino } from 'pino'
import type { App } from '../../src/app.ts'
import type { Database } from '../../src/db/client.ts'
import { inTimebank } from '../../src/db/client.ts'
import type { WebhookLine } from '../../src/modules/webhooks/index.ts'
import { makeService } from '../../src/service.ts'
import { systemActor } from '../../src/shared/actor.ts'
import { makeDatabase } from './database.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any
export type Answer = { status: number; headers: Record<string, string>; body: Json; text: string }

/** One caller of the API. A path that does not begin with `/` lies below the timebank. */
export type Client = {
  token: string
  personId: string
  memberId: string
  number: number
  accountId: number
  timebank: string
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** with an Idempotency-Key of its own, unless `headers` has one */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  patch(path: string, body: unknown, rowVersion: number): Promise<Answer>
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

export type Stage = {
  app: App
  database: Database
  ownerUrl: string
  setupCode: string
  mailLog: string
  /** moves the service's clock; the tests begin at the real time */
  clock: { now: Date | null }
  anonymous: Client
  close(): Promise<void>
}

export const password = 'correct horse battery staple'

type StageOptions = {
  rateLimit?: number
  smtpUrl?: string
  publicUrl?: string
  privateAddresses?: string
  webhookLine?: WebhookLine
  logger?: Logger
}

/** For an app without the workers that send. */
export const noWebhooks = { rule: { plain: false, mayReach: () => false }, outcomes: () => ({}) }

/** The whole service on a database of its own. */
export async function makeStage(name: string, options: StageOptions = {}): Promise<Stage> {
  const { url, drop } = await makeDatabase(name)
  const dataFolder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-stage-'))
  const clock: { now: Date | null } = { now: null }
  const service = await makeService({
    ownerUrl: url,
    publicUrl: options.publicUrl ?? 'http://commonhours.test',
    dataFolder,
    SMTP_URL: options.smtpUrl,
    MAIL_FROM: 'Commonhours <post@commonhours.test>',
    DATABASE_POOL: 10,
    POSTING_QUEUE: 'shared',
    RATE_LIMIT: options.rateLimit ?? 1_000_000,
    CORS_ORIGINS: '',
    TRUST_PROXY: undefined,
    WEBHOOK_PRIVATE_ADDRESSES: options.privateAddresses ?? 'refuse',
    ...(options.webhookLine ? { webhookLine: options.webhookLine } : {}),
    clock: () => clock.now ?? new Date(),
    logger: options.logger ?? pino({ level: process.env['TEST_LOG'] ?? 'silent' })
  })
  return {
    app: service.app,
    database: service.database,
    ownerUrl: url,
    setupCode: service.setupCode!,
    mailLog: path.join(dataFolder, 'mail.log'),
    clock,
    anonymous: clientOf(service.app, '', ''),
    close: async () => {
      await service.stop()
      await drop()
      rmSync(dataFolder, { recursive: true, force: true })
    }
  }
}

/** A client with a token (empty: anonymous) that speaks to one timebank. */
export function clientOf(app: App, timebank: string, token: string): Client {
  const call: Client['call'] = async (method, where, body, headers = {}) => {
    const response = await app.inject({
      method: method as 'GET',
      url: where.startsWith('/') ? where : `/v1/timebanks/${timebank}/${where}`,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      ...(body === undefined ? {} : { payload: body as object })
    })
    const isJson = /[/+]json\b/.test(String(response.headers['content-type'] ?? ''))
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      text: response.body,
      body: isJson && response.body !== '' ? JSON.parse(response.body) : undefined
    }
  }
  return {
    token,
    personId: '',
    memberId: '',
    number: 0,
    accountId: 0,
    timebank,
    call,
    get: (where, headers) => call('GET', where, undefined, headers),
    post: (where, body, headers) => call('POST', where, body, { 'idempotency-key': randomUUID(), ...headers }),
    patch: (where, body, rowVersion) => call('PATCH', where, body, { 'if-match': `"${rowVersion}"` }),
    put: (where, body, headers) => call('PUT', where, body, headers)
  }
}

/** The body of an answer with that status; anything else fails the test and is shown. */
export const ok = (answer: Answer, status = 200): Json => {
  assert.equal(answer.status, status, answer.text)
  return answer.body
}

/** The problem of a refusal with that status and code. */
export const refused = (answer: Answer, status: number, code: string): Json => {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.body.code, code, answer.text)
  return answer.body
}

/** Signs in and gives a client with what the service says about the caller. */
export async function signIn(stage: Stage, timebank: string, email: string): Promise<Client> {
  const answer = ok(await stage.anonymous.post('/v1/auth/sign-in', { email, password }), 200)
  const client = clientOf(stage.app, timebank, answer.accessToken)
  const me = ok(await client.get('/v1/me'), 200)
  const membership = me.memberships.find((m: Json) => m.slug === timebank)
  if (!membership) return { ...client, personId: me.id }
  const accountId = await inTimebank(stage.database, membership.timebankId, systemActor, async (tx) => {
    const { rows } = await tx.client.query('SELECT account_id FROM members.memberships WHERE id = $1', [
      membership.membershipId
    ])
    return Number(rows[0]?.account_id)
  })
  return { ...client, personId: me.id, memberId: membership.membershipId, number: membership.number, accountId }
}

/** The first timebank through the set-up code; gives its admin (also broker, and operator of the installation). */
export async function setUp(stage: Stage, slug = 'rivertown', more: Record<string, unknown> = {}): Promise<Client> {
  const email = `admin@${slug}.example.org`
  ok(
    await stage.anonymous.post('/v1/setup', {
      code: stage.setupCode,
      timebank: { name: `Timebank ${slug}`, slug, ...more },
      admin: { name: 'Ada Admin', email, password }
    }),
    201
  )
  return signIn(stage, slug, email)
}

/** A further timebank, made by the operator; its admin has the same password as everybody here. */
export async function foundAnother(stage: Stage, operator: Client, slug: string): Promise<Client> {
  const email = `admin@${slug}.example.org`
  ok(
    await operator.post('/v1/timebanks', { name: `Timebank ${slug}`, slug, admin: { name: 'Olwen Other', email } }),
    201
  )
  await givePassword(stage, email)
  return signIn(stage, slug, email)
}

export type MemberOptions = { name?: string; roles?: string[]; profile?: Record<string, unknown>; login?: boolean }

let counter = 0

/** An active member with a login (unless told otherwise), entered by the admin. */
export async function addMember(stage: Stage, admin: Client, options: MemberOptions = {}): Promise<Client> {
  counter += 1
  const { name = `Member ${counter}`, roles = [], profile = {}, login = true } = options
  const email = login ? `m${counter}.${process.pid}@${admin.timebank}.example.org` : undefined
  const added = ok(
    await admin.post('members', {
      displayName: name,
      ...(email ? { email } : {}),
      status: 'active',
      screeningDone: { references: 2, interview: 'in_person' },
      ...(roles.length > 0 ? { roles } : {}),
      ...profile
    }),
    201
  )
  if (!email)
    return {
      ...clientOf(stage.app, admin.timebank, ''),
      memberId: added.id,
      number: added.number,
      accountId: added.accountId
    }
  await givePassword(stage, email)
  return signIn(stage, admin.timebank, email)
}

/** Straight into the database: argon2 of the tests' password, made once. */
async function givePassword(stage: Stage, email: string): Promise<void> {
  passwordHash ??= import('../../src/modules/identity/hashing.ts').then(({ hashPassword }) => hashPassword(password))
  await stage.database.pool.query('UPDATE identity.persons SET password_hash = $2 WHERE email = $1', [
    email,
    await passwordHash
  ])
}
let passwordHash: Promise<string> | undefined
