import assert from 'node:assert/strict'
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify
} from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  ensureSigningKey,
  type Jwk,
  makeIdentity,
  purgeExpired,
  rotateSigningKey
} from '../../../src/modules/identity/index.ts'
import { goodPassword, makeWorld, publicUrl, type World } from './support.ts'

let world: World
let token: string
let privateKey: KeyObject
before(async () => {
  world = await makeWorld('identity-tokens')
  await world.person('token@example.org', { password: goodPassword })
  token = (await world.signIn('token@example.org')).accessToken
  const { rows } = await world.database.pool.query('SELECT private_pem FROM identity.signing_keys')
  privateKey = createPrivateKey(rows[0].private_pem)
})
after(() => world.close())

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
const headerOf = (jwt: string) => decode(jwt.split('.')[0]) as Record<string, unknown>
const claimsOf = (jwt: string) => decode(jwt.split('.')[1]) as Record<string, unknown>
const signed = (header: unknown, claims: unknown, key: KeyObject = privateKey): string => {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}
const me = (bearer: string) => world.call('GET', '/v1/me', { token: bearer })
const keySet = async () => (await world.call<{ keys: Jwk[] }>('GET', '/.well-known/jwks.json')).body.keys
const verifies = (jwt: string, keys: Jwk[]): boolean => {
  const jwk = keys.find((key) => key.kid === headerOf(jwt)['kid'])
  if (!jwk) return false
  const [header, claims, signature = ''] = jwt.split('.')
  const key = createPublicKey({ key: jwk as never, format: 'jwk' })
  return verify(null, Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))
}

test('an access token says who, which session, by whom, for whom and until when', async () => {
  assert.deepEqual(Object.keys(headerOf(token)).sort(), ['alg', 'kid', 'typ'])
  assert.equal(headerOf(token)['alg'], 'EdDSA')
  const { sub, sid, iss, aud, iat, exp } = claimsOf(token) as Record<string, number>
  assert.match(String(sub), /^[0-9a-f-]{36}$/)
  assert.match(String(sid), /^[0-9a-f-]{36}$/)
  assert.deepEqual([iss, aud, Number(exp) - Number(iat)], [publicUrl, publicUrl, 600])
  assert.doesNotMatch(JSON.stringify(claimsOf(token)), /example\.org|Ada/)
})

test('the published key set verifies a token without any of our code, and holds no private part', async () => {
  const answer = await world.call<{ keys: Jwk[] }>('GET', '/.well-known/jwks.json')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['cache-control'], 'public, max-age=300')
  assert.ok(verifies(token, answer.body.keys))
  assert.ok(!verifies(`${token.slice(0, -8)}AAAAAAAA`, answer.body.keys))
  assert.doesNotMatch(answer.text, /"d"|PRIVATE/)
})

test('tokens that are not ours are 401, never 500', async () => {
  const header = headerOf(token)
  const claims = claimsOf(token)
  const [jwk] = await keySet()
  const publicPem = createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const hmac = (alg: string, secret: string | Buffer) => {
    const input = `${encode({ ...header, alg })}.${encode(claims)}`
    const hash = `sha${alg.slice(2)}`
    return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
  }
  const { sub: _sub, ...anonymous } = claims
  const { exp: _exp, ...endless } = claims
  const [h, c, s] = token.split('.') as [string, string, string]
  const forged: Record<string, string> = {
    'alg none without signature': `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`,
    'alg none with signature': `${encode({ ...header, alg: 'none' })}.${c}.${s}`,
    'HS256 with the public key': hmac('HS256', publicPem as string),
    'HS512 with the public key’s bytes': hmac('HS512', Buffer.from(jwk?.x ?? '', 'base64url')),
    'unknown kid': signed({ ...header, kid: 'nobody-knows' }, claims),
    'another key under a known kid': signed(header, claims, generateKeyPairSync('ed25519').privateKey),
    'no kid': signed({ alg: 'EdDSA', typ: 'JWT' }, claims),
    'kid of another type': signed({ ...header, kid: { a: 1 } }, claims),
    'kid __proto__': signed({ ...header, kid: '__proto__' }, claims),
    'another audience': signed(header, { ...claims, aud: 'https://elsewhere.example' }),
    'another issuer': signed(header, { ...claims, iss: 'https://elsewhere.example' }),
    expired: signed(header, { ...claims, exp: Math.floor(Date.now() / 1000) - 1 }),
    'without an end': signed(header, endless),
    'an end that is no number': signed(header, { ...claims, exp: '9999999999' }),
    'without a person': signed(header, anonymous),
    'a person that is no id': signed(header, { ...claims, sub: "x' OR true --" }),
    'a session that is not there': signed(header, { ...claims, sid: '00000000-0000-7000-8000-000000000000' }),
    'changed claims': `${h}.${encode({ ...claims, sub: '00000000-0000-7000-8000-000000000000' })}.${s}`,
    'cut off': token.slice(0, -5),
    'no signature': `${h}.${c}.`,
    'two parts': `${h}.${c}`,
    'header null': `${encode(null)}.${c}.${s}`,
    'critical extension': signed({ ...header, crit: ['b64'], b64: false }, claims),
    'claims that are no object': `${h}.${encode('x')}.${s}`,
    'not a token': 'abc',
    'very long': `${h}.${'A'.repeat(5000)}.${s}`
  }
  assert.equal((await me(signed(header, claims))).status, 200, 'the forger’s tool works')
  for (const [name, jwt] of Object.entries(forged)) {
    const answer = await me(jwt)
    assert.equal(answer.status, 401, name)
    assert.equal(answer.body['code'], 'token-invalid', name)
  }
})

