import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { z } from 'zod'
import { DomainError } from '../shared/errors.ts'
import { problems } from '../shared/problems.ts'
import { anyone } from './access.ts'
import type { Api } from './openapi.ts'

const alive = z.object({ status: z.literal('ok') })

/** A figure of the process that `/metrics` tells; read when it is asked for. */
export type ProcessFigure = { name: string; help: string } & (
  | { read(): number }
  /** what has been counted since the process began, by the values of a label */
  | { label: string; count(): Record<string, number> }
)

/** `/livez`: the process answers. `/readyz`: the database does too. `/metrics`: for Prometheus, without personal data. */
export function registerHealth(app: FastifyInstance, figures: readonly ProcessFigure[] = []): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer, by method, route pattern and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry]
  })
  const { pool } = app.database
  new Gauge({
    name: 'database_connections',
    help: 'Connections of the pool, by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'open' }, pool.totalCount)
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'waiting' }, pool.waitingCount)
    }
  })
  for (const figure of figures) {
    const described = { name: figure.name, help: figure.help, registers: [registry] }
    if ('read' in figure)
      new Gauge({
        ...described,
        collect() {
          this.set(figure.read())
        }
      })
    else
      new Counter({
        ...described,
        labelNames: [figure.label],
        collect() {
          this.reset()
          for (const [value, count] of Object.entries(figure.count())) this.inc({ [figure.label]: value }, count)
        }
      })
  }
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })

  const api = app as Api
  const tags = ['Service']
  const unlimited = { access: anyone, rateLimit: false } as const
  api.get(
    '/livez',
    {
      config: unlimited,
      schema: { operationId: 'livez', tags, summary: 'Is the process alive?', response: { 200: alive } }
    },
    async () => ({ status: 'ok' as const })
  )
  api.get(
    '/readyz',
    {
      config: unlimited,
      schema: { operationId: 'readyz', tags, summary: 'Can it answer, database included?', response: { 200: alive } }
    },
    async () => {
      await pool.query('SELECT 1').catch(() => {
        throw new DomainError('unavailable', 'The database does not answer.', { retryAfterSeconds: 2 })
      })
      return { status: 'ok' as const }
    }
  )
  api.get(
    '/metrics',
    {
      config: unlimited,
      schema: {
        operationId: 'metrics',
        tags,
        summary: 'Figures for Prometheus',
        description: 'Counts and durations by route pattern; no personal data. Keep it from the public at the proxy.',
        response: { 200: { description: 'Prometheus text format', content: { 'text/plain': { schema: z.string() } } } }
      }
    },
    async (_request, reply) => reply.header('content-type', registry.contentType).send(await registry.metrics())
  )
  const catalogue = Object.entries(problems).map(([code, [status, title]]) => ({ code, status, title }))
  api.get(
    '/problems',
    {
      config: { access: anyone },
      schema: {
        operationId: 'listProblems',
        tags,
        summary: 'Every code with which the service refuses',
        response: {
          200: z.object({ items: z.array(z.object({ code: z.string(), status: z.int(), title: z.string() })) })
        }
      }
    },
    async () => ({ items: catalogue })
  )
}
