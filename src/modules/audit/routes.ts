import { z } from 'zod'
import { type Api, columnsOf, idFrom, pageOf, pageQuery, read, readers, sendList, toPage } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { listEvents, shownEvent } from './audit.ts'
import { eventSchema } from './schemas.ts'

const columns = columnsOf(eventSchema)

export function auditRoutes(app: Api): void {
  app.get(
    '/v1/timebanks/:timebank/audit',
    {
      config: { access: readers({ broker: true, admin: true, auditor: true }), csv: true },
      schema: {
        operationId: 'listAuditEvents',
        tags: ['Members'],
        summary: 'Who did what, on whose behalf, through which source; newest first',
        description:
          'Events are only ever added. Of personal fields they hold the names, never the values. ' +
          'References and interviews of the caller are left out: they are given in confidence.',
        params: timebankParams,
        querystring: z.strictObject({
          ...pageQuery,
          subjectType: z
            .string()
            .max(50)
            .regex(/^[a-z_-]+$/, 'lower-case letters')
            .optional(),
          subjectId: z
            .string()
            .max(100)
            .regex(/^[\w.:-]+$/, 'letters, digits and -')
            .optional(),
          onBehalfOf: z.uuid().optional().describe('Membership'),
          agency: z.uuid().optional().describe('Organisation through whose own system it was done'),
          agencyClient: z.uuid().optional().describe('API client through which it was done'),
          since: z.iso.datetime({ offset: true }).optional().describe('Not before this instant')
        }),
        response: { 200: pageOf(eventSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, since, ...filter } = request.query
      const wanted = { ...filter, since: since === undefined ? undefined : new Date(since) }
      return sendList(request, reply, {
        name: 'audit',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const found = await listEvents(tx, { ...wanted, before: idFrom(from) }, size)
            return toPage(found.map(shownEvent), size, (event) => [event.id])
          })
      })
    }
  )
}
