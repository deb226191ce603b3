import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { makeDemo } from '../../../src/modules/demo/index.ts'
import { type Client, clientOf, makeStage, type Stage } from '../../support/app.ts'

let stage: Stage
let ada: Client
let told: string

before(async () => {
  stage = await makeStage('demo')
  told = (await makeDemo(stage.database))!('http://demo.test')
  const password = /is (demo-\S+)/.exec(told)![1]
  const signedIn = await stage.anonymous.post('/v1/auth/sign-in', { email: 'ada@rivertown.example', password })
  ada = clientOf(stage.app, 'rivertown', signedIn.body.accessToken)
})

after(() => stage.close())

const count = async (list: string) => (await ada.get(list, { accept: 'text/csv' })).text.trim().split('\r\n').length - 1

test('the made-up timebank has something of everything, and its books are sound', async () => {
  assert.ok((await count('members')) >= 60)
  assert.equal(await count('organisations'), 5)
  assert.ok((await count('offers')) >= 30)
  assert.ok((await count('requests')) >= 15)
  for (const status of ['settled', 'declined', 'cancelled', 'reversed', 'reported'])
    assert.ok((await count(`exchanges?status=${status}`)) >= 1, status)
  assert.ok((await count('exchanges')) >= 400)
  for (const status of ['applied', 'screening', 'paused'])
    assert.equal(await count(`members?status=${status}`), 1, status)
  assert.deepEqual((await ada.get('verify')).body, { sound: true, problems: [] })
})

test('it spans twelve months and all capacities', async () => {
  const { items } = (await ada.get('exchanges?limit=200')).body
  const oldest = (await ada.get('exchanges', { accept: 'text/csv' })).text
  assert.match(oldest, /professional/)
  assert.match(oldest, /organisation/)
  const year = 365 * 24 * 60 * 60 * 1000
  assert.ok(Date.now() - Date.parse(items[0].recordedAt) < year / 12)
  const to = new Date(Date.now() - year + 45 * 24 * 60 * 60 * 1000).toISOString().slice(0, 10)
  assert.ok((await count(`exchanges?to=${to}`)) > 0)
})

test('nothing of it is mailed, neither its history nor what happens to its people afterwards', async () => {
  const owner = new pg.Client({ connectionString: stage.ownerUrl })
  await owner.connect()
  try {
    const mailed = async () => {
      const { rows } = await owner.query(
        `SELECT (SELECT count(*) FROM mailings.waiting) + (SELECT count(*) FROM mailings.mails)
              + (SELECT count(*) FROM graphile_worker.jobs WHERE task_identifier LIKE 'mailings.%') AS n`
      )
      return Number(rows[0].n)
    }
    assert.equal(await mailed(), 0)
    const everybody: { id: string; email: string | null; status: string }[] = []
    for (let cursor = ''; ; ) {
      const { items, next } = (await ada.get(`members?limit=200${cursor}`)).body
      everybody.push(...items)
      if (next === null) break
      cursor = `&cursor=${next}`
    }
    const reached = everybody.filter(({ email }) => email !== null)
    assert.ok(reached.length > 40)
    for (const { id } of reached) {
      const { topics } = (await ada.get(`members/${id}/notice-preferences`)).body
      for (const [topic, { way }] of Object.entries<{ way: string }>(topics)) assert.equal(way, 'never', topic)
    }
    const [one] = reached.filter(({ status }) => status === 'active').slice(-1)
    assert.equal((await ada.post(`members/${one?.id}/conversations`, { text: 'Welcome' })).status, 201)
    assert.equal(await mailed(), 0)
  } finally {
    await owner.end()
  }
})

test('it is loaded once', async () => {
  assert.equal(await makeDemo(stage.database), null)
})
