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

export type Page<T> = { items: T[]; next: string | null }

/** Makes a page of one more row than asked for. */
export function toPage<T>(rows: T[], limit: number, keyset: (row: T) => Keyset): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? encodeCursor(keyset(last)) : null }
}

/** RFC 8288 link to the next page. */
export function linkNext(request: FastifyRequest, reply: FastifyReply, next: string | null): void {
  if (next === null) return
  const url = new URL(request.url, 'http://local')
  url.searchParams.set('cursor', next)
  reply.header('link', `<${url.pathname}${url.search}>; rel="next"`)
}

export const wantsCsv = (request: FastifyRequest): boolean =>
  (request.headers.accept ?? '').split(',').some((part) => part.trim().toLowerCase().startsWith('text/csv'))

/** Column name (stable, the header row) → cell. */
export type CsvColumns<T> = Record<string, (item: T) => string | number | boolean | null | undefined>

/**
 * Sends all pages of a list as CSV, from the cursor on: formula-safe (a cell that a spreadsheet would run begins with an
 * apostrophe), with a header row. `nextPage` is called for one page at a time, so that memory stays bounded.
 */
export async function sendCsv<T>(
  reply: FastifyReply,
  name: string,
  columns: CsvColumns<T>,
  nextPage: (cursor: string | undefined) => Promise<Page<T>>,
  cursor?: string
): Promise<FastifyReply> {
  const first = await nextPage(cursor)
  const csv = stringify({
    header: true,
    columns: Object.keys(columns),
    escape_formulas: true,
    record_delimiter: 'windows',
    bom: true
  })
  const write = async () => {
    for (let page = first; ; page = await nextPage(page.next)) {
      for (const item of page.items) {
        const row = Object.values(columns).map((cell) => cell(item) ?? '')
        if (!csv.write(row)) await new Promise((resume) => csv.once('drain', resume))
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
