import { type Api, anyone, operator } from '../../http/index.ts'
import { timebankSchema } from '../timebanks/schemas.ts'
import { foundTimebank, setUp } from './founding.ts'
import { foundSchema, setupSchema } from './schemas.ts'

export function foundingRoutes(app: Api): void {
  const tags = ['Timebanks']

  app.post(
    '/v1/setup',
    {
      config: { access: anyone, rateLimit: { max: 20, timeWindow: 60_000 } },
      schema: {
        operationId: 'setUp',
        tags,
        summary: 'Make the first timebank, its admin and the first operator',
        description: 'Works once, with the code that the first start printed.',
        body: setupSchema,
        response: { 201: timebankSchema }
      }
    },
    async (request, reply) => {
      const { code, timebank, admin } = request.body
      const founded = await setUp(app.database, code, timebank, admin)
      return reply.code(201).header('location', `/v1/timebanks/${founded.slug}`).send(founded)
    }
  )

  app.post(
    '/v1/timebanks',
    {
      config: { access: operator },
      schema: {
        operationId: 'foundTimebank',
        tags,
        summary: 'Make a further timebank',
        description: 'The short name is unique, so that a repeat is refused and doubles nothing.',
        body: foundSchema,
        response: { 201: timebankSchema }
      }
    },
    async (request, reply) => {
      const { admin, ...timebank } = request.body
      const founded = await foundTimebank(app.database, request.actor, timebank, admin)
      return reply.code(201).header('location', `/v1/timebanks/${founded.slug}`).send(founded)
    }
  )
}
