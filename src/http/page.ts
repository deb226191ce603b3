import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { stringify } from 'csv-stringify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { DomainError } from '../shared/errors.ts'

export const defaultLimit = 50
export const maxLimit = 200

/** Query of every list: how many, and where to go on. Spread into a strict query object. */
export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(maxLimit)
    .default(defaultLimit)
    .describe(`Items per page, 1 to ${maxLimit}`),
  cursor: z.string().max(500).optional().describe('The `next` of the page before; opaque')
}

/** `{ items, next }`: `next` is the cursor of the following page, null on the last. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Cursor of the next page; null: this was the last')
  })

/** The sort key of the last item seen, in the order of the list's index. */
export type Keyset = readonly (string | number)[]

export const encodeCursor = (keyset: Keyset): string => Buffer.from(JSON.stringify(keyset)).toString('base64url')

/** Reads a cursor; `shape` is the list's own, so that a cursor of another list is refused. */
export function decodeCursor<T extends Keyset>(cursor: string | undefined, shape: z.ZodType<T>): T | null {
  if (cursor === undefined) return null
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch {
    throw new DomainError('validation-failed', 'cursor: is not one that this list gave.', {
      errors: [{ parameter: 'cursor', detail: 'Is not one that this list gave.' }]
    })
  }
}

/** Cursor shapes of lists that are ordered by a uuid, and by a number. */
export const idCursor = z.tuple([z.uuid()])
export const numberCursor = z.tuple([z.int()])

/** The id that an ordinary list, ordered by a uuid, goes on after (or before); null: from the beginning. */
export const idFrom = (cursor: string | undefined): string | null => decodeCursor(cursor, idCursor)?.[0] ?? null

export type Page<T> = { items: T[]; next: string | null }

/** Makes a page of one more row than asked for. */
export function toPage<T>(rows: T[], limit: number, keyset: (row: T) => Keyset): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? encodeCursor(keyset(last)) : null }
}

/** Column name (stable, the header row) → cell. */
type CsvColumns<T> = Record<string, (item: T) => unknown>

/** The columns of a wire shape, named as its fields: `performedOn`, of shapes within it `providerMemberNumber`. */
export function columnsOf<T>(shape: z.ZodType<T>, path: readonly string[] = []): CsvColumns<T> {
  const inner = unwrap(shape)
  if (!(inner instanceof z.ZodObject)) {
    const at = (item: unknown) =>
      path.reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], item)
    return { [camelCase(path)]: at }
  }
  return Object.assign(
    {},
    ...Object.entries(inner.shape).map(([key, field]) => columnsOf(field as z.ZodType<T>, [...path, key]))
  ) as CsvColumns<T>
}

const unwrap = (shape: z.ZodType): z.ZodType =>
  shape instanceof z.ZodNullable || shape instanceof z.ZodOptional ? unwrap(shape.unwrap() as z.ZodType) : shape

const camelCase = ([first = '', ...rest]: readonly string[]): string =>
  first + rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('')

/** Of lists that can be read back from any page. */
export const turningPageOf = <T extends z.ZodType>(item: T) =>
  pageOf(item).extend({
    previous: z.string().nullable().describe('Cursor of the page before; null: this was the first')
  })

type List<T> = {
  /** of the file, where CSV is asked for */
  name: string
  query: { limit: number; cursor?: string | undefined }
  columns: CsvColumns<T>
  /** one page from a cursor on, in a transaction of its own */
  page(cursor: string | undefined, limit: number): Promise<Page<T> & { previous?: string | null }>
}

/** Answers a list: one page as JSON with links to its neighbours, or all from the cursor on as CSV where that is asked for. */
export async function sendList<T>(request: FastifyRequest, reply: FastifyReply, list: List<T>): Promise<FastifyReply> {
  const { limit, cursor } = list.query
  if (wantsCsv(request)) return sendCsv(reply, list)
  const page = await list.page(cursor, limit)
  const [address] = request.url.split('?', 1)
  const links = (['next', 'previous'] as const).flatMap((name) => {
    const at = page[name] ?? null
    if (at === null) return []
    const query = new URLSearchParams(request.url.slice(address!.length))
    query.set('cursor', at)
    // RFC 8288
    return [`<${address}?${query}>; rel="${name === 'next' ? 'next' : 'prev'}"`]
  })
  if (links.length > 0) reply.header('link', links.join(', '))
  return reply.send(page)
}

const accepts = (request: FastifyRequest, mediaType: string): boolean =>
  (request.headers.accept ?? '').split(',').some((part) => part.trim().toLowerCase().startsWith(mediaType))

const wantsCsv = (request: FastifyRequest): boolean => accepts(request, 'text/csv')
export const wantsPdf = (request: FastifyRequest): boolean => accepts(request, 'application/pdf')

/** A document to print, as it is made. */
export const sendPdf = (reply: FastifyReply, name: string, document: Readable): FastifyReply =>
  reply
    .header('content-type', 'application/pdf')
    .header('content-disposition', `attachment; filename="${name}.pdf"`)
    .send(document)

/**
 * Formula-safe (a cell that a spreadsheet would run begins with an apostrophe), with a header row. One page is in memory at
 * a time, and a reader who goes away ends the reading.
 */
async function sendCsv<T>(
  reply: FastifyReply,
  { name, query, columns, page: nextPage }: List<T>
): Promise<FastifyReply> {
  const first = await nextPage(query.cursor, maxLimit)
  const csv = stringify({
    header: true,
    columns: Object.keys(columns),
    escape_formulas: true,
    record_delimiter: 'windows',
    bom: true
  })
  const write = async () => {
    for (let page = first; ; page = await nextPage(page.next, maxLimit)) {
      for (const item of page.items) {
        const row = Object.values(columns).map((cell) => cellText(cell(item)))
        if (!csv.write(row)) await once(csv, 'drain')
      }
      if (page.next === null) break
    }
    csv.end()
  }
  write().catch((error: Error) => csv.destroy(error))
  return reply
    .header('content-type', 'text/csv; charset=utf-8; header=present')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .send(csv)
}

/** A negative number stays a number: only texts are made safe. */
function cellText(value: unknown): string | number {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return value
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(cellText).join('; ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
