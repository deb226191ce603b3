import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { queryStatuses } from './queries.ts'
import { exchangeParams } from './schemas.ts'
import { sideNames } from './sides.ts'

const who = z.enum([...sideNames, 'broker'])

export const queryParams = z.object({ ...exchangeParams.shape, query: z.uuid() })
export const queryTextSchema = z.strictObject({ text: text(2000).min(3) })
export const openQueriesQuery = z.strictObject({ ...pageQuery, status: z.enum(queryStatuses).default('open') })

export const querySchema = z
  .object({
    id: z.uuid(),
    exchangeId: z.uuid(),
    status: z.enum(queryStatuses),
    askedBy: z.uuid().describe('Membership'),
    askedAs: who,
    text: z.string().describe('Empty where it was blanked with the membership of somebody who is forgotten'),
    askedAt: z.date(),
    answeredBy: z.uuid().nullable(),
    answeredAs: who.nullable(),
    answer: z.string().nullable(),
    answeredAt: z.date().nullable(),
    closedAt: z.date().nullable(),
    rowVersion: z.int()
  })
  .meta({ id: 'ExchangeQuery' })
