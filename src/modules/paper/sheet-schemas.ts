import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { sources } from '../../shared/actor.ts'
import { newGroupSchema, recordSchema } from '../exchanges/schemas.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import type { SheetLine } from './sheets.ts'

const one = recordSchema.shape
const several = newGroupSchema.shape

/** What a line may say, and what may be said for all lines; all of it optional here, since each may come from the other. */
const fields = {
  provider: one.provider.optional(),
  receiver: one.receiver.optional(),
  minutes: one.minutes.optional(),
  categoryId: one.categoryId.optional(),
  performedOn: one.performedOn.optional(),
  description: text(2000).optional(),
  guardianConsent: one.guardianConsent
}

const commonSchema = z.strictObject(fields)

const lineSchema = z.strictObject({
  ...fields,
  slipNumber: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9/.-]{0,39}$/, 'letters, digits and / . -, at most 40')
    .optional()
    .describe('Number of the paper slip that the line is from'),
  offerId: one.offerId,
  requestId: one.requestId,
  budgetId: one.budgetId,
  providers: several.providers.optional().describe('Of several people: as in recording a group'),
  receivers: several.receivers.optional(),
  rule: several.rule
})

/** A line with what is common, or the names of what is wanting. A line of several people leaves the common two sides out. */
function wholeLine(
  common: z.output<typeof commonSchema>,
  { slipNumber, ...line }: z.output<typeof lineSchema>
): { line: SheetLine } | { faults: [field: string, detail: string][] } {
  const group = line.providers !== undefined || line.receivers !== undefined
  const faults: [string, string][] = []
  const { providers, receivers, rule, provider, receiver, minutes, ...shared } = { ...common, ...line }
  const { categoryId, performedOn, description = '', guardianConsent, offerId, requestId, budgetId } = shared
  const need = (name: string, value: unknown) => {
    if (value === undefined) faults.push([name, 'Is needed, here or in common.'])
  }
  const refuse = (names: readonly ('provider' | 'receiver' | 'minutes' | 'rule')[], detail: string) => {
    for (const name of names) if (line[name] !== undefined) faults.push([name, detail])
  }
  need('categoryId', categoryId)
  need('performedOn', performedOn)
  if (group) {
    need('providers', providers)
    need('receivers', receivers)
    refuse(['provider', 'receiver', 'minutes'], 'Not together with providers and receivers.')
  } else {
    need('provider', provider)
    need('receiver', receiver)
    need('minutes', minutes)
    refuse(['rule'], 'Is for several receivers.')
  }
  if (faults.length > 0) return { faults }
  const base = {
    slipNumber,
    categoryId: categoryId!,
    performedOn: performedOn!,
    description,
    guardianConsent,
    offerId,
    requestId,
    budgetId
  }
  return {
    line: group
      ? { kind: 'group', ...base, providers: providers!, receivers: receivers!, rule }
      : { kind: 'exchange', ...base, provider: provider!, receiver: receiver!, minutes: minutes! }
  }
}

/** More exchanges would take longer than a request may. */
const mostExchanges = 1000

export const newSheetSchema = z
  .strictObject({
    title: text(200).default('').describe('What the sheet is from, such as “Spring fair”'),
    common: commonSchema.default({}).describe('For all lines that do not say otherwise'),
    lines: z.array(lineSchema).min(1).max(200),
    atomic: z.boolean().default(false).describe('All lines or none; otherwise each line by itself'),
    dryRun: z.boolean().default(false).describe('Answers as if it were recorded, and saves nothing')
  })
  .superRefine(({ common, lines }, { addIssue }) => {
    let exchanges = 0
    lines.forEach((given, i) => {
      const found = wholeLine(common, given)
      exchanges += (given.providers?.length ?? 1) * (given.receivers?.length ?? 1)
      if ('faults' in found)
        for (const [field, message] of found.faults) addIssue({ code: 'custom', path: ['lines', i, field], message })
    })
    if (exchanges > mostExchanges)
      addIssue({ code: 'custom', path: ['lines'], message: `These are more than ${mostExchanges} exchanges.` })
  })

export const sheetLinesOf = ({ common, lines }: z.output<typeof newSheetSchema>): SheetLine[] =>
  lines.map((line) => {
    const found = wholeLine(common, line)
    if ('faults' in found) throw new Error('a line that was not checked')
    return found.line
  })

const listed = {
  title: z.string(),
  atomic: z.boolean(),
  source: z.enum(sources),
  recorded: z.int().describe('Lines that were recorded'),
  refused: z.int().describe('Lines that were refused'),
  recordedBy: z.uuid().nullable().describe('Membership'),
  recordedAt: z.date()
}

export const listedSheetSchema = z.object({ id: z.uuid(), ...listed }).meta({ id: 'ListedEventSheet' })

export const sheetSchema = z
  .object({
    id: z.uuid().nullable().describe('null: not saved'),
    saved: z.boolean(),
    sheet: z.object(listed).nullable().describe('null: not saved'),
    lines: z
      .array(
        z.object({
          line: z.int().describe('From 1'),
          status: z
            .enum(['recorded', 'would_record', 'refused'])
            .describe('would_record: nothing would refuse it, but the sheet is not saved'),
          exchangeId: z.uuid().nullable().describe('What it was recorded as; reversed there'),
          groupId: z.uuid().nullable().describe('The same of several people'),
          given: z
            .record(z.string(), z.unknown())
            .describe('The line with what was common; its description is blanked when one of the people is erased'),
          problem: z
            .object({
              code: z.string().describe('As in /problems'),
              detail: z.string(),
              errors: z.array(z.object({ pointer: z.string().optional(), detail: z.string() })),
              figures: z.record(z.string(), z.unknown())
            })
            .nullable()
            .describe('Why it was refused')
        })
      )
      .describe('Every line, in its order')
  })
  .meta({ id: 'EventSheet', description: 'The sheet of an event with what came of each line' })

export const sheetParams = z.object({ ...timebankParams.shape, sheet: z.uuid() })
export const sheetListQuery = z.strictObject(pageQuery)
