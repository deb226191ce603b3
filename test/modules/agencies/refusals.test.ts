import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { pino } from 'pino'
import { rotateSigningKey } from '../../../src/modules/identity/index.ts'
import { addDays, dateIn } from '../../../src/shared/clock.ts'
import { type Agency, clientToken, makeAgency } from '../../support/agency.ts'
import {
  type Answer,
  addMember,
  type Client,
  clientOf,
  foundAnother,
  makeStage,
  ok,
  refused,
  type Stage,
  setUp,
  signIn
} from '../../support/app.ts'

let stage: Stage
let admin: Client
const logged: string[] = []
const logger = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
before(async () => {
  stage = await makeStage('agency_refusals', { logger })
  admin = await setUp(stage)
})
after(() => stage.close())

const tokenRequest = (agency: { clientId: string }, secret: string, address = '192.0.2.1') =>
  stage.app.inject({
    method: 'POST',
    url: '/oauth/token',
    remoteAddress: address,
    payload: { grant_type: 'client_credentials', client_id: agency.clientId, client_secret: secret }
  })
const callerOf = async ({ clientId, clientSecret }: Agency): Promise<Client> =>
  clientOf(stage.app, admin.timebank, await clientToken(stage, clientId, clientSecret))
const step = async (member: Client, path: string, body: unknown) =>
  ok(await admin.post(`members/${member.memberId}/${path}`, body))
const challenge = ({ headers }: Answer) => headers['www-authenticate']

test('an organisation that is closed is refused at the next request, and gets no more tokens', async () => {
  const board = await makeAgency(stage, admin)
  ok(await board.client.get('agency'))
  ok(await admin.post(`organisations/${board.organisationId}/closure`, { reason: 'merged' }))
  refused(await board.client.get('agency'), 401, 'token-invalid')
  refused(await board.client.post('agency/secrets'), 401, 'token-invalid')
  assert.equal((await tokenRequest(board, board.clientSecret)).statusCode, 401)
})

test('an affiliation that has ended is refused at the next request', async () => {
  const board = await makeAgency(stage, admin)
  const today = dateIn('Europe/London', new Date())
  const { memberId } = await addMember(stage, admin)
  const added = await admin.post(`organisations/${board.organisationId}/affiliations`, {
    memberId,
    professional: true,
    actsFor: false,
    validFrom: addDays(today, -2)
  })
  const naming = { 'commonhours-professional': ok(added, 201).id }
  ok(await board.client.get('agency', naming))
  ok(await admin.patch(`affiliations/${added.body.id}`, { validTo: addDays(today, -1) }, 1))
  refused(await board.client.get('agency', naming), 403, 'professional-not-covered')
  // the others go on
  ok(await board.client.get('agency'))
})

test('a professional who is suspended, pauses or leaves is refused at the next request', async () => {
  const board = await makeAgency(stage, admin)
  const member = board.professional
  ok(await board.client.get('agency'))
  await step(member, 'suspension', { reason: 'a concern' })
  refused(await board.client.get('agency'), 403, 'professional-not-covered')
  await step(member, 'reinstatement', { reason: 'settled' })
  ok(await board.client.get('agency'))
  ok(await member.post('members/me/pause', {}))
  refused(await board.client.get('agency'), 403, 'professional-not-covered')
  ok(await member.post('members/me/resumption'))
  ok(await board.client.get('agency'))
  await step(member, 'departure', {})
  refused(await board.client.get('agency'), 403, 'professional-not-covered')
})

test('a client is at home in its own timebank only, whatever it names', async () => {
  const hilltown = await foundAnother(stage, admin, 'hilltown')
  const board = await makeAgency(stage, admin)
  const theirs = await makeAgency(stage, hilltown)
  refused(await theirs.client.get('/v1/timebanks/rivertown/agency'), 404, 'not-found')
  refused(await board.client.get('/v1/timebanks/hilltown/agency'), 404, 'not-found')
  refused(
    await board.client.get('agency', { 'commonhours-professional': theirs.affiliationId }),
    403,
    'professional-not-covered'
  )
})

test("a person's token is refused where a client is needed, and a client's where a person is", async () => {
  const board = await makeAgency(stage, admin)
  for (const person of [admin, board.professional]) {
    refused(await person.get('agency'), 403, 'forbidden')
    refused(await person.get('agency', { 'commonhours-professional': board.affiliationId }), 403, 'forbidden')
  }
  for (const path of ['members/me', 'exchanges', 'audit', '/v1/me', '/v1/timebanks'])
    refused(await board.client.get(path), 403, 'forbidden')
})

