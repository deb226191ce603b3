import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { defaultPolicy } from '../../../src/modules/timebanks/policy.ts'
import { noticeTopics } from '../../../src/shared/notice-kinds.ts'
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
import { openPost, type Post, publicUrl } from './support.ts'

let post: Post
let stage: Stage
let admin: Client
let broker: Client
let ann: Client
let garden: string

before(async () => {
  post = await openPost()
  stage = await makeStage('mail-preferences', { smtpUrl: post.server.url, publicUrl })
  await post.open(stage)
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { roles: ['broker'] })
  ann = await addMember(stage, admin)
  garden = (await admin.get('categories/gardening')).body.id
})

after(async () => {
  await post.close()
  await stage.close()
})

const mine = 'members/me/notice-preferences'
const of = (member: Client) => `members/${member.memberId}/notice-preferences`
const put = (client: Client, where: string, body: object, rowVersion: number) =>
  client.put(where, { topics: {}, ...body }, { 'if-match': `"${rowVersion}"` })
const propose = async (receiver: Client, provider = admin): Promise<void> => {
  const sides = { provider: { memberId: provider.memberId }, receiver: { memberId: receiver.memberId } }
  ok(await provider.post('exchanges', { ...sides, categoryId: garden, minutes: 30 }), 201)
}
const waitingFor = (member: Client) =>
  post.sql<{ how: string; due_at: Date }>('SELECT how, due_at FROM mailings.waiting WHERE membership_id = $1', [
    member.memberId
  ])

