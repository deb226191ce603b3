import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { type Kind, modes, offerStatuses, requestStatuses, risks, settings, slots } from './vocabulary.ts'

const name = text(100).min(1)
const slug = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens, beginning with a letter')
  .min(2)
  .max(60)

export const categoryParams = z.object({
  ...timebankParams.shape,
  category: z.string().max(100).describe('Id or short name of the category')
})

const flags = {
  risk: z.enum(risks).describe('What an exchange in it may put at stake; the policy says what follows'),
  vetting: z.boolean().describe('Who gives here has been vetted'),
  minors: z.boolean().describe('People under 18 take part'),
  home: z.boolean().describe("It takes place in somebody's home")
}

export const categorySchema = z
  .object({
    id: z.uuid(),
    parentId: z.uuid().nullable(),
    depth: z.int().describe('1 at the top, at most 4'),
    slug: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    ...flags,
    closed: z.boolean().describe('Takes no new listings or exchanges'),
    own: z
      .object({ ...flags, closed: z.boolean() })
      .describe('What it says itself. The flags beside this are those in force, with those of everything above it'),
    position: z.int().describe('Order among its siblings'),
    createdAt: z.date(),
    rowVersion: z.int()
  })
  .meta({ id: 'Category' })

export const categoriesSchema = z.object({ items: z.array(categorySchema) })

const categoryInput = {
  parentId: z.uuid().nullable().optional().describe('Null: at the top'),
  name,
  description: text(1000).nullable().optional(),
  risk: flags.risk.optional(),
  vetting: flags.vetting.optional(),
  minors: flags.minors.optional(),
  home: flags.home.optional(),
  position: z.int().min(0).max(100_000).optional()
}

export const newCategorySchema = z.strictObject({
  ...categoryInput,
  slug: slug.optional().describe('Stays for good; made of the name where it is not given')
})

export const categoryChangeSchema = z.strictObject({
  ...categoryInput,
  name: name.optional(),
  closed: z.literal(false).optional().describe('Takes it into use again')
})

const degrees = (most: number) => z.number().min(-most).max(most).nullable().optional()
const language = z.string().regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'must be a language tag such as cy or pt-BR')
const slot = z.enum(slots)

const fields = {
  categoryId: z.uuid(),
  title: text(120).min(3),
  description: text(4000).optional(),
  mode: z.enum(modes).describe('Doing it for somebody, teaching it, or doing it together'),
  setting: z.enum(settings),
  availability: z.array(slot).max(slots.length).optional().describe('Parts of the week; empty: by arrangement'),
  languages: z.array(language).max(20).optional(),
  area: text(100).nullable().optional().describe('In words, for everybody to see'),
  latitude: degrees(90).describe(
    'Stored to 3 decimals (about 100 m). Others are told a distance only, from the middle of a cell of about 1.5 km that it lies in'
  ),
  longitude: degrees(180),
  estimatedMinutes: z.int().min(1).max(100_000).nullable().optional(),
  expiresOn: z.iso.date().nullable().optional().describe('The last day on which it stands; at most two years ahead')
}
const helpersNeeded = z.int().min(1).max(500).optional().describe('How many it takes; default 1')

const onBehalf = {
  memberId: z.uuid().optional().describe('On behalf of this member; for staff'),
  organisationId: z.uuid().optional().describe('For this organisation, for which the owner acts'),
  open: z.boolean().optional().describe('Open it at once instead of keeping a draft')
}

