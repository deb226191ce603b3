import type { FastifyContextConfig, FastifyInstance, RouteOptions } from 'fastify'
import type { MembershipStatus, Role } from '../shared/actor.ts'
import type { AgencyScope } from '../shared/agency-scopes.ts'

/**
 * Who may call a route, declared beside it as `config: { access: … }`.
 * `true`: the role may; `'own'`: the role may, for what is its own, and gets 404 for what is not.
 */
export type Access =
  | { who: 'anyone' }
  | { who: 'signed-in' }
  | { who: 'operator' }
  | {
      who: 'timebank'
      roles: Partial<Record<Role, true | 'own'>>
      statuses: readonly MembershipStatus[] | 'any'
      /** agencies may too, with this scope (true: with any), for what is their own */
      agency?: AgencyScope | true
    }

export const anyone: Access = { who: 'anyone' }
export const signedIn: Access = { who: 'signed-in' }
export const operator: Access = { who: 'operator' }

/** Reading: a membership that is paused or suspended still sees its own timebank. */
const reading: readonly MembershipStatus[] = ['active', 'paused', 'suspended']
const writing: readonly MembershipStatus[] = ['active']

type Roles = Partial<Record<Role, true | 'own'>>

/** Readers of a timebank, by role. */
export const readers = (roles: Roles, statuses: readonly MembershipStatus[] | 'any' = reading): Access => ({
  who: 'timebank',
  roles,
  statuses
})

/** Writers in a timebank, by role; their membership must be active. */
export const writers = (roles: Roles, statuses: readonly MembershipStatus[] | 'any' = writing): Access => ({
  who: 'timebank',
  roles,
  statuses
})

type InTimebank = Extract<Access, { who: 'timebank' }>

/**
 * Members by role, and clients of agencies by scope.
 */
export const alsoAgencies = (agency: AgencyScope, access: Access): Access => ({ ...(access as InTimebank), agency })

/** Clients of agencies only. */
export const agenciesOnly = (agency: AgencyScope | true): Access => ({
  who: 'timebank',
  roles: {},
  statuses: reading,
  agency
})

export const everyRole: Roles = { member: true, broker: true, admin: true, auditor: true }
export const staff: Roles = { broker: true, admin: true }

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** 'required' where hours move. POSTs in a timebank take a key in any case. */
    idempotency?: 'required' | 'optional'
  }
}

/** What the access test and the OpenAPI document walk. */
export type DeclaredRoute = { method: string; url: string; access: Access; config: FastifyContextConfig }

/** A route that declares nothing does not start. */
export function registerAccess(app: FastifyInstance): DeclaredRoute[] {
  const declared: DeclaredRoute[] = []
  app.addHook('onRoute', (route: RouteOptions) => {
    for (const method of [route.method].flat()) {
      if (method === 'HEAD' || method === 'OPTIONS') continue
      // the reference page's own files
      const access = route.config?.access ?? (route.url.startsWith('/docs') ? anyone : undefined)
      if (!access) throw new Error(`${method} ${route.url} does not declare who may call it`)
      declared.push({ method, url: route.url, access, config: route.config ?? {} })
    }
  })
  return declared
}

/** In words, for the OpenAPI document. */
export function accessText(access: Access): string {
  if (access.who === 'anyone') return 'anyone'
  if (access.who === 'signed-in') return 'anyone signed in'
  if (access.who === 'operator') return 'operators of the installation'
  return [
    ...Object.entries(access.roles).map(([role, which]) => (which === 'own' ? `${role} (own)` : role)),
    ...(access.agency === undefined
      ? []
      : [access.agency === true ? 'agencies (own)' : `agencies with the scope ${access.agency} (own)`])
  ].join(', ')
}