describe('preferences', () => {
  test('are those of the policy until something is chosen', async () => {
    const answer = await ann.get(mine)
    assert.equal(answer.headers['etag'], '"0"')
    const { topics, ...rest } = ok(answer)
    for (const topic of noticeTopics)
      assert.deepEqual(topics[topic], { way: defaultPolicy.mailDefaults[topic], chosen: false })
    assert.deepEqual(rest, {
      digestDay: 'monday',
      digestHour: 8,
      quietHours: null,
      messageTexts: false,
      undelivered: null,
      rowVersion: 0
    })
  })

  test('are replaced as a whole, from the version that was read', async () => {
    const bev = await addMember(stage, admin)
    const chosen = {
      topics: { thanks: 'never', matches: 'at_once' },
      digestDay: 'friday',
      digestHour: 18,
      quietHours: { from: '22:00', to: '07:30' },
      messageTexts: true
    }
    const answer = await put(bev, mine, chosen, 0)
    const body = ok(answer)
    assert.equal(answer.headers['etag'], '"1"')
    assert.deepEqual(body, ok(await bev.get(mine)))
    assert.deepEqual(body.topics.thanks, { way: 'never', chosen: true })
    assert.deepEqual(body.topics.circles, { way: 'daily', chosen: false })
    assert.deepEqual([body.digestDay, body.digestHour, body.quietHours], ['friday', 18, { from: '22:00', to: '07:30' }])
    refused(await put(bev, mine, {}, 0), 412, 'precondition-failed')
    refused(await bev.put(mine, { topics: {} }), 428, 'precondition-required')
    assert.deepEqual(ok(await put(bev, mine, {}, 1)).topics.thanks, { way: 'daily', chosen: false })
  })

  test('chosen by two at once from the same version: one is kept, the other is refused', async () => {
    const bev = await addMember(stage, admin)
    const answers = await Promise.all([9, 10, 11, 12].map((digestHour) => put(bev, mine, { digestHour }, 0)))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412])
    const kept = answers.find(({ status }) => status === 200)
    assert.equal(ok(await bev.get(mine)).digestHour, kept?.body.digestHour)
  })

  test('follow the policy where they are not chosen, also after it changes', async () => {
    const bev = await addMember(stage, admin)
    const { version } = ok(await admin.get('policy'))
    const mailDefaults = { ...defaultPolicy.mailDefaults, exchanges: 'weekly' }
    const change = (rules: object, from: number) =>
      admin.call('PATCH', 'policy', { rules, why: 'a test' }, { 'if-match': `"${from}"` })
    ok(await change({ mailDefaults }, version))
    await propose(bev)
    assert.equal(ok(await bev.get(mine)).topics.exchanges.way, 'weekly')
    assert.equal((await waitingFor(bev))[0]?.how, 'weekly')
    ok(await change({ mailDefaults: defaultPolicy.mailDefaults }, version + 1))
    refused(await change({ mailDefaults: { exchanges: 'weekly' } }, version + 2), 400, 'validation-failed')
    refused(await change({ mailsPerWeek: 0 }, version + 2), 400, 'validation-failed')
  })

  test('when they change, what waits goes by the new choice', async () => {
    const bev = await addMember(stage, admin)
    await propose(bev)
    assert.equal((await waitingFor(bev))[0]?.how, 'at_once')
    ok(await put(bev, mine, { topics: { exchanges: 'daily' } }, 0))
    const [digest] = await waitingFor(bev)
    assert.equal(digest?.how, 'daily')
    assert.ok((digest?.due_at.getTime() ?? 0) > Date.now())
    ok(await put(bev, mine, { topics: { exchanges: 'never' } }, 1))
    assert.deepEqual(await waitingFor(bev), [])
  })

  test('of a member who asks for it are chosen by staff, and the audit says for whom', async () => {
    const offline = await addMember(stage, admin, { login: false })
    ok(await put(broker, of(offline), { topics: { thanks: 'weekly' } }, 0))
    assert.equal(ok(await broker.get(of(offline))).topics.thanks.way, 'weekly')
    const [event] = ok(await admin.get(`members/${offline.memberId}/audit`)).items
    assert.deepEqual(
      [event.action, event.actorMembershipId, event.onBehalfOf, event.changes],
      ['notice-preferences.changed', broker.memberId, offline.memberId, { thanks: [null, 'weekly'] }]
    )
  })

  test('of others are not there for members, nor those of another timebank for its staff', async () => {
    const bev = await addMember(stage, admin)
    refused(await ann.get(of(bev)), 404, 'not-found')
    refused(await put(ann, of(bev), {}, 0), 404, 'not-found')
    const other = await foundAnother(stage, admin, 'hilltown')
    refused(await other.get(of(bev)), 404, 'not-found')
    refused(await put(other, of(bev), {}, 0), 404, 'not-found')
    refused(await clientOf(stage.app, 'rivertown', '').get(of(bev)), 401, 'unauthenticated')
  })

  for (const [fault, body, pointer] of [
    ['a topic that there is not', { topics: { weather: 'daily' } }, '/topics/weather'],
    ['a way that there is not', { topics: { thanks: 'hourly' } }, '/topics/thanks'],
    ['an hour beyond the day', { digestHour: 24 }, '/digestHour'],
    ['a day that there is not', { digestDay: 'caturday' }, '/digestDay'],
    ['a time that there is not', { quietHours: { from: '24:00', to: '07:00' } }, '/quietHours/from'],
    ['quiet hours without an end', { quietHours: { from: '22:00' } }, '/quietHours/to'],
    ['quiet hours that last no time', { quietHours: { from: '22:00', to: '22:00' } }, '/quietHours'],
    ['an unknown field', { sms: true }, '/sms']
  ] as const)
    test(`with ${fault} are refused, and the fault is named`, async () => {
      const { errors } = refused(await put(ann, mine, body, 0), 400, 'validation-failed')
      assert.deepEqual(
        errors.map((error: { pointer: string }) => error.pointer),
        [pointer]
      )
    })
})

