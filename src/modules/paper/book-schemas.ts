import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'

const number = z.int().min(1).max(999_999_999)

export const newBookSchema = z
  .strictObject({
    prefix: z
      .string()
      .max(20)
      .regex(/^([A-Za-z0-9][A-Za-z0-9/.-]*[A-Za-z/.-]|[A-Za-z])?$/, 'letters, digits and / . -, not ending in a digit')
      .default('')
      .describe('What is printed before each number; kept in capitals'),
    from: number.describe('First number'),
    to: number.describe('Last number; at most 10,000 slips'),
    digits: z
      .int()
      .min(1)
      .max(9)
      .default(1)
      .describe('How many digits are printed, with leading zeros; 1: as many as the number has'),
    holderId: z.uuid().optional().describe('Member who has the book'),
    holderOrganisationId: z.uuid().optional().describe('Organisation that has it; not together with holderId'),
    note: text(1000).default('').describe('For staff only; blanked when the holder is erased')
  })
  .refine(({ from, to }) => to >= from && to - from < 10_000, {
    path: ['to'],
    error: 'must not be before from, nor give more than 10,000 slips'
  })
  .refine(({ holderId, holderOrganisationId }) => !holderId || !holderOrganisationId, {
    path: ['holderOrganisationId'],
    error: 'must not stand together with holderId'
  })

const state = z
  .enum(['used', 'taken_back', 'void', 'missing', 'unused'])
  .describe(
    'used: recorded; taken_back: recorded, and cancelled or reversed since; void: will not be used; missing: has not come back, though a later one of the book has, or the book is closed; unused: has not come back yet'
  )

export const bookSchema = z
  .object({
    id: z.uuid(),
    prefix: z.string(),
    from: z.int(),
    to: z.int(),
    digits: z.int(),
    status: z.enum(['issued', 'closed']),
    holderId: z.uuid().nullable(),
    holderOrganisationId: z.uuid().nullable(),
    note: z.string(),
    issuedAt: z.date(),
    issuedBy: z.uuid().nullable().describe('Membership'),
    closedAt: z.date().nullable(),
    closedBy: z.uuid().nullable().describe('Membership'),
    closingNote: z.string().nullable(),
    missingAtClose: z.array(z.int()).nullable().describe('Numbers that had not come back when it was closed'),
    rowVersion: z.int()
  })
  .meta({ id: 'SlipBook', description: 'A book of numbered paper slips' })

const slips = (what: string) => z.int().describe(`Slips ${what}`)
export const reconciledSchema = bookSchema
  .extend({
    counts: z
      .object({
        used: slips('recorded'),
        takenBack: slips('recorded, and cancelled or reversed since'),
        void: slips('declared void'),
        missing: slips('that should have come back'),
        unused: slips('that have not come back yet')
      })
      .describe('Together: all slips of the book')
  })
  .meta({ id: 'ReconciledSlipBook' })

export const slipSchema = z
  .object({
    bookId: z.uuid(),
    number: z.int(),
    slipNumber: z.string().describe('As it is printed'),
    state,
    exchangeId: z.uuid().nullable().describe('What was recorded from it; of a group the first exchange'),
    groupId: z.uuid().nullable(),
    recordedAt: z.date().nullable(),
    late: z.boolean().describe('Recorded after the book was closed'),
    voidReason: z.string().nullable(),
    voidedAt: z.date().nullable()
  })
  .meta({ id: 'Slip' })

export const bookParams = z.object({ ...timebankParams.shape, book: z.uuid() })
export const bookListQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(['issued', 'closed']).optional(),
  holderId: z.uuid().optional()
})
export const slipListQuery = z.strictObject({ ...pageQuery, state: state.optional() })
export const missingQuery = z.strictObject({
  ...pageQuery,
  books: z.enum(['issued', 'closed', 'all']).default('issued').describe('Of which books')
})
export const voidSchema = z.strictObject({ number: number.describe('Without prefix'), reason: text(1000).min(3) })
export const closingSchema = z
  .strictObject({ note: text(1000).optional().describe('What is known of the missing ones; for staff only') })
  .nullish()

export const missingCursor = z.tuple([z.uuid(), z.int()])