test('what was wrong with a token is told as RFC 6750 has it', async () => {
  const board = await makeAgency(stage, admin)
  const with_ = (token: string) => clientOf(stage.app, admin.timebank, token).get('agency')
  assert.equal(challenge(await with_('made.up.token')), 'Bearer error="invalid_token"')
  assert.equal(challenge(await with_('')), 'Bearer')
  const narrow = await stage.anonymous.post('/oauth/token', {
    grant_type: 'client_credentials',
    client_id: board.clientId,
    client_secret: board.clientSecret,
    scope: 'service_requests.write consents.read'
  })
  const refusal = await clientOf(stage.app, admin.timebank, ok(narrow).access_token).post('agency/secrets')
  assert.equal(refused(refusal, 403, 'scope-missing').scope, 'service_requests.read')
  assert.equal(challenge(refusal), 'Bearer error="insufficient_scope", scope="service_requests.read"')
  const forbidden = await board.client.get('members/me')
  assert.equal(challenge(forbidden), undefined)
  const wrong = await tokenRequest(board, 'wrong')
  assert.equal(wrong.headers['www-authenticate'], 'Basic realm="Commonhours"')
})

test('a token is good for ten minutes, and for no instant longer', async () => {
  const board = await makeAgency(stage, admin)
  try {
    const issued = Date.parse('2030-01-02T10:00:00Z')
    stage.clock.now = new Date(issued)
    const client = await callerOf(board)
    stage.clock.now = new Date(issued + 599_999)
    ok(await client.get('agency'))
    stage.clock.now = new Date(issued + 600_000)
    const late = await client.get('agency')
    refused(late, 401, 'token-invalid')
    assert.equal(challenge(late), 'Bearer error="invalid_token"')
  } finally {
    stage.clock.now = null
  }
})

test('the metadata of the authorization server lead to a token', async () => {
  const { body, headers } = await stage.anonymous.get('/.well-known/oauth-authorization-server')
  assert.match(headers['content-type'] ?? '', /^application\/json/)
  assert.equal(body.issuer, 'http://commonhours.test')
  assert.deepEqual(body.grant_types_supported, ['client_credentials'])
  assert.deepEqual(body.token_endpoint_auth_methods_supported, ['client_secret_basic', 'client_secret_post'])
  assert.ok(body.scopes_supported.includes('service_requests.write'))
  const board = await makeAgency(stage, admin)
  const where = new URL(body.token_endpoint)
  assert.equal(where.origin, body.issuer)
  const token = await stage.anonymous.post(where.pathname, {
    grant_type: body.grant_types_supported[0],
    client_id: board.clientId,
    client_secret: board.clientSecret,
    scope: body.scopes_supported.join(' ')
  })
  const claims = JSON.parse(Buffer.from(ok(token).access_token.split('.')[1], 'base64url').toString())
  assert.equal(claims.iss, body.issuer)
  assert.equal((await stage.anonymous.get(new URL(body.jwks_uri).pathname)).status, 200)
})

test('wrong secrets are refused for a while after ten in a minute from one address; the right one never is', async () => {
  const board = await makeAgency(stage, admin)
  const from = '192.0.2.77'
  const wrong = async (n: number, address = from, who: { clientId: string } = board) =>
    (await tokenRequest(who, `wrong ${n}`, address)).statusCode
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => wrong(n)))
  assert.deepEqual(answers.sort(), [...Array(10).fill(401), 429, 429])
  const late = await tokenRequest(board, 'wrong', from)
  assert.equal(late.json().code, 'too-many-guesses')
  const wait = Number(late.headers['retry-after'])
  assert.ok(wait >= 1 && wait <= 60, String(wait))
  assert.equal((await tokenRequest(board, board.clientSecret, from)).statusCode, 200)
  // neither another address nor another client is part of it
  assert.equal(await wrong(1, '192.0.2.78'), 401)
  assert.equal(await wrong(1, from, await makeAgency(stage, admin)), 401)
  try {
    stage.clock.now = new Date(Date.now() + 61_000)
    assert.equal(await wrong(1), 401)
  } finally {
    stage.clock.now = null
  }
})

