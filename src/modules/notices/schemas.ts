import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'

export const noticeSchema = z
  .object({
    id: z.uuid(),
    kind: z.string().describe('`subject.verb`, such as exchange.confirmed; the same words as in the audit'),
    subjectId: z.uuid().describe('What it is about: of `exchange.…` an exchange'),
    createdAt: z.date(),
    readAt: z.date().nullable().describe('When the member read it first; null: not yet')
  })
  .meta({ id: 'Notice' })

export const noticeParams = z.object({ ...timebankParams.shape, notice: z.uuid() })

export const listQuery = z.strictObject({
  ...pageQuery,
  unread: z.enum(['true', 'false']).default('false').describe('`true`: only those that have not been read')
})