test('a token ends after ten minutes, although it was verified before', async () => {
  const { accessToken } = await world.signIn('token@example.org')
  world.advance(599)
  assert.equal((await me(accessToken)).status, 200)
  world.advance(2)
  assert.equal((await me(accessToken)).status, 401)
})

test('after a rotation the new key signs, and tokens of the old one stay valid until they expire', async () => {
  const before = await world.signIn('token@example.org')
  const { kid } = await rotateSigningKey(world.database)
  const other = makeIdentity({ database: world.database, issuer: publicUrl })
  const claims = claimsOf(before.accessToken) as { sub: string; sid: string }
  const after = (await other.signer())({ personId: claims.sub, sessionId: claims.sid })
  assert.equal(headerOf(after)['kid'], kid)
  assert.equal((await me(after)).status, 200, 'a process that does not know the new key looks for it')
  assert.equal((await me(before.accessToken)).status, 200)
  const keys = await keySet()
  assert.equal(keys.length, 2)
  assert.ok(verifies(before.accessToken, keys) && verifies(after, keys))
  const next = await world.signIn('token@example.org')
  assert.equal(headerOf(next.accessToken)['kid'], kid)

  await purgeExpired(world.database)
  assert.equal((await keySet()).length, 2, 'not before the last token has expired')
  world.advance(15 * 60 + 1)
  await purgeExpired(world.database)
  assert.deepEqual(
    (await keySet()).map((key) => key.kid),
    [kid]
  )
})

test('a compromised key is thrown away with all its tokens', async () => {
  const before = await world.signIn('token@example.org')
  await rotateSigningKey(world.database, { compromised: true })
  const fresh = makeIdentity({ database: world.database, issuer: publicUrl })
  await assert.rejects(fresh.verify(before.accessToken), { code: 'token-invalid' })
  assert.ok(!verifies(before.accessToken, await keySet()))
})

test('several first starts at the same moment make one key, and so do several rotations', async () => {
  await world.database.pool.query('DELETE FROM identity.signing_keys')
  await assert.rejects(makeIdentity({ database: world.database, issuer: publicUrl }).signer(), /no signing key/)
  await Promise.all(Array.from({ length: 8 }, () => ensureSigningKey(world.database)))
  assert.equal((await keySet()).length, 1)
  await Promise.all(Array.from({ length: 4 }, () => rotateSigningKey(world.database)))
  const active = 'SELECT count(*) AS n FROM identity.signing_keys WHERE retired_at IS NULL'
  assert.equal(Number((await world.database.pool.query(active)).rows[0].n), 1)
})

test('made-up key ids do not make the service look for keys each time', async () => {
  const identity = makeIdentity({ database: world.database, issuer: publicUrl })
  await identity.signer()
  let queries = 0
  const { pool } = world.database
  const original = pool.query
  pool.query = ((...args: unknown[]) => {
    queries += 1
    return (original as (...a: unknown[]) => unknown).apply(pool, args)
  }) as typeof pool.query
  try {
    for (let i = 0; i < 200; i += 1)
      await assert.rejects(identity.verify(signed({ alg: 'EdDSA', kid: `made-up-${i}` }, claimsOf(token))))
  } finally {
    pool.query = original
  }
  assert.equal(queries, 5)
})
