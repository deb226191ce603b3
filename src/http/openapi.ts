import type { IncomingMessage, ServerResponse } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import {
  createJsonSchemaTransform,
  jsonSchemaTransformObject,
  validatorCompiler,
  type ZodTypeProvider
} from 'fastify-type-provider-zod'
import { z } from 'zod'
import { claimableSources } from '../shared/actor.ts'
import { agencyScopes, agencyScopeTexts } from '../shared/agency-scopes.ts'
import { accessText, anyone, type DeclaredRoute } from './access.ts'
import { problemSchema } from './problem.ts'
import { serializerCompiler } from './serializer.ts'

/** A fastify whose routes take zod schemas. */
export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The list is also given as text/csv. */
    csv?: boolean
    /** It is also given as application/pdf. */
    pdf?: boolean
    /** The edit asks for If-Match. */
    ifMatch?: boolean
  }
}

type Operation = {
  responses: Record<string, { content?: Record<string, unknown>; [key: string]: unknown }>
  requestBody?: { required?: boolean; content?: Record<string, { schema?: { anyOf?: { type?: string }[] } }> }
  parameters?: unknown[]
  description?: string
  security?: unknown[]
  'x-who-may-call'?: string
}

const problemResponse = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
})

const header = (name: string, required: boolean, description: string, schema: Record<string, unknown>) => ({
  in: 'header',
  name,
  required,
  description,
  schema
})

/** What every operation has in common and no route should have to repeat: refusals, headers, who may call. What a route says itself stays. */
function complete(operation: Operation, route: DeclaredRoute): void {
  const { access, method, config } = route
  operation['x-who-may-call'] = accessText(access)
  operation.description = `${operation.description ? `${operation.description}\n\n` : ''}Who may call: ${accessText(access)}.`
  operation.security = access === anyone ? [] : [{ bearer: [] }]
  if (access.who === 'timebank' && access.agency)
    operation.security.push({ agency: access.agency === true ? [] : [access.agency] })
  operation.responses['4XX'] ??= problemResponse('Refused; `code` says why and `errors` names every fault')
  operation.responses['5XX'] ??= problemResponse('The service could not answer')
  const parameters = operation.parameters ?? []
  if (access.who === 'timebank' && access.agency)
    parameters.push(
      header(
        'Commonhours-Professional',
        false,
        "For agencies' systems: affiliation of the professional in whose name they ask; left out: that of the client",
        { type: 'string', format: 'uuid' }
      )
    )
  if (access.who === 'timebank' && method !== 'GET') {
    if (method === 'POST')
      parameters.push(
        header(
          'Idempotency-Key',
          config.idempotency === 'required',
          'A repeat with the same key gets the first answer',
          {
            type: 'string',
            minLength: 8,
            maxLength: 128
          }
        )
      )
    parameters.push(
      header('Commonhours-Source', false, 'Through what it reached you', {
        type: 'string',
        enum: [...claimableSources],
        default: 'api'
      }),
      header('Commonhours-Slip', false, 'Number of the paper slip', { type: 'string', maxLength: 40 })
    )
  }
  if (config.ifMatch)
    parameters.push(
      header('If-Match', true, 'The ETag of what you read; 412 when it has changed since', { type: 'string' })
    )
  const sent = operation.requestBody?.content?.['application/json']?.schema
  // a body that may be null may be left out
  if (operation.requestBody && sent?.anyOf?.some(({ type }) => type === 'null')) operation.requestBody.required = false
  if (config.csv) {
    const ok = operation.responses['200']
    if (ok?.content)
      ok.content['text/csv'] = {
        schema: { type: 'string', description: 'All items from `cursor` on, whatever `limit` says' }
      }
  }
  if (config.pdf) {
    const ok = operation.responses['200']
    if (ok?.content)
      ok.content['application/pdf'] = {
        schema: { type: 'string', contentMediaType: 'application/pdf', description: 'To print' }
      }
  }
  if (parameters.length > 0) operation.parameters = parameters
}

/** Each named shape comes in a form for what is sent and one for what is answered; only those that are referred to stay. */
function dropUnused(document: { components?: { schemas?: Record<string, unknown> } }): void {
  const schemas = document.components?.schemas ?? {}
  for (let before = -1; before !== Object.keys(schemas).length; ) {
    before = Object.keys(schemas).length
    const text = JSON.stringify(document)
    for (const name of Object.keys(schemas)) if (!text.includes(`"#/components/schemas/${name}"`)) delete schemas[name]
  }
}

/** OpenAPI 3.1 at /openapi.json and a reference page at /docs, from the same zod objects that validate. */
export async function registerOpenapi(
  app: FastifyInstance,
  options: {
    version: string
    publicUrl: string
    declared: DeclaredRoute[]
    tags: { name: string; description: string }[]
  }
): Promise<void> {
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Commonhours',
        version: options.version,
        description:
          'Time banking on a double-entry ledger of hour credits. Times are integer minutes; an hour is an hour, whoever gives it.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
        contact: { name: 'Commonhours', url: options.publicUrl }
      },
      servers: [{ url: options.publicUrl }],
      tags: options.tags,
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'Access token, valid for 10 minutes'
          },
          agency: {
            type: 'oauth2',
            description: 'Systems of agencies: client credentials (RFC 6749, section 4.4)',
            flows: {
              clientCredentials: {
                tokenUrl: '/oauth/token',
                scopes: Object.fromEntries(agencyScopes.map((scope) => [scope, agencyScopeTexts[scope]]))
              }
            }
          }
        }
      }
    },
    transform: createJsonSchemaTransform({ skipList: [] }),
    transformObject: (documents) => {
      const document = jsonSchemaTransformObject(documents) as {
        paths?: Record<string, Record<string, Operation>>
        components?: { schemas?: Record<string, unknown> }
      }
      const { $schema: _, ...problem } = z.toJSONSchema(problemSchema, { io: 'output' })
      document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: problem } }
      for (const route of options.declared) {
        const path = route.url.replace(/:([A-Za-z]+)/g, '{$1}')
        const operation = document.paths?.[path]?.[route.method.toLowerCase()]
        if (operation) complete(operation, route)
      }
      dropUnused(document)
      return document as ReturnType<typeof jsonSchemaTransformObject>
    }
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // our name instead of the framework's bar
    theme: {
      title: 'Commonhours',
      css: [{ filename: 'commonhours.css', content: '.swagger-ui .topbar { display: none !important }' }]
    }
  })
  app.get('/openapi.json', { config: { access: anyone }, schema: { hide: true } }, async () => app.swagger())
}
