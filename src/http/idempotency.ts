import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Once, StoredAnswer } from '../db/client.ts'
import { DomainError } from '../shared/errors.ts'
import { derivedId, isUuid } from '../shared/ids.ts'
import { refusalOf } from './problem.ts'

const keyPattern = /^[\x21-\x7e]{8,128}$/

/** The request's key; a malformed one is refused, and a missing one where hours move. */
export function idempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  if (key === undefined || key === '') {
    if (request.routeOptions.config.idempotency === 'required') throw new DomainError('idempotency-key-required')
    return null
  }
  if (typeof key !== 'string' || !keyPattern.test(key))
    throw new DomainError('validation-failed', 'Idempotency-Key: 8 to 128 printable ASCII characters.', {
      errors: [{ parameter: 'Idempotency-Key', detail: '8 to 128 printable ASCII characters without spaces.' }]
    })
  return key
}

/** JSON with sorted keys, so that the order in which a client writes fields does not make another request of it. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value && typeof value === 'object')
    return `{${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, v]) => `${JSON.stringify(key)}:${canonical(v)}`)
      .join(',')}}`
  return JSON.stringify(value) ?? 'null'
}

/** Whose key it is, for what, and what a repeat must equal. */
function scopeOf(request: FastifyRequest): { caller: string; route: string; fingerprint: string } {
  const { source, slipNumber } = request.actor
  const address = { ...(request.params as object), timebank: request.timebank?.id, query: request.query }
  return {
    // an agency's system is one caller, whoever works at it
    caller: request.actor.agency?.clientId ?? request.actor.personId ?? 'system',
    route: `${request.method} ${request.routeOptions.url}`,
    fingerprint: createHash('sha256')
      .update(canonical([address, request.body ?? null, source, slipNumber ?? null]))
      .digest('base64url')
  }
}

/**
 * For what keeps its answers under an id of its own: the id that belongs to the request's key (the key itself, where that is a
 * uuid), and what a repeat must equal. Another caller's or another route's use of the same key is another request.
 */
export function keyedId(request: FastifyRequest): { id: string; asked: string } {
  const key = idempotencyKey(request)
  if (key === null) throw new DomainError('idempotency-key-required')
  const { caller, route, fingerprint } = scopeOf(request)
  // ids of our own making can be foreseen (v8): nobody shall take them beforehand
  const theirs = isUuid(key) && key[14] !== '8'
  const id = theirs ? key.toLowerCase() : derivedId(String(request.timebank?.id), caller, route, key)
  return { id, asked: `${caller} ${route} ${fingerprint}` }
}

/**
 * Scope: timebank + caller + route. To the fingerprint belong the address with its ids (the timebank by its id, whether it
 * was named by that or by its short name), the body, and through what it reached us.
 */
export function once(request: FastifyRequest, key: string): Once {
  const { caller, route, fingerprint } = scopeOf(request)
  return {
    opening: (timebankId) => [
      // two statements: the look-up's snapshot must be younger than the lock, or an answer kept in between is missed
      {
        name: 'idempotency.lock',
        text: "SELECT set_config('commonhours.mine', pg_try_advisory_xact_lock(hashtextextended($1, 0))::text, true)",
        values: [`${timebankId}|${caller}|${route}|${key}`]
      },
      {
        name: 'idempotency.look',
        text: `SELECT current_setting('commonhours.mine') = 'true' AS mine, a.fingerprint, a.status, a.headers, a.body
                 FROM (SELECT 1) one LEFT JOIN platform.idempotency_keys a
                   ON a.timebank_id = $1 AND a.caller = $2 AND a.route = $3 AND a.key = $4`,
        values: [timebankId, caller, route, key]
      }
    ],
    found: (row) => {
      if (!row) throw new Error('the look-up of the idempotency key gave no row')
      if (typeof row['fingerprint'] === 'string') {
        if (row['fingerprint'] !== fingerprint) throw new DomainError('idempotency-key-reused')
        return {
          status: Number(row['status']),
          headers: JSON.parse(String(row['headers'])) as Record<string, string>,
          body: String(row['body'])
        }
      }
      if (row['mine'] !== true) throw new DomainError('idempotency-key-in-use', undefined, { retryAfterSeconds: 1 })
      return null
    },
    keep: (tx, answer) => ({
      name: 'idempotency.keep',
      text: `INSERT INTO platform.idempotency_keys (timebank_id, caller, route, key, fingerprint, status, headers, body, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      values: [
        tx.timebankId,
        caller,
        route,
        key,
        fingerprint,
        answer.status,
        JSON.stringify(answer.headers),
        answer.body,
        tx.now
      ]
    }),
    refusal: (error): StoredAnswer => {
      const { status, headers, body } = refusalOf(request, error)
      return { status, headers, body: JSON.stringify(body) }
    }
  }
}
