import type { FastifyInstance, FastifyRequest } from 'fastify'
import {
  type Actor,
  claimableSources,
  isStaff,
  type MembershipStatus,
  type Role,
  type Source
} from '../shared/actor.ts'
import type { AgencyScope } from '../shared/agency-scopes.ts'
import { DomainError } from '../shared/errors.ts'
import { isUuid } from '../shared/ids.ts'
import type { Access } from './access.ts'
import { idempotencyKey } from './idempotency.ts'

/** Who a verified access token speaks for. */
export type Bearer = { personId: string; sessionId: string }

/** The API client of an agency that a verified access token speaks for, in its timebank. */
export type ClientBearer = {
  clientId: string
  timebankId: string
  /** to which the token was narrowed */
  scopes: string[]
  requestsPerMinute: number | null
}

/** What the database says about a client at this moment, and about the professional who is named. */
export type ClientCaller = {
  alive: boolean
  timebank: { id: string; slug: string; policyVersion: number | null }
  organisationId: string
  scopes: AgencyScope[]
  /** null: none is named, or the affiliation does not cover them today */
  professional: { affiliationId: string; membershipId: string; personId: string } | null
  /** whether one was named, by the request or for all that the client asks */
  named: boolean
}

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
  verify(token: string): Promise<Bearer | ClientBearer>
  look(bearer: Bearer, timebankRef: string | null): Promise<Caller>
  /** `affiliationId`: of the professional whom the request names. Null: there is no such client any more. */
  lookAtClient(client: ClientBearer, affiliationId: string | null): Promise<ClientCaller | null>
}

declare module 'fastify' {
  interface FastifyRequest {
    bearer: Bearer | null
    /** in place of a bearer: an agency's system calls */
    agencyClient: ClientBearer | null
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
  app.decorateRequest('agencyClient', null)
  app.decorateRequest('tokenRefused', false)
  app.decorateRequest('timebank', null)
  app.decorateRequest('membership', null)
  app.decorateRequest('actor', null as never)
  app.addHook('onRequest', async (request) => {
    request.actor = nobody
    const header = request.headers.authorization
    if (header === undefined) return
    // credentials of a client, for the one address that takes them
    if (request.routeOptions.url === '/oauth/token') return
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1]
    // refused after the rate limit has counted it, so that guessing tokens has its quota too
    const speaker = token === undefined ? null : await authority.verify(token).catch(refusedOnly)
    request.tokenRefused = speaker === null
    if (speaker !== null && 'clientId' in speaker) request.agencyClient = speaker
    else request.bearer = speaker
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
  if (request.agencyClient) return authoriseClient(request, access, request.agencyClient, authority)
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

/** A client acts for its agency, in its own timebank, within its scopes, and with a professional named. */
async function authoriseClient(
  request: FastifyRequest,
  access: Access,
  client: ClientBearer,
  authority: Authority
): Promise<void> {
  const professional = request.headers['commonhours-professional']
  if (professional !== undefined && (typeof professional !== 'string' || !isUuid(professional)))
    throw refuseHeader('Commonhours-Professional', 'The id of an affiliation.')
  const caller = await authority.lookAtClient(client, professional?.toLowerCase() ?? null)
  if (!caller?.alive) throw new DomainError('token-invalid')
  if (access.who !== 'timebank') throw new DomainError('forbidden')
  const { timebank, organisationId } = caller
  const scopes = caller.scopes.filter((scope) => client.scopes.includes(scope))
  const ref = String((request.params as Record<string, string>)['timebank'])
  // R8: to others a timebank looks as if it were not there
  if (ref !== timebank.slug && ref.toLowerCase() !== timebank.id)
    throw new DomainError('not-found', 'There is no such timebank here.')
  if (!access.agency) throw new DomainError('forbidden')
  if (access.agency !== true && !scopes.includes(access.agency))
    throw new DomainError('scope-missing', undefined, { figures: { scope: access.agency } })
  if (!caller.named) throw new DomainError('professional-needed')
  if (!caller.professional) throw new DomainError('professional-not-covered')
  const { affiliationId, membershipId, personId } = caller.professional
  request.timebank = timebank
  request.actor = {
    personId,
    membershipId,
    roles: [],
    operator: false,
    source: 'api',
    agency: { clientId: client.clientId, organisationId, affiliationId, scopes }
  }
}

/** A token that is refused, as null. That the keys cannot be read is no fault of the token. */
function refusedOnly(error: unknown): null {
  if (error instanceof DomainError && error.code === 'token-invalid') return null
  throw error
}

const refuseHeader = (parameter: string, detail: string) =>
  new DomainError('validation-failed', `${parameter}: ${detail}`, { errors: [{ parameter, detail }] })

/** R6: through what it reached us, from `Commonhours-Source` and, for paper slips, `Commonhours-Slip`. */
function sourceOf(request: FastifyRequest): { source: Source; slipNumber?: string } {
  const source = request.headers['commonhours-source'] ?? 'api'
  const slip = request.headers['commonhours-slip']
  if (!(claimableSources as readonly unknown[]).includes(source))
    throw refuseHeader('Commonhours-Source', `One of ${claimableSources.join(', ')}.`)
  if (slip === undefined) return { source: source as Source }
  if (typeof slip !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9/.-]{0,39}$/.test(slip))
    throw refuseHeader('Commonhours-Slip', 'Letters, digits, / . and -, at most 40.')
  if (source !== 'paper_slip') throw refuseHeader('Commonhours-Slip', 'Goes with Commonhours-Source: paper_slip.')
  return { source: 'paper_slip', slipNumber: slip }
}
