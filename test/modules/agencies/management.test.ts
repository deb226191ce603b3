import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type Agency, clientToken, makeAgency } from '../../support/agency.ts'
import { addMember, type Client, clientOf, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
before(async () => {
  stage = await makeStage('agency_management', { rateLimit: 5000 })
  admin = await setUp(stage)
})
after(() => stage.close())

const clientsPath = ({ organisationId }: Agency) => `organisations/${organisationId}/clients`
const clientPath = (agency: Agency) => `${clientsPath(agency)}/${agency.clientId}`
const callerOf = async (id: string, secret: string): Promise<Client> =>
  clientOf(stage.app, admin.timebank, await clientToken(stage, id, secret))
const quota = async (client: Client): Promise<number> =>
  Number(/q=(\d+)/.exec((await client.get('agency')).headers['ratelimit-policy'] ?? '')?.[1])
const professionalOf = async (agency: Agency): Promise<string> => {
  const { memberId } = await addMember(stage, admin)
  const body = { memberId, professional: true, actsFor: false }
  return ok(await admin.post(`organisations/${agency.organisationId}/affiliations`, body), 201).id
}

test('a client is shown with its version, and changed from the version that was read only', async () => {
  const board = await makeAgency(stage, admin)
  const { body, headers } = await admin.get(clientPath(board))
  assert.deepEqual([body.id, body.rowVersion, headers['etag']], [board.clientId, 1, '"1"'])
  assert.ok(!JSON.stringify(body).includes(board.clientSecret))
  const changed = await admin.patch(clientPath(board), { name: 'Case system', requestsPerMinute: 90 }, 1)
  assert.deepEqual([ok(changed).name, changed.body.requestsPerMinute], ['Case system', 90])
  assert.equal(changed.headers['etag'], '"2"')
  refused(await admin.patch(clientPath(board), { name: 'Late' }, 1), 412, 'precondition-failed')
  refused(await admin.call('PATCH', clientPath(board), { name: 'Blind' }), 428, 'precondition-required')
  const again = await admin.patch(clientPath(board), { name: 'Case system' }, 2)
  assert.equal(ok(again).rowVersion, 2, 'what is so already makes no version')
  const { items } = ok(await admin.get(`audit?subjectType=agency_client&subjectId=${board.clientId}`))
  assert.deepEqual(items[0].changes, { name: ['System', 'Case system'], requestsPerMinute: [null, 90] })
})

test('of two changes from one version at once one is made', async () => {
  const board = await makeAgency(stage, admin)
  const names = ['One', 'Two', 'Three']
  const answers = await Promise.all(names.map((name) => admin.patch(clientPath(board), { name }, 1)))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412])
})

test('a scope that is taken away is refused at the next request, with the same token; one that is added needs another', async () => {
  const board = await makeAgency(stage, admin, { scopes: ['webhooks', 'budgets.read'] })
  const own = 'agency/secrets'
  ok(await board.client.post(own), 201)
  ok(await admin.patch(clientPath(board), { scopes: ['webhooks', 'consents.read', 'webhooks'] }, 1))
  assert.deepEqual(ok(await board.client.get('agency')).client.scopes, ['consents.read', 'webhooks'])
  // what needs all of the client's scopes
  refused(await board.client.post(own), 403, 'scope-missing')
  const renewed = await callerOf(board.clientId, board.clientSecret)
  ok(await renewed.post(own), 201)
})

test('a route that names a scope is refused without it: to the client, to a narrowed token, and as soon as it is taken away', async () => {
  const board = await makeAgency(stage, admin, { scopes: ['webhooks', 'budgets.read'] })
  const asked = (client: Client) => client.get('webhook-endpoints')
  const missing = (answer: Awaited<ReturnType<typeof asked>>) => {
    assert.equal(refused(answer, 403, 'scope-missing').scope, 'webhooks')
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="insufficient_scope", scope="webhooks"')
  }
  ok(await asked(board.client))
  const { access_token } = ok(
    await stage.anonymous.post('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: board.clientId,
      client_secret: board.clientSecret,
      scope: 'budgets.read'
    })
  )
  missing(await asked(clientOf(stage.app, admin.timebank, access_token)))
  ok(await admin.patch(clientPath(board), { scopes: ['budgets.read'] }, 1))
  missing(await asked(board.client))
  ok(await admin.patch(clientPath(board), { scopes: ['budgets.read', 'webhooks'] }, 2))
  ok(await asked(board.client))
})

