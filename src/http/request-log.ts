import { trace } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'

const traceparentPattern = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * One line per request: the route's pattern, never the address with what somebody searched for, no header, no body, no
 * IP address. The request's id goes out; a trace that came in is named, so that it can be followed across systems.
 */
export function registerRequestLog(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const traceId =
      trace.getActiveSpan()?.spanContext().traceId ??
      traceparentPattern.exec(String(request.headers['traceparent'] ?? ''))?.[1]
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(traceId ? { traceId } : {})
      },
      'answered'
    )
  })
}
