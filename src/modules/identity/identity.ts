import { createSigner, createVerifier } from 'fast-jwt'
import type { Database } from '../../db/client.ts'
import { DomainError } from '../../shared/errors.ts'
import { isUuid, newId } from '../../shared/ids.ts'
import { accessTokenSeconds } from './keys.ts'
import { signingKeys } from './tables.ts'

/** Who an access token speaks for. Whether the session is still alive is for the database to say, at each request. */
export type Bearer = { personId: string; sessionId: string }

/** An agency's API client, in the one timebank that it belongs to. Whether it still stands is for the database to say. */
export type ClientBearer = {
  clientId: string
  timebankId: string
  /** to which the token was narrowed */
  scopes: string[]
  requestsPerMinute: number | null
}

export type Identity = {
  readonly database: Database
  /** Loads the keys where necessary, outside any transaction; then signing is a matter of microseconds. */
  signer(): Promise<(bearer: Bearer | ClientBearer) => string>
  /** 401 `token-invalid` for everything that is not an access token of ours. */
  verify(token: string): Promise<Bearer | ClientBearer>
}

/** Keys retired or thrown away by another process are no longer used after this time. */
const keysStaleMs = 60_000
/** A key made by another process signs here after this time. */
const signingStaleMs = 1_000
/** An unknown key's id makes us look for new keys; so that made-up tokens cannot keep us looking, a few times, then rarely. */
const looksAtOnce = 5
const lookEveryMs = 3_000
const longestToken = 2_000
/** By the token itself: the library's own cache takes a hash of it at each request, which is half of what identifying costs. */
const verifiedTokensKept = 5_000

type Keyring = {
  loadedAt: number
  sign: ((claims: Record<string, unknown>) => string) | null
  verifiers: Map<string, Verifier>
}

/** What all that signs, verifies and signs in shares. `issuer` is the service's public address, and the audience too. */
export function makeIdentity({ database, issuer }: { database: Database; issuer: string }): Identity {
  let keyring: Keyring | null = null
  let loading: Promise<Keyring> | null = null
  let looks = { left: looksAtOnce, at: performance.now() }
  const verified = new Map<string, Verified>()

  const load = (): Promise<Keyring> => {
    loading ??= loadKeyring(database, issuer, keyring)
      .then((loaded) => {
        keyring = loaded
        return loaded
      })
      .finally(() => {
        loading = null
      })
    return loading
  }
  // the process's own time: the service's clock may be moved
  const present = async (staleMs: number): Promise<Keyring> =>
    keyring && performance.now() - keyring.loadedAt < staleMs ? keyring : load()

  const mayLook = (): boolean => {
    const now = performance.now()
    looks = { left: Math.min(looksAtOnce, looks.left + (now - looks.at) / lookEveryMs), at: now }
    if (looks.left < 1) return false
    looks.left -= 1
    return true
  }

  const verifierOf = async (kid: string) => {
    const known = (await present(keysStaleMs)).verifiers.get(kid)
    if (known || !mayLook()) return known
    return (await load()).verifiers.get(kid)
  }

  return {
    database,
    async signer() {
      const { sign } = await present(signingStaleMs)
      if (!sign) throw new Error('there is no signing key: ensureSigningKey makes one at the start')
      return (bearer) => {
        const iat = Math.floor(database.clock().getTime() / 1000)
        const whose =
          'personId' in bearer
            ? { sub: bearer.personId, sid: bearer.sessionId }
            : {
                sub: bearer.clientId,
                tbk: bearer.timebankId,
                scope: bearer.scopes.join(' '),
                rpm: bearer.requestsPerMinute
              }
        return sign({ ...whose, jti: newId(), iat, exp: iat + accessTokenSeconds })
      }
    },
    async verify(token) {
      const now = database.clock().getTime() / 1000
      const seen = verified.get(token)
      const kid = seen ? seen.kid : kidOf(token)
      const verifier = kid === null ? undefined : await verifierOf(kid)
      if (kid === null || !verifier) throw new DomainError('token-invalid')
      // of a key that is gone, or has become another one, nothing counts that it has signed
      if (seen && seen.verifier === verifier) return alive(seen, now)
      const claims = { ...claimsOf(verifier, token), kid, verifier }
      if (verified.size >= verifiedTokensKept) verified.clear()
      verified.set(token, claims)
      return alive(claims, now)
    }
  }
}

type Verifier = (token: string) => Record<string, unknown>
type Claims = { bearer: Bearer | ClientBearer; expires: number }
type Verified = Claims & { kid: string; verifier: Verifier }

function claimsOf(verifier: Verifier, token: string): Claims {
  let claims: Record<string, unknown>
  try {
    claims = verifier(token)
  } catch {
    throw new DomainError('token-invalid')
  }
  const { sub, sid, tbk, scope, rpm, exp } = claims
  const isId = (value: unknown): value is string => typeof value === 'string' && isUuid(value)
  if (typeof exp !== 'number' || !isId(sub)) throw new DomainError('token-invalid')
  if (isId(sid)) return { bearer: { personId: sub, sessionId: sid }, expires: exp }
  if (!isId(tbk) || typeof scope !== 'string') throw new DomainError('token-invalid')
  const requestsPerMinute = typeof rpm === 'number' ? rpm : null
  return { bearer: { clientId: sub, timebankId: tbk, scopes: scope.split(' '), requestsPerMinute }, expires: exp }
}

/** Checked here and not by the library, which takes no clock but the system's, and every time, also for known tokens. */
function alive({ bearer, expires }: Claims, now: number): Bearer | ClientBearer {
  if (expires <= now) throw new DomainError('token-invalid')
  return bearer
}

/** The id of the key by which a token says it was signed. Nothing of it is believed before the signature has been checked. */
function kidOf(token: string): string | null {
  if (token.length > longestToken) return null
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString('utf8'))
    const kid = (header as { kid?: unknown } | null)?.kid
    return typeof kid === 'string' ? kid : null
  } catch {
    return null
  }
}

async function loadKeyring(database: Database, issuer: string, before: Keyring | null): Promise<Keyring> {
  const loadedAt = performance.now()
  const rows = await database.db.select().from(signingKeys)
  const [active] = rows
    .filter((row) => row.retiredAt === null)
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
  const verifiers = new Map(
    // the same verifier for a key that is known already: tokens that it has verified stay verified
    rows.map((row) => [row.kid, before?.verifiers.get(row.kid) ?? makeVerifier(row.publicPem, issuer)] as const)
  )
  const signer =
    active && createSigner({ algorithm: 'EdDSA', key: active.privatePem, kid: active.kid, iss: issuer, aud: issuer })
  return { loadedAt, verifiers, sign: signer ? (claims) => signer(claims) : null }
}

function makeVerifier(publicPem: string, issuer: string): Verifier {
  const verify = createVerifier({
    key: publicPem,
    algorithms: ['EdDSA'],
    allowedIss: issuer,
    allowedAud: issuer,
    requiredClaims: ['iss', 'aud', 'sub', 'exp'],
    ignoreExpiration: true
  })
  return (token) => verify(token) as Record<string, unknown>
}