describe('unsubscribing', () => {
  /** The address in the next mail to somebody. */
  async function stopAddress(member: Client): Promise<string> {
    const { email } = ok(await member.get('members/me'))
    await propose(member)
    await post.later(stage, 3)
    stage.clock.now = null
    const stop = /^List-Unsubscribe: *<https:\/\/commonhours\.test([^>]+)>$/m.exec(post.to(email).at(-1)?.headers ?? '')
    assert.ok(stop?.[1])
    return stop[1]
  }
  const click = (address: string, payload = 'List-Unsubscribe=One-Click', type = 'application/x-www-form-urlencoded') =>
    stage.app.inject({ method: 'POST', url: address, headers: { 'content-type': type }, payload })

  test('takes one click without signing in, for the topics of the mail only, and again says the same', async () => {
    const bev = await addMember(stage, admin, { profile: { locale: 'cy' } })
    const address = await stopAddress(bev)
    for (let time = 0; time < 2; time += 1) {
      const answer = await click(address)
      assert.equal(answer.statusCode, 200, answer.body)
      assert.match(String(answer.headers['content-type']), /^text\/html/)
      assert.match(answer.body, /<html lang="cy">.*Ni ddaw rhagor o e-byst am: cyfnewidiadau\./s)
    }
    const { topics, rowVersion } = ok(await bev.get(mine))
    assert.deepEqual(topics.exchanges, { way: 'never', chosen: true })
    assert.deepEqual(topics.messages, { way: 'at_once', chosen: false })
    assert.equal(rowVersion, 1)
    await propose(bev)
    assert.deepEqual(await waitingFor(bev), [])
    assert.equal(ok(await bev.get('notices')).items.length, 2)
  })

  test('by the page takes a button: to open it changes nothing', async () => {
    const bev = await addMember(stage, admin)
    const address = await stopAddress(bev)
    const asked = await stage.app.inject({ method: 'GET', url: address })
    assert.equal(asked.statusCode, 200)
    assert.match(asked.body, /<html lang="en-GB">.*<form method="post">.*<button/s)
    assert.doesNotMatch(asked.body, /<script|Member|rivertown/i)
    assert.equal((await stage.app.inject({ method: 'HEAD', url: address })).statusCode, 200)
    assert.equal(ok(await bev.get(mine)).topics.exchanges.way, 'at_once')
    const boundary = 'xyz'
    const part = `--${boundary}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--${boundary}--\r\n`
    assert.equal((await click(address, part, `multipart/form-data; boundary=${boundary}`)).statusCode, 200)
    assert.equal(ok(await bev.get(mine)).topics.exchanges.way, 'never')
  })

  test('stops a mail that was made and not sent yet', async () => {
    const bev = await addMember(stage, admin)
    const address = await stopAddress(bev)
    const { email } = ok(await bev.get('members/me'))
    const timebank = ok(await admin.get('/v1/me')).memberships[0].timebankId
    await propose(bev)
    const [mail] = await post.sql<{ id: string }>(
      `INSERT INTO mailings.mails (timebank_id, id, membership_id, notice_ids, topics, made_at)
       SELECT timebank_id, gen_random_uuid(), membership_id, array_agg(notice_id), array_agg(topic), now()
         FROM mailings.waiting WHERE membership_id = $1 GROUP BY timebank_id, membership_id RETURNING id`,
      [bev.memberId]
    )
    assert.equal((await click(address)).statusCode, 200)
    await post.tasksOf(stage)['mailings.send']!({ timebank, mail: mail?.id })
    assert.equal(post.to(email).length, 1)
    assert.deepEqual(await post.sql('SELECT refused FROM mailings.mails WHERE id = $1', [mail?.id]), [
      { refused: 'unwanted' }
    ])
  })

  test('goes by nobody else: a token that is made up, cut or changed is not there', async () => {
    const address = await stopAddress(await addMember(stage, admin))
    const token = address.split('/').at(-1)!
    const changed = `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`
    for (const wrong of ['x', token.slice(0, -1), `${token}A`, changed, 'A'.repeat(token.length), '%00', '__proto__']) {
      for (const method of ['GET', 'POST'] as const) {
        const answer = await stage.app.inject({ method, url: `/v1/unsubscribe/${wrong}` })
        assert.equal(answer.statusCode, 404, `${method} ${wrong}`)
      }
    }
    const [ids] = await post.sql<{ id: string }>('SELECT membership_id AS id FROM mailings.mails LIMIT 1')
    assert.ok(!Buffer.from(token, 'base64url').includes(Buffer.from(String(ids?.id).replaceAll('-', ''), 'hex')))
  })

  test('forms are taken here and nowhere else', async () => {
    const answer = await stage.app.inject({
      method: 'POST',
      url: '/v1/auth/sign-in',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'email=a'
    })
    assert.equal(answer.statusCode, 415)
  })

  test('by somebody who has left or was erased is a 200 that changes nothing', async () => {
    const bev = await addMember(stage, admin)
    const address = await stopAddress(bev)
    ok(await admin.post(`members/${bev.memberId}/departure`, { reason: 'a test' }))
    assert.equal((await click(address)).statusCode, 200)
    ok(await admin.post(`members/${bev.memberId}/erasure`, { reason: 'a test' }))
    assert.equal((await click(address)).statusCode, 200)
    assert.deepEqual(await post.sql('SELECT 1 FROM mailings.preferences WHERE membership_id = $1', [bev.memberId]), [])
  })
})