const view = {
  id: z.uuid(),
  title: z.string(),
  description: z.string(),
  categoryId: z.uuid(),
  mode: z.enum(modes),
  setting: z.enum(settings),
  availability: z.array(slot),
  languages: z.array(z.string()),
  area: z.string().nullable(),
  estimatedMinutes: z.int().nullable(),
  own: z.boolean().describe('Yours, or that of an organisation that you act for'),
  owner: z
    .object({ memberId: z.uuid(), memberNumber: z.int(), displayName: z.string() })
    .nullable()
    .describe('Null where the owner keeps their profile to staff'),
  organisation: z.object({ id: z.uuid(), name: z.string() }).nullable(),
  coordinates: z
    .object({ latitude: z.number(), longitude: z.number() })
    .nullable()
    .describe('For the owner and staff; null to others'),
  distanceKm: z
    .number()
    .nullable()
    .describe(
      'From `near`, in whole kilometres, from the middle of a cell of about 1.5 km that the place lies in; to 100 m from the place itself for staff and with `mine`. Null where it was not asked for'
    ),
  expiresOn: z.iso.date().nullable(),
  openedAt: z.date().nullable(),
  createdAt: z.date(),
  rowVersion: z.int()
}

const offerSchema = z.object({ ...view, status: z.enum(offerStatuses) }).meta({ id: 'Offer' })
const requestSchema = z
  .object({ ...view, status: z.enum(requestStatuses), helpersNeeded: z.int() })
  .meta({ id: 'Request' })

const nearPattern = /^-?\d{1,2}(\.\d{1,8})?,-?\d{1,3}(\.\d{1,8})?$/

const listQuery = (statuses: readonly string[]) =>
  z.strictObject({
    ...pageQuery,
    q: text(200)
      .regex(/[\p{L}\p{N}]{2}/u, 'must have a word in it')
      .optional()
      .describe(
        'Words, all of which occur. Accents, case and typing errors are forgiven, and a beginning is enough. "quotes" for a phrase, -word to leave out, or for either: then as it is written'
      ),
    status: z
      .enum(['any', ...statuses])
      .optional()
      .describe('Default: open; with `mine`: any. In other states than open you see your own'),
    category: z.string().min(1).max(100).optional().describe('Id or short name; with everything below it'),
    mode: z.enum(modes).optional(),
    setting: z.enum(settings).optional().describe('Also those that suit any setting'),
    language: language.optional(),
    availability: z
      .string()
      .max(400)
      .refine(
        (value) => value.split(',').every((part) => (slots as string[]).includes(part)),
        `one or more of ${slots[0]} … ${slots.at(-1)}, with commas between`
      )
      .optional()
      .describe('Any of these parts of the week, with commas between'),
    mine: z.literal('true').optional().describe('Your own, and those of organisations that you act for'),
    member: z.uuid().optional(),
    organisation: z.uuid().optional(),
    maxMinutes: z.coerce.number().int().min(1).max(100_000).optional().describe('Estimated to take no longer'),
    near: z
      .string()
      .regex(nearPattern, 'must be latitude,longitude in degrees')
      .refine(
        (value) => value.split(',').every((part, i) => Math.abs(Number(part)) <= (i === 0 ? 90 : 180)),
        'must be latitude,longitude in degrees'
      )
      .optional()
      .describe(
        'latitude,longitude; nearest first (by `distanceKm`) unless `q` is given. Leaves out what has no place'
      ),
    withinKm: z.coerce
      .number()
      .min(0.1)
      .max(200)
      .optional()
      .describe('With `near`: what has a `distanceKm` up to this; default 10')
  })

export const reasonSchema = z
  .strictObject({ reason: text(500).min(3).optional().describe('Kept in the audit trail') })
  .nullish()

/** The wire shapes of offers and of requests, side by side. */
export const shapes = {
  offer: {
    params: z.object({ ...timebankParams.shape, offer: z.uuid() }),
    view: offerSchema,
    query: listQuery(offerStatuses),
    create: z.strictObject({ ...fields, ...onBehalf }),
    change: z.strictObject(fields).partial()
  },
  request: {
    params: z.object({ ...timebankParams.shape, request: z.uuid() }),
    view: requestSchema,
    query: listQuery(requestStatuses),
    create: z.strictObject({ ...fields, helpersNeeded, ...onBehalf }),
    change: z.strictObject({ ...fields, helpersNeeded }).partial()
  }
} as const satisfies Record<Kind, unknown>

/** Ends of ranked pages (score and id). */
export const rankedCursor = z.tuple([z.int().min(-2_000_000_000).max(2_000_000_000), z.uuid()])
