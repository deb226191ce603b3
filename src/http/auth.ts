import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  type Actor,
  claimableSources,
  isStaff,
  type MembershipStatus,
  type Role,
  type Source
} from '../shared/actor.ts'
import { DomainError } from '../shared/errors.ts'
import type { Access } from './access.ts'
import { idempotencyKey } from './idempotency.ts'

/** Who a verified access token speaks for. */
export type Bearer = { personId: string; sessionId: string }

/**
 * What the database says about the bearer at this moment. `timebank` is null where there is none with that id or short name;
 * `policyVersion` is that of its policy in force, null where the caller is no member.
 */
export type Caller = {
  sessionAlive: boolean
  operator: boolean
  timebank: { id: string; slug: string; policyVersion: number | null } | null
  membership: { id: string; number: number; status: MembershipStatus; roles: Role[]; accountId: number } | null
}

/** What the modules below give to http, which knows no module. */
export type Authority = {
  verify(token: string): Promise<Bearer>
  look(bearer: Bearer, timebankRef: string | null): Promise<Caller>
}

declare module 'fastify' {
  interface FastifyRequest {
    bearer: Bearer | null
    tokenRefused: boolean
    actor: Actor
    timebank: Caller['timebank']
    membership: Caller['membership']
  }
}

const nobody: Actor = { personId: null, membershipId: null, roles: [], operator: false, source: 'api' }

/**
 * Two steps for every request: identify (a bad token is 401 even where none is needed), and, after the rate limit,
 * authorise by the route's own declaration. Role and status are read from the database each time.
 */
export function registerAuth(app: FastifyInstance, authority: Authority): void {
  app.decorateRequest('bearer', null)
  app.decorateRequest('tokenRefused', false)
  app.decorateRequest('timebank', null)
  app.decorateRequest('membership', null)
  app.decorateRequest('actor', null as never)
  app.addHook('onRequest', async (request) => {
    request.actor = nobody
    const header = request.headers.authorization
    if (header === undefined) return
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1]
    // refused after the rate limit has counted it, so that guessing tokens has its quota too
    request.bearer = token === undefined ? null : await authority.verify(token).catch(refusedOnly)
    request.tokenRefused = request.bearer === null
  })
  app.addHook('preParsing', async (request) => {
    if (request.tokenRefused) throw new DomainError('token-invalid')
    const access = request.routeOptions.config.access
    if (!access) return
    await authorise(request, access, authority)
    if (request.method === 'POST') idempotencyKey(request)
  })
}

async function authorise(request: FastifyRequest, access: Access, authority: Authority): Promise<void> {
  if (access.who === 'anyone') return
  const bearer = request.bearer
  if (!bearer) throw new DomainError('unauthenticated')
  const ref = access.who === 'timebank' ? String((request.params as Record<string, string>)['timebank']) : null
  const caller = await authority.look(bearer, ref)
  if (!caller.sessionAlive) throw new DomainError('token-invalid')
  if (access.who === 'operator' && !caller.operator) throw new DomainError('forbidden')
  if (access.who === 'timebank') {
    // R8: to others a timebank looks as if it were not there
    if (!caller.timebank || !caller.membership) throw new DomainError('not-found', 'There is no such timebank here.')
    const { roles, status } = caller.membership
    if (!roles.some((role) => access.roles[role])) throw new DomainError('forbidden')
    if (access.statuses !== 'any' && !access.statuses.includes(status)) throw new DomainError('not-active')
    request.timebank = caller.timebank
    request.membership = caller.membership
  }
  request.actor = {
    personId: bearer.personId,
    membershipId: caller.membership?.id ?? null,
    roles: caller.membership?.roles ?? [],
    operator: caller.operator,
    ...sourceOf(request)
  }
  const told = request.actor.source === 'phone' || request.actor.source === 'paper_slip'
  if (told && !isStaff(request.actor))
    throw new DomainError('forbidden', 'Only staff write down what they were told by phone or on slips.')
}

/** A token that is refused, as null. That the keys cannot be read is no fault of the token. */
function refusedOnly(error: unknown): null {
  if (error instanceof DomainError && error.code === 'token-invalid') return null
  throw error
}

/** R6: through what it reached us, from `Commonhours-Source` and, for paper slips, `Commonhours-Slip`. */
function sourceOf(request: FastifyRequest): { source: Source; slipNumber?: string } {
  const source = request.headers['commonhours-source'] ?? 'api'
  const slip = request.headers['commonhours-slip']
  const refuse = (parameter: string, detail: string) =>
    new DomainError('validation-failed', `${parameter}: ${detail}`, { errors: [{ parameter, detail }] })
  if (!(claimableSources as readonly unknown[]).includes(source))
    throw refuse('Commonhours-Source', `One of ${claimableSources.join(', ')}.`)
  if (slip === undefined) return { source: source as Source }
  if (typeof slip !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9/.-]{0,39}$/.test(slip))
    throw refuse('Commonhours-Slip', 'Letters, digits, / . and -, at most 40.')
  if (source !== 'paper_slip') throw refuse('Commonhours-Slip', 'Goes with Commonhours-Source: paper_slip.')
  return { source: 'paper_slip', slipNumber: slip }
}