describe('when something is due', () => {
  const zones = ['Europe/London', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe', 'UTC', 'Pacific/Apia']
  const minuteIn = (zone: string, at: Date): { minute: number; weekday: number } => {
    const parts = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'short',
      hourCycle: 'h23'
    }).formatToParts(at)
    const part = (type: string) => parts.find((found) => found.type === type)!.value
    return {
      minute: Number(part('hour')) * 60 + Number(part('minute')),
      weekday: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(part('weekday')) + 1
    }
  }
  const dueAt = async (how: string, at: Date, zone: string, day: number, hour: number, quiet: number[] | null) => {
    const [row] = await post.sql<{ due: Date }>('SELECT mailings.due_at($1, $2, $3, $4, $5, $6, $7) AS due', [
      how,
      at,
      zone,
      day,
      hour,
      quiet?.[0] ?? null,
      quiet?.[1] ?? null
    ])
    return row!.due
  }
  const inQuiet = (minute: number, [from, to]: number[]) =>
    from! < to! ? minute >= from! && minute < to! : minute >= from! || minute < to!
  const instant = fc.date({
    min: new Date('2026-01-01T00:00:00Z'),
    max: new Date('2029-01-01T00:00:00Z'),
    noInvalidDate: true
  })
  const minute = fc.integer({ min: 0, max: 1439 })
  const options = { numRuns: 300, ...(process.env['SEED'] ? { seed: Number(process.env['SEED']) } : {}) }

  test('at once is two minutes later, or the end of the quiet hours: never inside them, and within a day', async () => {
    await fc.assert(
      fc.asyncProperty(
        instant,
        fc.constantFrom(...zones),
        fc.option(fc.tuple(minute, minute).filter(([a, b]) => a !== b)),
        async (at, zone, quiet) => {
          const soon = new Date(at.getTime() + 2 * 60_000)
          const due = await dueAt('at_once', at, zone, 1, 8, quiet)
          const held = quiet !== null && inQuiet(minuteIn(zone, soon).minute, quiet)
          if (!held) return assert.equal(due.getTime(), soon.getTime())
          assert.ok(due >= soon && due.getTime() - soon.getTime() <= 25 * 60 * 60_000)
          // where clocks change, an hour may be left out or come twice
          const missed = Math.abs(minuteIn(zone, due).minute - quiet[1]!)
          assert.ok(missed === 0 || missed <= 60, `${due.toISOString()} ${zone} ${quiet}`)
        }
      ),
      options
    )
  })

  test('a digest is the next time that clocks there show its hour, on its day', async () => {
    await fc.assert(
      fc.asyncProperty(
        instant,
        fc.constantFrom(...zones),
        fc.constantFrom('daily', 'weekly'),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 23 }),
        async (at, zone, how, day, hour) => {
          const due = await dueAt(how, at, zone, day, hour, null)
          const hours = (due.getTime() - at.getTime()) / 3_600_000
          assert.ok(hours > 0 && hours <= (how === 'daily' ? 25 : 7 * 24 + 1), `${hours}`)
          const there = minuteIn(zone, due)
          assert.ok(Math.abs(there.minute - hour * 60) <= 60, `${due.toISOString()} ${zone}`)
          if (how === 'weekly') assert.equal(there.weekday, day)
        }
      ),
      options
    )
  })

  test('the hour is exact on days on which no clock changes', async () => {
    const at = new Date('2027-06-15T10:20:00Z')
    for (const [how, day, hour, due] of [
      ['daily', 1, 12, '2027-06-15T11:00:00.000Z'],
      ['daily', 1, 11, '2027-06-16T10:00:00.000Z'],
      ['weekly', 2, 12, '2027-06-15T11:00:00.000Z'],
      ['weekly', 2, 11, '2027-06-22T10:00:00.000Z'],
      ['weekly', 1, 0, '2027-06-20T23:00:00.000Z']
    ] as const)
      assert.equal((await dueAt(how, at, 'Europe/London', day, hour, null)).toISOString(), due)
  })
})
