import type { z } from 'zod'
import {
  type Api,
  columnsOf,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import {
  listedSheetSchema,
  newSheetSchema,
  sheetLinesOf,
  sheetListQuery,
  sheetParams,
  sheetSchema
} from './sheet-schemas.ts'
import { getSheet, listSheets, type Recorded, recordSheet, type Sheet } from './sheets.ts'

const sheets = '/v1/timebanks/:timebank/event-sheets'
const tags = ['Paper']
const columns = columnsOf(listedSheetSchema)

/** Sheets of events: many lines at once. */
export function sheetRoutes(app: Api): void {
  app.get(
    sheets,
    {
      config: { access: readers(staff), csv: true },
      schema: {
        operationId: 'listEventSheets',
        tags,
        summary: 'Event sheets, newest first',
        params: timebankParams,
        querystring: sheetListQuery,
        response: { 200: pageOf(listedSheetSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      return sendList(request, reply, {
        name: 'event-sheets',
        query: { limit, cursor },
        columns,
        page: (from, size) =>
          read(request, async (tx) => {
            const page = toPage(await listSheets(tx, idFrom(from), size), size, ({ id }) => [id])
            return { ...page, items: page.items.map(listedView) }
          })
      })
    }
  )

  app.post(
    sheets,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'recordEventSheet',
        tags,
        summary: 'Record a sheet of up to 200 lines at once, with an answer for each',
        description:
          'Each line is an exchange of two (provider, receiver, minutes) or a session of several (providers, receivers), as a broker records them on behalf of all. What is wrong with the shape of a line refuses the whole request and names every fault. Everything else is told per line: by default the lines that can be recorded are, and the sheet is kept with what came of each; `atomic` then records nothing at all and keeps nothing. A line with a slip number has the source paper_slip; others that of the request (Commonhours-Source). Lines are taken back one by one, through their exchanges and groups.',
        params: timebankParams,
        body: newSheetSchema,
        response: { 200: sheetSchema }
      }
    },
    async (request, reply) => {
      const { title, atomic, dryRun } = request.body
      const lines = sheetLinesOf(request.body)
      return write(request, reply, 200, async (tx) =>
        sheetView(await recordSheet(tx, { title, lines, atomic, dryRun }))
      )
    }
  )

  app.get(
    `${sheets}/:sheet`,
    {
      config: { access: readers(staff) },
      schema: {
        operationId: 'getEventSheet',
        tags,
        summary: 'A sheet as it was handed in, with what came of each line then',
        params: sheetParams,
        response: { 200: sheetSchema }
      }
    },
    (request) => read(request, async (tx) => sheetView(await getSheet(tx, request.params.sheet)))
  )
}

const listedView = (sheet: Sheet) => ({ ...sheet, source: sheet.source as 'api' })

const sheetView = ({ sheet, lines }: Recorded): z.output<typeof sheetSchema> => ({
  id: sheet?.id ?? null,
  saved: sheet !== null,
  sheet: sheet && listedView(sheet),
  lines: lines.map(({ given, problem, ...line }) => ({
    ...line,
    given: withoutEmpty(given),
    problem: problem && {
      ...problem,
      errors: problem.errors.map(({ pointer, detail }) => ({ ...(pointer === undefined ? {} : { pointer }), detail }))
    }
  }))
})

const withoutEmpty = (given: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([name, value]) => name !== 'kind' && value !== undefined))
