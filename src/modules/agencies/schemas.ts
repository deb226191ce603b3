import { z } from 'zod'
import { pageQuery, text } from '../../http/index.ts'
import { agencyScopes } from '../../shared/agency-scopes.ts'
import { timebankParams } from '../timebanks/schemas.ts'

export const organisationParams = z.object({ ...timebankParams.shape, organisation: z.uuid() })
export const clientParams = z.object({ ...organisationParams.shape, client: z.uuid() })
export const clientsQuery = z.strictObject(pageQuery)

const name = text(100).min(1).describe('Which of its systems it is')
const scopes = z.array(z.enum(agencyScopes)).min(1).max(agencyScopes.length)
const professionalId = z
  .uuid()
  .describe('Affiliation of the professional who stands for requests that name nobody; else each has to name one')
const requestsPerMinute = z.int().min(1).max(100_000).describe('Its own quota; left out: that of everybody')

export const newClientSchema = z.strictObject({
  name,
  scopes,
  professionalId: professionalId.optional(),
  requestsPerMinute: requestsPerMinute.optional()
})

export const clientChangeSchema = z.strictObject({
  name: name.optional(),
  scopes: scopes.optional(),
  professionalId: professionalId.nullable().optional().describe('null: each request has to name one'),
  requestsPerMinute: requestsPerMinute.nullable().optional().describe('From its next token on; null: that of everybody')
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

export const secretParams = z.object({ ...clientParams.shape, secret: z.uuid() })
export const ownSecretParams = z.object({ ...timebankParams.shape, secret: z.uuid() })
export const secretsQuery = z.strictObject(pageQuery)

export const rotationSchema = z
  .strictObject({
    endsPreviousAfterSeconds: z
      .int()
      .min(0)
      .max(30 * 24 * 60 * 60)
      .default(24 * 60 * 60)
      .describe('How long the secret before stays good, so that systems can change over; seconds, 30 days at most')
  })
  .nullish()

export const secretSchema = z
  .object({
    id: z.uuid(),
    createdAt: z.date(),
    endsAt: z.date().nullable().describe('From then on it is no good; null: until further notice'),
    lastUsedAt: z.date().nullable().describe('When a token was last had by it, to the minute; null: never')
  })
  .meta({ id: 'AgencySecret', description: 'What is known of a secret of an API client, which is itself not kept' })

export const madeSecretSchema = secretSchema
  .extend({
    clientId: z.uuid(),
    clientSecret: z.string().describe('Secret: shown this once'),
    previous: z
      .object({ id: z.uuid(), endsAt: z.date() })
      .nullable()
      .describe('The secret before, and until when it stays good; any older one has ended')
  })
  .meta({ id: 'AgencySecretMade' })

export const ownAgencySchema = z
  .object({
    organisation: z.object({ id: z.uuid(), name: z.string() }),
    client: clientSchema,
    secrets: z.array(secretSchema).describe('By which it gets tokens now, the newest first: two at most'),
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

export const serverSchema = z
  .object({
    issuer: z.string(),
    token_endpoint: z.string(),
    jwks_uri: z.string(),
    response_types_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    scopes_supported: z.array(z.string()),
    service_documentation: z.string()
  })
  .meta({ id: 'AuthorizationServer' })