test('another professional stands for what names nobody from the next request on', async () => {
  const board = await makeAgency(stage, admin)
  const second = await professionalOf(board)
  ok(await admin.patch(clientPath(board), { professionalId: second }, 1))
  assert.equal(ok(await board.client.get('agency')).professionalId, second)
  ok(await admin.patch(clientPath(board), { professionalId: null }, 2))
  refused(await board.client.get('agency'), 400, 'professional-needed')
  ok(await board.client.get('agency', { 'commonhours-professional': second }))
  const other = await makeAgency(stage, admin)
  refused(await admin.patch(clientPath(board), { professionalId: other.affiliationId }, 3), 400, 'validation-failed')
})

test('what a client cannot be changed to is refused by name', async () => {
  const board = await makeAgency(stage, admin)
  const wrong = [{ scopes: [] }, { scopes: ['all'] }, { requestsPerMinute: 0 }, { name: ' ' }, { clientSecret: 'mine' }]
  for (const change of wrong) refused(await admin.patch(clientPath(board), change, 1), 400, 'validation-failed')
  const broker = await addMember(stage, admin, { roles: ['broker'] })
  refused(await broker.get(clientPath(board)), 403, 'forbidden')
  refused(await broker.patch(clientPath(board), { name: 'x' }, 1), 403, 'forbidden')
  refused(await board.client.patch(clientPath(board), { requestsPerMinute: 100_000 }, 1), 403, 'forbidden')
  const other = await makeAgency(stage, admin)
  refused(await admin.get(`${clientsPath(other)}/${board.clientId}`), 404, 'not-found')
  ok(await admin.call('DELETE', clientPath(board)), 204)
  refused(await admin.patch(clientPath(board), { name: 'x' }, 2), 409, 'wrong-state')
  assert.ok(ok(await admin.get(clientPath(board))).revokedAt)
})

test('two clients of one agency have scopes and quotas of their own', async () => {
  const board = await makeAgency(stage, admin)
  const body = { name: 'Slow', scopes: ['webhooks'], requestsPerMinute: 3, professionalId: board.affiliationId }
  const made = ok(await admin.post(clientsPath(board), body), 201)
  const slow = await callerOf(made.id, made.clientSecret)
  const headers = []
  for (let i = 0; i < 3; i += 1) headers.push((await slow.get('agency')).headers)
  assert.deepEqual(
    headers.map((each) => [each['ratelimit-policy'], /r=(\d+)/.exec(each['ratelimit'] ?? '')?.[1]]),
    [2, 1, 0].map((left) => ['"default";q=3;w=60', String(left)])
  )
  const over = await slow.get('agency')
  refused(over, 429, 'rate-limited')
  assert.ok(Number(over.headers['retry-after']) >= 1)
  // another token of the same client has no quota of its own
  refused(await (await callerOf(made.id, made.clientSecret)).get('agency'), 429, 'rate-limited')
  assert.equal(await quota(board.client), 5000)
  assert.deepEqual(ok(await board.client.get('agency')).client.id, board.clientId)
})

