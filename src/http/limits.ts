import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import { DomainError } from '../shared/errors.ts'

const windowSeconds = 60

/**
 * A quota per person or API client (which may have one of its own), or per address where nobody is signed in, told by the RateLimit headers of the IETF's draft;
 * and 503 with Retry-After when the process itself cannot keep up.
 */
export async function registerLimits(app: FastifyInstance, perMinute: number): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    hook: 'onRequest',
    max: (request) => request.agencyClient?.requestsPerMinute ?? perMinute,
    timeWindow: windowSeconds * 1000,
    cache: 20_000,
    keyGenerator: ({ bearer, agencyClient, ip }) => bearer?.personId ?? agencyClient?.clientId ?? ip,
    addHeadersOnExceeding: { 'x-ratelimit-limit': true, 'x-ratelimit-remaining': true, 'x-ratelimit-reset': true },
    errorResponseBuilder: (_request, context) =>
      new DomainError('rate-limited', undefined, { retryAfterSeconds: Math.max(1, Math.ceil(context.ttl / 1000)) })
  })
  app.addHook('onSend', async (_request, reply) => {
    const limit = reply.getHeader('x-ratelimit-limit')
    if (limit === undefined) return
    reply.header('ratelimit-policy', `"default";q=${limit};w=${windowSeconds}`)
    reply.header(
      'ratelimit',
      `"default";r=${reply.getHeader('x-ratelimit-remaining')};t=${reply.getHeader('x-ratelimit-reset')}`
    )
    for (const name of ['limit', 'remaining', 'reset']) reply.removeHeader(`x-ratelimit-${name}`)
  })
  await app.register(underPressure, {
    maxEventLoopDelay: 10_000,
    retryAfter: 5,
    pressureHandler: () => {
      throw new DomainError('unavailable', undefined, { retryAfterSeconds: 5 })
    }
  })
}
