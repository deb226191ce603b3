import { z } from 'zod'
import {
  type Api,
  type CsvColumns,
  decodeCursor,
  idCursor,
  linkNext,
  maxLimit,
  pageOf,
  pageQuery,
  read,
  readers,
  sendCsv,
  toPage,
  wantsCsv
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { type EventFilter, listEvents, type ShownEvent, shownEvent } from './audit.ts'
import { eventSchema } from './schemas.ts'

const columns: CsvColumns<ShownEvent> = {
  at: (event) => event.at.toISOString(),
  action: (event) => event.action,
  subjectType: (event) => event.subjectType,
  subjectId: (event) => event.subjectId,
  actorPersonId: (event) => event.actorPersonId,
  actorMembershipId: (event) => event.actorMembershipId,
  onBehalfOf: (event) => event.onBehalfOf,
  source: (event) => event.source,
  slipNumber: (event) => event.slipNumber,
  changes: (event) => JSON.stringify(event.changes),
  reason: (event) => event.reason,
  id: (event) => event.id
}

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
          since: z.iso.datetime({ offset: true }).optional().describe('Not before this instant')
        }),
        response: { 200: pageOf(eventSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, since, ...filter } = request.query
      const wanted = { ...filter, since: since === undefined ? undefined : new Date(since) }
      const pageFrom = (from: string | undefined, size: number) =>
        read(request, async (tx) => {
          const before: EventFilter['before'] = decodeCursor(from, idCursor)?.[0] ?? null
          const found = await listEvents(tx, { ...wanted, before }, size)
          return toPage(found.map(shownEvent), size, (event) => [event.id])
        })
      if (wantsCsv(request)) return sendCsv(reply, 'audit', columns, (next) => pageFrom(next, maxLimit), cursor)
      const page = await pageFrom(cursor, limit)
      linkNext(request, reply, page.next)
      return page
    }
  )
}