test('a caller cannot raise a quota: not by the token request, not by headers, not by a token of their own making', async () => {
  const board = await makeAgency(stage, admin)
  ok(await admin.patch(clientPath(board), { requestsPerMinute: 50 }, 1))
  const asked = ok(
    await stage.anonymous.post(
      '/oauth/token',
      {
        grant_type: 'client_credentials',
        client_id: board.clientId,
        client_secret: board.clientSecret,
        rpm: 9999,
        requestsPerMinute: 9999
      },
      { 'x-ratelimit-limit': '9999', 'ratelimit-policy': '"default";q=9999;w=60' }
    )
  )
  const client = clientOf(stage.app, admin.timebank, asked.access_token)
  assert.equal(await quota(client), 50)
  const [header, claims, signature] = asked.access_token.split('.')
  const raised = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), rpm: 9999 }
  const forged = [header, Buffer.from(JSON.stringify(raised)).toString('base64url'), signature].join('.')
  refused(await clientOf(stage.app, admin.timebank, forged).get('agency'), 401, 'token-invalid')
  // what the admin allows holds from the next token on
  ok(await admin.patch(clientPath(board), { requestsPerMinute: 70 }, 2))
  assert.equal(await quota(client), 50)
  assert.equal(await quota(await callerOf(board.clientId, board.clientSecret)), 70)
})

test('an agency is told by webhook that its client was changed, by ids only, and not where nothing was', async () => {
  const board = await makeAgency(stage, admin)
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  try {
    await owner.query(
      `INSERT INTO webhooks.endpoints (timebank_id, id, organisation_id, url, state, secret)
       SELECT timebank_id, gen_random_uuid(), id, 'https://board.example.org/', 'active', '\\x00'
         FROM members.organisations WHERE id = $1`,
      [board.organisationId]
    )
    ok(await admin.patch(clientPath(board), { name: 'Other' }, 1))
    ok(await admin.patch(clientPath(board), { name: 'Other' }, 2))
    refused(await admin.patch(clientPath(board), { name: 'Late' }, 1), 412, 'precondition-failed')
    ok(await admin.post(`${clientPath(board)}/secrets`), 201)
    ok(await admin.call('DELETE', clientPath(board)), 204)
    const { rows } = await owner.query(
      'SELECT type, subject_type, subject_id FROM webhooks.events WHERE organisation_id = $1',
      [board.organisationId]
    )
    const event = { type: 'client.changed', subject_type: 'agency_client', subject_id: board.clientId }
    assert.deepEqual(rows, [event, event, event])
  } finally {
    await owner.end()
  }
})

test('what is done through a client says so in the audit: to staff which one, to members which agency', async () => {
  const board = await makeAgency(stage, admin)
  const other = await makeAgency(stage, admin)
  const second = ok(
    await admin.post(clientsPath(board), {
      name: 'Second',
      scopes: ['webhooks'],
      professionalId: board.affiliationId
    }),
    201
  )
  ok(await board.client.post('agency/secrets'), 201)
  ok(await (await callerOf(second.id, second.clientSecret)).post('agency/secrets'), 201)
  ok(await other.client.post('agency/secrets'), 201)
  type Event = { action: string; subjectId: string; agencyId: string | null; agencyClientId?: string | null }
  const events = async (who: Client, path: string): Promise<Event[]> => ok(await who.get(path)).items
  const auditor = await addMember(stage, admin, { roles: ['auditor'] })
  for (const who of [admin, auditor]) {
    const all = await events(who, `audit?agency=${board.organisationId}`)
    assert.deepEqual(
      all.map(({ action, subjectId, agencyId, agencyClientId }) => [action, subjectId, agencyId, agencyClientId]),
      [second.id, board.clientId].map((id) => ['agency_client.secret_added', id, board.organisationId, id])
    )
    const one = await events(who, `audit?agencyClient=${board.clientId}`)
    assert.deepEqual(one, [all[1]])
  }
  // what staff did to the client was done through none
  const [added] = await events(admin, `audit?subjectType=agency_client&subjectId=${second.id}`).then((all) =>
    all.slice(-1)
  )
  assert.deepEqual([added!.action, added!.agencyId, added!.agencyClientId], ['agency_client.added', null, null])
  const path = `members/${board.professional.memberId}/audit`
  const [own] = await events(board.professional, path)
  assert.deepEqual([own!.action, own!.agencyId], ['agency_client.secret_added', board.organisationId])
  assert.ok(!('agencyClientId' in own!))
  assert.equal((await events(admin, path))[0]!.agencyClientId, second.id)
  refused(await admin.get('audit?agency=board'), 400, 'validation-failed')
  refused(await admin.get('audit?agencyClient=board'), 400, 'validation-failed')
})
