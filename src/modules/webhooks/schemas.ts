import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { webhookEventTypes } from '../../shared/webhook-events.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { deliveryStates } from './deliveries.ts'
import { disabledReasons, disablers, endpointStates } from './endpoints.ts'
import { outcomes } from './post.ts'

export const endpointParams = z.object({ ...timebankParams.shape, endpoint: z.uuid() })
export const deliveryParams = z.object({ ...endpointParams.shape, delivery: z.uuid() })

export const listQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(endpointStates).optional(),
  organisationId: z.uuid().optional().describe('Of this organisation; agencies see their own in any case')
})

export const deliveryQuery = z.strictObject({ ...pageQuery, state: z.enum(deliveryStates).optional() })

const url = z
  .string()
  .min(1)
  .max(2000)
  .describe(
    'https, without user name and password; what follows a # is refused. Private and reserved addresses are too'
  )
const description = text(200).min(1)
const types = z
  .array(z.enum(webhookEventTypes))
  .min(1)
  .refine((list) => new Set(list).size === list.length, { error: 'Each once.' })

export const newEndpointSchema = z.strictObject({
  url,
  description: description.optional(),
  types: types.nullish().describe('Types of events to be told of; null: all, also those that there will be')
})

export const endpointChangeSchema = z.strictObject({
  url: url.optional(),
  description: description.nullable().optional(),
  types: types.nullable().optional()
})

const outcome = z
  .enum(outcomes)
  .describe(
    'answered: any 2xx. status: another one. redirect: any 3xx, which is not followed. gone: 410. timeout: no whole answer in 10 s. address_refused: private or reserved. host_unknown: the name has no address. connection: none, or it broke off. tls: the certificate or its protocol. challenge: answered without it'
  )

export const endpointSchema = z
  .object({
    id: z.uuid(),
    organisationId: z.uuid(),
    host: z.string().describe('Name and port'),
    url: z.string().nullable().describe('To its agency only; null to staff'),
    description: z.string().nullable(),
    types: z.array(z.enum(webhookEventTypes)).nullable().describe('null: all'),
    state: z
      .enum(endpointStates)
      .describe(
        'unverified: nothing is sent before its challenge is answered; events wait. disabled: events do not wait for it'
      ),
    verification: z
      .object({ at: z.date(), outcome })
      .nullable()
      .describe('The latest challenge; null: none has been answered or failed yet'),
    verifiedAt: z.date().nullable(),
    disabled: z
      .object({
        at: z.date(),
        by: z.enum(disablers),
        why: z
          .enum(disabledReasons)
          .nullable()
          .describe(
            'Where the service has done it. agency_ended: its organisation is closed, or its last client revoked'
          )
      })
      .nullable(),
    failingSince: z
      .date()
      .nullable()
      .describe('First failure since the latest success; after three days it is disabled'),
    failures: z.int().describe('In a row'),
    nextAttemptAt: z.date().nullable().describe('While it is failing: nothing is sent before'),
    deliveredAt: z.date().nullable().describe('The latest success'),
    previousSecretUntil: z.date().nullable().describe('Until then the old secret signs too; null: one secret'),
    createdAt: z.date(),
    rowVersion: z.int()
  })
  .meta({ id: 'WebhookEndpoint', description: 'Where an agency is told of events' })

const secret = z
  .string()
  .describe('`whsec_` and 32 bytes in base64, as libraries for Standard Webhooks take it. Shown this once')

export const madeEndpointSchema = endpointSchema.extend({ secret }).meta({ id: 'WebhookEndpointMade' })

export const rotationSchema = z
  .strictObject({
    keepOld: z.boolean().default(true).describe('true: the old secret signs too for 24 hours. false: it ends at once')
  })
  .nullish()

export const sinceSchema = z.strictObject({
  since: z.iso
    .datetime({ offset: true })
    .describe('Events that came at this instant or later; they are kept for 30 days')
})

export const deliverySchema = z
  .object({
    id: z.uuid().describe("The event's, and the `webhook-id`: the same however often it is sent"),
    type: z.string(),
    subject: z.object({ type: z.string(), id: z.uuid() }),
    at: z.date().describe('When it happened'),
    state: z.enum(deliveryStates).describe('dead: given up, after three days or because the endpoint was disabled'),
    attempts: z.int().describe('Since it happened or was last asked for again'),
    nextAttemptAt: z.date().nullable().describe('Not before; null: none'),
    lastAttemptAt: z.date().nullable(),
    lastOutcome: outcome.nullable(),
    lastStatus: z.int().nullable().describe('HTTP status; null: there was no answer')
  })
  .meta({ id: 'WebhookDelivery', description: 'An event on its way to an endpoint, and what came of it' })

export const resentSchema = z.object({ deliveries: z.int() }).meta({ id: 'WebhookDeliveriesResent' })

/** Steps that need nothing said: an empty object or no body at all. */
export const emptySchema = z.strictObject({}).nullish()
