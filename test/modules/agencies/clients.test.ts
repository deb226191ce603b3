import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { addDays, dateIn } from '../../../src/shared/clock.ts'
import { type Agency, clientToken, makeAgency } from '../../support/agency.ts'
import {
  addMember,
  type Client,
  clientOf,
  foundAnother,
  makeStage,
  ok,
  refused,
  type Stage,
  setUp
} from '../../support/app.ts'

let stage: Stage
let admin: Client
let board: Agency

before(async () => {
  stage = await makeStage('agency_clients')
  admin = await setUp(stage)
  board = await makeAgency(stage, admin)
})
after(() => stage.close())

const tokenRequest = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  stage.anonymous.call('POST', '/oauth/token', body, headers)
const credentials = () => ({ client_id: board.clientId, client_secret: board.clientSecret })
const clients = (agency: Agency) => `organisations/${agency.organisationId}/clients`

test('a token is given for the credentials, by Basic, in the body and as a form', async () => {
  const inBody = ok(await tokenRequest({ grant_type: 'client_credentials', ...credentials() }))
  assert.deepEqual([inBody.token_type, inBody.expires_in], ['Bearer', 600])
  assert.match(inBody.scope, /service_requests\.read/)
  const basic = `Basic ${Buffer.from(`${board.clientId}:${board.clientSecret}`).toString('base64')}`
  ok(await tokenRequest({ grant_type: 'client_credentials' }, { authorization: basic }))
  const form = await stage.app.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic },
    payload: 'grant_type=client_credentials&scope=webhooks'
  })
  assert.equal(form.statusCode, 200, form.body)
  assert.equal(form.json().scope, 'webhooks')
  assert.equal(form.headers['cache-control'], 'no-store')
})

test('what is wrong with credentials is told as OAuth has it, and never which part', async () => {
  const refusal = async (body: Record<string, unknown>) => {
    const { status, body: answer } = await tokenRequest(body)
    return [status, answer.error]
  }
  const grant = { grant_type: 'client_credentials' }
  const unknown = { client_id: crypto.randomUUID(), client_secret: board.clientSecret }
  assert.deepEqual(await refusal({ ...grant, ...unknown }), [401, 'invalid_client'])
  assert.deepEqual(await refusal({ ...grant, ...credentials(), client_secret: 'x' }), [401, 'invalid_client'])
  assert.deepEqual(await refusal({ ...grant, client_id: 'x' }), [401, 'invalid_client'])
  assert.deepEqual(await refusal(credentials()), [400, 'invalid_request'])
  assert.deepEqual(await refusal({ ...credentials(), grant_type: 'password' }), [400, 'unsupported_grant_type'])
  assert.deepEqual(await refusal({ ...grant, ...credentials(), scope: 'everything' }), [400, 'invalid_scope'])
})

test('a form that says something twice, or shows its credentials in two ways, is refused', async () => {
  const authorization = `Basic ${Buffer.from(`${board.clientId}:${board.clientSecret}`).toString('base64')}`
  const form = async (payload: string, headers: Record<string, string> = {}) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await stage.app.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: { ...type, ...headers },
      payload
    })
    return [answer.statusCode, answer.json().error]
  }
  const grant = 'grant_type=client_credentials'
  const inBody = `client_id=${board.clientId}&client_secret=${board.clientSecret}`
  assert.deepEqual(await form(`${grant}&${inBody}`), [200, undefined])
  assert.deepEqual(await form(`${grant}&${grant}&${inBody}`), [400, 'invalid_request'])
  assert.deepEqual(await form(`${grant}&${inBody}&scope=webhooks&scope=budgets.read`), [400, 'invalid_request'])
  assert.deepEqual(await form(`${grant}&${inBody}`, { authorization }), [400, 'invalid_request'])
  assert.deepEqual(await form(`${grant}&client_id=${board.clientId}`, { authorization }), [200, undefined])
})

test('the secret is told once, and is in no kept answer', async () => {
  const body = { name: 'Second', scopes: ['webhooks'] }
  const key = { 'idempotency-key': 'the-same-key' }
  const one = ok(await admin.post(clients(board), body, key), 201)
  const two = ok(await admin.post(clients(board), body, key), 201)
  assert.notEqual(one.id, two.id)
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  const { rows } = await owner.query("SELECT 1 FROM platform.idempotency_keys k WHERE k::text LIKE '%' || $1 || '%'", [
    one.clientSecret
  ])
  await owner.end()
  assert.deepEqual(rows, [])
  const listed = ok(await admin.get(clients(board))).items
  assert.deepEqual(
    listed.map(({ name }: { name: string }) => name),
    ['System', 'Second', 'Second']
  )
  assert.ok(!JSON.stringify(listed).includes(one.clientSecret))
})