test('one address has fifty wrong ones a minute, whatever clients it names', async () => {
  const agency = await makeAgency(stage, admin)
  const from = '2001:db8::1'
  const guesses = Array.from({ length: 55 }, (_, n) =>
    tokenRequest({ clientId: n % 2 ? crypto.randomUUID() : `client ${n}` }, 'x', `2001:db8::${n + 1}`)
  )
  const statuses = (await Promise.all(guesses)).map(({ statusCode }) => statusCode)
  assert.equal(statuses.filter((status) => status === 401).length, 50)
  assert.equal(statuses.filter((status) => status === 429).length, 5)
  assert.equal((await tokenRequest(agency, agency.clientSecret, from)).statusCode, 200)
})

test('a client that is not there, one that is revoked and a wrong secret get the same answers, and count alike', async () => {
  const board = await makeAgency(stage, admin)
  const gone = await makeAgency(stage, admin)
  ok(await admin.call('DELETE', `organisations/${gone.organisationId}/clients/${gone.clientId}`), 204)
  const kinds: [{ clientId: string }, string][] = [
    [board, 'wrong'],
    [board, ''],
    [gone, gone.clientSecret],
    [{ clientId: crypto.randomUUID() }, board.clientSecret],
    [{ clientId: 'no uuid' }, board.clientSecret],
    [{ clientId: 'a\0b' }, 'c\0d']
  ]
  const seen = new Set<string>()
  for (const [n, [who, secret]] of kinds.entries()) {
    const answers = []
    for (let i = 0; i < 11; i += 1) {
      const { statusCode, headers, body } = await tokenRequest(who, secret, `198.51.100.${n}`)
      const names = Object.keys(headers).filter((name) => name !== 'content-length')
      answers.push([statusCode, names.sort(), statusCode === 429 ? null : body])
    }
    seen.add(JSON.stringify(answers))
  }
  assert.equal(seen.size, 1, [...seen].join('\n'))
  assert.match([...seen][0]!, /^\[\[401.*\[429/)
})

test('a key that is retired or thrown away: its tokens live out their minutes, or end at once', async () => {
  const board = await makeAgency(stage, admin)
  const { kid } = await rotateSigningKey(stage.database)
  ok(await board.client.get('agency'))
  const deadline = Date.now() + 10_000
  // who signs looks for new keys every second
  const renewed = async () => {
    const client = await callerOf(board)
    if (kidOf(client.token) === kid) return client
    assert.ok(Date.now() < deadline, 'no token of the new key')
    await new Promise((resolve) => setTimeout(resolve, 200))
    return renewed()
  }
  const client = await renewed()
  ok(await client.get('agency'))
  ok(await board.client.get('agency'))
  const compromised = await rotateSigningKey(stage.database, { compromised: true })
  // a token that names the new key makes the process look for it at once
  const [header, claims] = client.token.split('.')
  const { privateKey } = generateKeyPairSync('ed25519')
  const named = `${encode({ ...decode(header), kid: compromised.kid })}.${claims}`
  const forged = `${named}.${sign(null, Buffer.from(named), privateKey).toString('base64url')}`
  refused(await clientOf(stage.app, admin.timebank, forged).get('agency'), 401, 'token-invalid')
  refused(await client.get('agency'), 401, 'token-invalid')
  refused(await board.client.get('agency'), 401, 'token-invalid')
})

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
const kidOf = (token: string): string => decode(token.split('.')[0]).kid

test('no token, secret or client id is logged, not even when the database fails', async () => {
  // tokens of before the keys were thrown away are no good any more
  const board = await makeAgency(stage, await signIn(stage, 'rivertown', 'admin@rivertown.example.org'))
  ok(await board.client.get('agency'))
  refused(await board.client.get('members'), 403, 'forbidden')
  await tokenRequest(board, 'a wrong secret')
  const made = ok(await board.client.post('agency/secrets'), 201)
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  const rename = (from: string, to: string) =>
    owner.query(`ALTER FUNCTION agencies.${from}(uuid, text, timestamptz) RENAME TO ${to}`)
  await rename('client_with', 'client_without')
  try {
    assert.equal((await tokenRequest(board, made.clientSecret)).statusCode, 500)
  } finally {
    await rename('client_without', 'client_with')
    await owner.end()
  }
  const log = logged.join('')
  assert.match(log, /unexpected error/)
  assert.match(log, /\/oauth\/token/)
  const secrets = [board.clientId, board.clientSecret, made.clientSecret, board.client.token, 'a wrong secret']
  for (const secret of secrets) assert.ok(!log.includes(secret), secret.slice(0, 20))
  const parts = board.client.token.split('.')
  for (const part of parts) assert.ok(!log.includes(part), part.slice(0, 20))
})
