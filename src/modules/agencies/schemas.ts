import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import { agencyScopes } from '../../shared/agency-scopes.ts'
import { timebankParams } from '../timebanks/schemas.ts'

export const organisationParams = z.object({ ...timebankParams.shape, organisation: z.uuid() })
export const clientParams = z.object({ ...organisationParams.shape, client: z.uuid() })
export const clientsQuery = z.strictObject(pageQuery)

export const newClientSchema = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .refine((value) => !value.includes('\0'), 'must not contain NUL')
    .describe('Which of its systems it is'),
  scopes: z.array(z.enum(agencyScopes)).min(1).max(agencyScopes.length),
  professionalId: z
    .uuid()
    .optional()
    .describe('Affiliation of the professional who stands for requests that name nobody; else each has to name one'),
  requestsPerMinute: z.int().min(1).max(100_000).optional().describe('Its own quota; left out: that of everybody')
})

export const clientSchema = z
  .object({
    id: z.uuid().describe('The client_id'),
    organisationId: z.uuid(),
    name: z.string(),
    scopes: z.array(z.enum(agencyScopes)),
    professionalId: z.uuid().nullable(),
    requestsPerMinute: z.int().nullable(),
    createdAt: z.date(),
    revokedAt: z.date().nullable(),
    rowVersion: z.int()
  })
  .meta({ id: 'AgencyClient' })

export const madeClientSchema = clientSchema
  .extend({ clientSecret: z.string().describe('Secret: shown this once') })
  .meta({ id: 'AgencyClientMade' })

export const ownAgencySchema = z
  .object({
    organisation: z.object({ id: z.uuid(), name: z.string() }),
    client: clientSchema,
    professionalId: z.uuid().describe('Affiliation of the professional in whose name you ask this'),
    professionals: z
      .array(z.object({ affiliationId: z.uuid(), name: z.string(), title: z.string().nullable() }))
      .describe('Whom requests may name today, by Commonhours-Professional: affiliationId')
  })
  .meta({ id: 'OwnAgency' })

export const nothing = z.undefined()

const part = z.string().max(2000)
/** As OAuth has them; a client that sends more than is known here is not refused for it (RFC 6749, section 3.2). */
export const tokenBody = z.looseObject({
  grant_type: part.optional().describe('`client_credentials`'),
  client_id: part.optional().describe('Here, or by HTTP Basic'),
  client_secret: part.optional(),
  scope: part.optional().describe('Some of its scopes, with a space between; left out: all')
})
export const tokenSchema = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().describe('Seconds'),
    scope: z.string().describe('What the token is good for')
  })
  .meta({ id: 'ClientToken' })
export const tokenErrorSchema = z
  .object({
    error: z.enum(['invalid_request', 'invalid_client', 'invalid_scope', 'unsupported_grant_type']),
    error_description: z.string()
  })
  .meta({ id: 'ClientTokenError' })
