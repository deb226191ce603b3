import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import { type App, buildApp } from '../../../src/app.ts'
import { runJobsOnce } from '../../../src/jobs.ts'
import {
  createPerson,
  ensureSigningKey,
  type Identity,
  identityTasks,
  makeIdentity,
  setPassword,
  type Tokens
} from '../../../src/modules/identity/index.ts'
import { makePostingQueue } from '../../../src/modules/ledger/index.ts'
import { type Mailer, makeMailer } from '../../../src/modules/mail/index.ts'
import { noWebhooks } from '../../support/app.ts'
import { makePool } from '../../support/database.ts'

export const publicUrl = 'https://hours.example'
export const goodPassword = 'correct horse battery'

type Headers = Record<string, string>
export type Answer<T = Record<string, unknown>> = { status: number; headers: Headers; body: T; text: string }

export type World = {
  app: App
  database: Awaited<ReturnType<typeof makePool>>
  identity: Identity
  /** everything that was logged, by routes and by jobs */
  logged: string[]
  advance(seconds: number): void
  call<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH',
    url: string,
    options?: { body?: unknown; token?: string | undefined; headers?: Headers; address?: string }
  ): Promise<Answer<T>>
  /** somebody with a login; without `password` one who has none */
  person(email: string | null, options?: { password?: string; name?: string; locale?: string }): Promise<string>
  signIn(email: string, password?: string): Promise<Tokens>
  runJobs(mailer?: Mailer): Promise<{ done: number; failed: unknown[] }>
  mailLog(): string
  close(): Promise<void>
}

/** The service's own app on a database and a clock of its own. */
export async function makeWorld(name: string): Promise<World> {
  let ahead = 0
  const database = await makePool(name, () => new Date(Date.now() + ahead))
  const folder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-identity-'))
  const logFile = path.join(folder, 'mail.log')
  const logMailer = makeMailer({ from: 'Commonhours <hours@example.org>', logFile })
  const logged: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
  const identity = makeIdentity({ database, issuer: publicUrl })
  await ensureSigningKey(database)
  const app = await buildApp({
    database,
    identity,
    postings: makePostingQueue(database),
    webhooks: noWebhooks,
    publicUrl,
    rateLimit: 1_000_000,
    corsOrigins: [],
    trustProxy: false,
    logger
  })
  const world: World = {
    app,
    database,
    identity,
    logged,
    advance: (seconds) => {
      ahead += seconds * 1000
    },
    async call<T>(
      method: 'GET' | 'POST' | 'PUT' | 'PATCH',
      url: string,
      options: { body?: unknown; token?: string | undefined; headers?: Headers; address?: string } = {}
    ) {
      const { body, token, headers = {}, address = '192.0.2.1' } = options
      const response = await app.inject({
        method,
        url,
        remoteAddress: address,
        headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        ...(body === undefined ? {} : { payload: body as object })
      })
      return answerOf<T>(response)
    },
    async person(email, options = {}) {
      const id = await createPerson(database.db, {
        email,
        name: options.name ?? 'Ada Jones',
        locale: options.locale ?? 'en'
      })
      if (options.password !== undefined) await setPassword(database.db, id, options.password)
      return id
    },
    async signIn(email, password = goodPassword) {
      const { status, body } = await world.call<Tokens>('POST', '/v1/auth/sign-in', { body: { email, password } })
      if (status !== 200) throw new Error(`signing in gave ${status}`)
      return body
    },
    runJobs: (mailer = logMailer) =>
      runJobsOnce({ ownerUrl: database.url, tasks: identityTasks({ database, mailer, publicUrl }), logger }),
    mailLog: () => {
      try {
        return readFileSync(logFile, 'utf8')
      } catch {
        return ''
      }
    },
    close: async () => {
      await app.close()
      await database.close()
      rmSync(folder, { recursive: true })
    }
  }
  return world
}

const answerOf = <T>(response: LightMyRequestResponse): Answer<T> => ({
  status: response.statusCode,
  headers: response.headers as Headers,
  body: (response.body === '' ? {} : response.json()) as T,
  text: response.body
})

/** The last code in a mail's text. */
export function codeIn(text: string): string {
  const code = text
    .match(/#token=([\w-]{43})/g)
    ?.at(-1)
    ?.slice('#token='.length)
  if (!code) throw new Error('there is no code in the mail')
  return code
}

export const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
