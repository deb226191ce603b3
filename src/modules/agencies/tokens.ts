import type { Database } from '../../db/client.ts'
import { agencyScopes } from '../../shared/agency-scopes.ts'
import { isUuid } from '../../shared/ids.ts'
import { accessTokenSeconds, countWrongSecret, hashSecret, type Identity } from '../identity/index.ts'

/** What OAuth calls the reasons of a refusal (RFC 6749, section 5.2). */
export type TokenError = 'invalid_request' | 'invalid_client' | 'invalid_scope' | 'unsupported_grant_type'

export type TokenRequest = {
  grantType: string | undefined
  clientId: string | undefined
  clientSecret: string | undefined
  scope: string | undefined
  /** where the request came from */
  address: string
}

export type TokenAnswer = { access_token: string; token_type: 'Bearer'; expires_in: number; scope: string }

/**
 * An access token for the credentials of a client (RFC 6749, section 4.4). A client that is not there, one that is revoked and
 * a wrong secret are refused alike, and count alike. `scope` narrows the token to some of what the client has; what it has is read from the
 * database with each request in any case.
 */
export async function tokenFor(
  database: Database,
  identity: Identity,
  { grantType, clientId, clientSecret, scope, address }: TokenRequest
): Promise<TokenAnswer | { error: TokenError }> {
  if (grantType === undefined) return { error: 'invalid_request' }
  if (grantType !== 'client_credentials') return { error: 'unsupported_grant_type' }
  if (clientId === undefined || clientSecret === undefined) return { error: 'invalid_client' }
  const sign = await identity.signer()
  const client = isUuid(clientId) ? await clientWith(database, clientId, clientSecret) : undefined
  if (!client) {
    await countWrongSecret(database, clientId, address)
    return { error: 'invalid_client' }
  }
  const has = agencyScopes.filter((each) => client.scopes.includes(each))
  const asked: string[] = scope?.split(' ').filter((each) => each !== '') ?? has
  if (asked.some((each) => !(has as string[]).includes(each))) return { error: 'invalid_scope' }
  const bearer = {
    clientId: clientId.toLowerCase(),
    timebankId: client.timebank_id,
    scopes: asked,
    requestsPerMinute: client.requests_per_minute
  }
  return { access_token: sign(bearer), token_type: 'Bearer', expires_in: accessTokenSeconds, scope: asked.join(' ') }
}

type Found = { timebank_id: string; scopes: string[]; requests_per_minute: number | null }

async function clientWith(database: Database, clientId: string, secret: string): Promise<Found | undefined> {
  const { rows } = await database.pool.query<Found>({
    name: 'agencies.client_with',
    text: 'SELECT * FROM agencies.client_with($1, $2, $3)',
    values: [clientId, hashSecret(secret), database.clock()]
  })
  return rows[0]
}
