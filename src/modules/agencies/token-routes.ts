import { type Api, anyone, problemOf } from '../../http/index.ts'
import { agencyScopes } from '../../shared/agency-scopes.ts'
import type { DomainError } from '../../shared/errors.ts'
import type { Identity } from '../identity/index.ts'
import { serverSchema, tokenBody, tokenErrorSchema, tokenSchema } from './schemas.ts'
import { type TokenError, tokenFor } from './tokens.ts'

const texts: Record<TokenError, string> = {
  invalid_request: 'grant_type is needed, each parameter once, and the credentials in one way only',
  invalid_client: 'The credentials are wrong, or the client has been revoked',
  invalid_scope: 'More was asked for than the client has been given',
  unsupported_grant_type: 'grant_type: client_credentials'
}

/** Where systems of agencies get their access tokens, and learn where that is. */
export function tokenRoutes(app: Api, { identity, publicUrl }: { identity: Identity; publicUrl: string }): void {
  app.get(
    '/.well-known/oauth-authorization-server',
    {
      config: { access: anyone },
      schema: {
        operationId: 'authorizationServer',
        tags: ['Agencies'],
        summary: "Where and how an agency's system gets its tokens",
        description: 'The metadata of an OAuth 2.0 authorization server (RFC 8414).',
        response: { 200: serverSchema }
      }
    },
    async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=3600').send({
        issuer: publicUrl,
        token_endpoint: `${publicUrl}/oauth/token`,
        jwks_uri: `${publicUrl}/.well-known/jwks.json`,
        // required, and none: nobody is sent here by a browser
        response_types_supported: [],
        grant_types_supported: ['client_credentials'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        scopes_supported: agencyScopes,
        service_documentation: `${publicUrl}/docs`
      })
  )

  app.register(async (scope: Api) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 16_384 },
      (_request, body, done) => done(null, fields(String(body)))
    )

    scope.post(
      '/oauth/token',
      {
        config: { access: anyone, problem: malformed },
        schema: {
          operationId: 'clientToken',
          tags: ['Agencies'],
          summary: "An access token for an agency's system",
          description:
            'OAuth 2.0 client credentials (RFC 6749, section 4.4), as a form: the credentials by HTTP Basic or in the body. Good for 10 minutes, in the one timebank of the client. Refusals are those of section 5.2. Wrong credentials count per client and address: beyond 10 a minute they are 429 `too-many-guesses`, the right ones never.',
          consumes: ['application/x-www-form-urlencoded'],
          body: tokenBody,
          response: { 200: tokenSchema, 400: tokenErrorSchema, 401: tokenErrorSchema }
        }
      },
      async (request, reply) => {
        const { grant_type, client_id, client_secret, scope: wanted } = request.body
        const shown = basic(request.headers.authorization)
        const credentials = shown ?? { clientId: client_id, clientSecret: client_secret }
        const answer = await tokenFor(app.database, identity, {
          grantType: shown && client_secret !== undefined ? undefined : grant_type,
          scope: wanted,
          ...credentials,
          address: request.ip
        })
        reply.header('cache-control', 'no-store')
        if (!('error' in answer)) return answer
        const { error } = answer
        if (error === 'invalid_client') reply.header('www-authenticate', 'Basic realm="Commonhours"')
        return reply.code(error === 'invalid_client' ? 401 : 400).send({ error, error_description: texts[error] })
      }
    )
  })
}

/** Of a form; of one in which something stands twice nothing counts (RFC 6749, section 3.2). */
function fields(body: string): Record<string, string> {
  const pairs = [...new URLSearchParams(body)]
  const once = Object.fromEntries(pairs)
  return Object.keys(once).length === pairs.length ? once : {}
}

/** What is no request for a token at all, in OAuth's words; that one has to wait, in ours. */
function malformed(error: DomainError, instance: string) {
  const problem = problemOf(error, instance)
  if (problem.status >= 429) return problem
  const headers = { ...problem.headers, 'content-type': 'application/json; charset=utf-8' }
  return { status: 400, headers, body: { error: 'invalid_request', error_description: error.message } }
}

/** Client credentials by HTTP Basic, each encoded as in a form (RFC 6749, section 2.3.1). */
function basic(header: string | undefined): { clientId: string; clientSecret: string } | null {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return null
  const [id, ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  const plain = (value: string) => new URLSearchParams(`x=${value}`).get('x') ?? ''
  return { clientId: plain(id ?? ''), clientSecret: plain(secret.join(':')) }
}