test('only admins give clients, to organisations of their own timebank, with professionals of the agency', async () => {
  const body = { name: 'Mine', scopes: ['webhooks'] }
  const broker = await addMember(stage, admin, { roles: ['broker'] })
  refused(await broker.post(clients(board), body), 403, 'forbidden')
  refused(await board.professional.post(clients(board), body), 403, 'forbidden')
  const other = await foundAnother(stage, admin, 'hilltown')
  refused(await other.post(clients(board), body), 404, 'not-found')
  const council = await makeAgency(stage, admin)
  refused(
    await admin.post(clients(board), { ...body, professionalId: council.affiliationId }),
    400,
    'validation-failed'
  )
  refused(await admin.post(clients(board), { ...body, scopes: ['all'] }), 400, 'validation-failed')
})

test('a revoked client is refused from the next request on, and gets no more tokens', async () => {
  const gone = await makeAgency(stage, admin)
  // nothing of its own there: a route for members refuses it as what it is
  refused(await gone.client.get('members'), 403, 'forbidden')
  ok(await admin.call('DELETE', `${clients(gone)}/${gone.clientId}`), 204)
  refused(await gone.client.get('members'), 401, 'token-invalid')
  assert.equal(
    (
      await tokenRequest({
        grant_type: 'client_credentials',
        client_id: gone.clientId,
        client_secret: gone.clientSecret
      })
    ).status,
    401
  )
  refused(await admin.call('DELETE', `${clients(gone)}/${gone.clientId}`), 409, 'wrong-state')
})

test('each request names a professional of the agency whose affiliation covers today, or the client has one for all', async () => {
  const me = ok(await board.client.get('agency'))
  assert.deepEqual(
    [me.organisation.id, me.client.id, me.professionalId, me.professionals.length],
    [board.organisationId, board.clientId, board.affiliationId, 1]
  )
  const made = ok(await admin.post(clients(board), { name: 'Nobody named', scopes: ['webhooks'] }), 201)
  const client = clientOf(stage.app, admin.timebank, await clientToken(stage, made.id, made.clientSecret))
  const naming = (id: string) => client.get('agency', { 'commonhours-professional': id })
  refused(await client.get('agency'), 400, 'professional-needed')
  refused(await naming('somebody'), 400, 'validation-failed')
  refused(await naming(crypto.randomUUID()), 403, 'professional-not-covered')
  const council = await makeAgency(stage, admin)
  refused(await naming(council.affiliationId), 403, 'professional-not-covered')
  ok(await naming(board.affiliationId.toUpperCase()))
  const today = dateIn('Europe/London', new Date())
  const helper = await addMember(stage, admin)
  const affiliate = async (more: Record<string, unknown>) =>
    ok(
      await admin.post(`organisations/${board.organisationId}/affiliations`, { memberId: helper.memberId, ...more }),
      201
    ).id
  const notProfessional = await affiliate({ professional: false, actsFor: true })
  refused(await naming(notProfessional), 403, 'professional-not-covered')
  const tomorrow = await affiliate({ professional: true, actsFor: false, validFrom: addDays(today, 1) })
  refused(await naming(tomorrow), 403, 'professional-not-covered')
  stage.clock.now = new Date(Date.now() + 24 * 60 * 60 * 1000)
  const later = clientOf(stage.app, admin.timebank, await clientToken(stage, made.id, made.clientSecret))
  ok(await later.get('agency', { 'commonhours-professional': tomorrow }))
  stage.clock.now = null
})

test('a token that was narrowed is good for no more, and a client for no more than it has now', async () => {
  const narrow = ok(await tokenRequest({ grant_type: 'client_credentials', ...credentials(), scope: 'budgets.read' }))
  assert.equal(narrow.scope, 'budgets.read')
  ok(await clientOf(stage.app, admin.timebank, narrow.access_token).get('agency'))
})

test('a client may have a quota of its own', async () => {
  const made = ok(
    await admin.post(clients(board), {
      name: 'Slow',
      scopes: ['webhooks'],
      requestsPerMinute: 3,
      professionalId: board.affiliationId
    }),
    201
  )
  const client = clientOf(stage.app, admin.timebank, await clientToken(stage, made.id, made.clientSecret))
  for (let i = 0; i < 3; i += 1) ok(await client.get('agency'))
  refused(await client.get('agency'), 429, 'rate-limited')
  ok(await board.client.get('agency'))
})

test('agencies reach no route that does not name a scope, and no other timebank', async () => {
  refused(await board.client.get('/v1/me'), 403, 'forbidden')
  refused(await board.client.get('/v1/timebanks/hilltown/members'), 404, 'not-found')
  const away = clientOf(stage.app, 'nowhere-at-all', board.client.token)
  refused(await away.get('members'), 404, 'not-found')
})
