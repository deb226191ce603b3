import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { makeMailer } from '../../../src/modules/mail/index.ts'
import { mailingsTasks } from '../../../src/modules/mailings/index.ts'
import { addNotices } from '../../../src/modules/notices/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { noticeKinds, noticeTopics } from '../../../src/shared/notice-kinds.ts'
import { addMember, type Client, makeStage, ok, type Stage, setUp } from '../../support/app.ts'
import type { Received } from '../mail/server.ts'
import { from, lasting, openPost, type Post, publicUrl } from './support.ts'

let post: Post
let stage: Stage
let admin: Client
let garden: string
const answers = new Map<string, string>()

before(async () => {
  post = await openPost({ answer: (to) => answers.get(to) })
  stage = await makeStage('mails', { smtpUrl: post.server.url, publicUrl })
  await post.open(stage)
  await setUp(stage, 'rivertown', { name: 'Banc Amser y Dŵr' })
  admin = await lasting(stage, 'rivertown', 'admin@rivertown.example.org')
  garden = (await admin.get('categories/gardening')).body.id
})

after(async () => {
  await post.close()
  await stage.close()
})

type Member = Client & { email: string; name: string }

const person = async (name: string, locale = 'en'): Promise<Member> => {
  const client = await addMember(stage, admin, { name, profile: { locale } })
  const { email } = ok(await client.get('members/me'))
  return { ...(await lasting(stage, 'rivertown', email)), email, name }
}

const propose = async (provider: Client, receiver: Client): Promise<string> =>
  ok(
    await provider.post('exchanges', {
      provider: { memberId: provider.memberId },
      receiver: { memberId: receiver.memberId },
      categoryId: garden,
      minutes: 30
    }),
    201
  ).id

const choose = async (client: Client, body: object): Promise<void> => {
  const where = 'members/me/notice-preferences'
  const { rowVersion } = ok(await client.get(where))
  ok(await client.put(where, { topics: {}, ...body }, { 'if-match': `"${rowVersion}"` }))
}

const header = (mail: Received | undefined, name: string): string | undefined =>
  new RegExp(`^${name}: *(.*)$`, 'im').exec(mail?.headers ?? '')?.[1]
const mailsTo = (member: Member) => post.to(member.email)
const waiting = (member: Client) =>
  post.sql<{ due_at: Date; how: string }>(
    'SELECT due_at, how FROM mailings.waiting WHERE membership_id = $1 ORDER BY notice_id',
    [member.memberId]
  )
const mailRows = (member: Client) =>
  post.sql<{ id: string; sent_at: Date | null; refused: string | null }>(
    'SELECT id, sent_at, refused FROM mailings.mails WHERE membership_id = $1 ORDER BY id',
    [member.memberId]
  )
const at = (iso: string): void => {
  stage.clock.now = new Date(iso)
}

test('what comes within two minutes is one mail, delivered as plain text and as HTML, with its headers', async () => {
  const [ann, siân] = [await person('Ann Muñoz'), await person('Siân Ŵyn <b>')]
  for (let i = 0; i < 3; i += 1) await propose(ann, siân)
  assert.deepEqual(await post.later(stage, 1), [])
  assert.equal(mailsTo(siân).length, 0)
  assert.deepEqual(await post.later(stage, 2), [])
  const [mail, ...more] = mailsTo(siân)
  assert.equal(more.length, 0)
  assert.equal(mail?.subject, 'Banc Amser y Dŵr: news for you (3)')
  assert.match(mail?.text ?? '', /^Hello Siân Ŵyn <b>,\n/)
  assert.equal(mail?.text.match(/^\* Ann Muñoz proposes an exchange: Gardening\.$/gm)?.length, 3)
  assert.match(header(mail, 'Content-Type') ?? '', /^multipart\/alternative/)
  assert.match(mail?.html ?? '', /<html lang="en-GB">/)
  assert.ok(mail?.html?.includes('Ann Muñoz proposes an exchange: Gardening.'))
  assert.ok(mail?.html?.includes('Hello Siân Ŵyn &lt;b&gt;,'))
  assert.doesNotMatch(mail?.html ?? '', /<img|<script|<link|@import|url\(/i)
  assert.equal(header(mail, 'Auto-Submitted'), 'auto-generated')
  assert.match(header(mail, 'List-Unsubscribe') ?? '', /^<https:\/\/commonhours\.test\/v1\/unsubscribe\/[\w-]+>$/)
  assert.equal(header(mail, 'List-Unsubscribe-Post'), 'List-Unsubscribe=One-Click')
  const [row] = await mailRows(siân)
  assert.equal(header(mail, 'Message-ID'), `<${row?.id}@commonhours.test>`)
  assert.ok(row?.sent_at)
  for (const line of mail?.raw.split('\r\n') ?? []) assert.ok(Buffer.byteLength(line) <= 998)
  const inbox = ok(await siân.get('notices')).items
  for (const { id } of inbox)
    assert.ok(mail?.text.includes(`  ${publicUrl}/timebanks/rivertown#notices/${id}\n`), 'each leads to its own place')
})

test('a mail is in the language of the person; its subject names nobody', async () => {
  const bob = await person('Bob Jones')
  for (const [locale, subject, sentence] of [
    ['cy', 'Banc Amser y Dŵr: Mae rhywun yn cynnig cyfnewid.', '* Mae Bob Jones yn cynnig cyfnewid: Gardening.'],
    ['es-MX', 'Banc Amser y Dŵr: Alguien propone un intercambio.', '* Bob Jones propone un intercambio: Gardening.'],
    ['pl', 'Banc Amser y Dŵr: Somebody proposes an exchange.', '* Bob Jones proposes an exchange: Gardening.']
  ] as const) {
    const member = await person('Nia', locale)
    await propose(bob, member)
    await post.later(stage, 3)
    const [mail] = mailsTo(member)
    assert.equal(mail?.subject, subject)
    assert.ok(mail?.text.split('\n').includes(sentence), mail?.text)
    assert.ok(mail?.html?.includes(`<html lang="${locale === 'pl' ? 'en-GB' : locale}">`))
  }
})

test('what was read before the mail went is not mailed, and what nobody wants by mail never waits', async () => {
  const [ann, bev, cai] = [await person('Ann'), await person('Bev'), await person('Cai')]
  await choose(cai, { topics: { exchanges: 'never' } })
  await propose(ann, bev)
  await propose(ann, cai)
  assert.deepEqual([(await waiting(bev)).length, (await waiting(cai)).length], [1, 0])
  const [notice] = ok(await bev.get('notices')).items
  ok(await bev.put(`notices/${notice.id}/read`))
  await post.later(stage, 3)
  assert.deepEqual([mailsTo(bev).length, mailsTo(cai).length], [0, 0])
  assert.equal((await waiting(bev)).length, 0)
  assert.equal(ok(await cai.get('notices')).items.length, 1)
})

test('nothing is mailed to who has no address, is suspended, or has left in between', async () => {
  const [ann, bev, cai] = [await person('Ann'), await person('Bev'), await person('Cai')]
  const offline = await addMember(stage, admin, { login: false })
  for (const other of [bev, cai, offline]) await propose(ann, other)
  assert.equal((await waiting(offline)).length, 0)
  ok(await admin.post(`members/${bev.memberId}/suspension`, { reason: 'a test' }))
  ok(await admin.post(`members/${cai.memberId}/departure`, { reason: 'a test' }))
  assert.equal((await waiting(cai)).length, 0)
  await post.later(stage, 3)
  assert.deepEqual([mailsTo(bev).length, mailsTo(cai).length], [0, 0])
  assert.deepEqual([(await mailRows(bev)).length, (await mailRows(cai)).length], [0, 0])
})

test('in quiet hours nothing is mailed at once, and at their end it is, by the clocks of the timebank', async () => {
  const [ann, bev] = [await person('Ann'), await person('Bev')]
  await choose(bev, { quietHours: { from: '21:30', to: '07:15' } })
  // summer time in Europe/London
  at('2027-07-01T20:29:00Z')
  await propose(ann, bev)
  assert.equal((await waiting(bev))[0]?.due_at.toISOString(), '2027-07-02T06:15:00.000Z')
  await post.later(stage, 9 * 60)
  assert.equal(mailsTo(bev).length, 0)
  at('2027-07-02T06:15:00Z')
  await propose(ann, bev)
  await post.later(stage, 0)
  assert.equal(mailsTo(bev).length, 1)
  await post.later(stage, 3)
  assert.equal(mailsTo(bev).length, 2)
})

test('a daily and a weekly mail come on their day and hour, once each', async () => {
  at('2027-03-24T12:00:00Z')
  const [ann, dai, wyn] = [await person('Ann'), await person('Dai'), await person('Wyn')]
  await choose(dai, { topics: { exchanges: 'daily' }, digestHour: 18 })
  await choose(wyn, { topics: { exchanges: 'weekly' }, digestDay: 'sunday', digestHour: 9 })
  for (const member of [dai, wyn, dai]) await propose(ann, member)
  const came = async (iso: string) => {
    at(iso)
    await post.digests(stage)
    await post.digests(stage)
    await post.later(stage, 0)
    return [mailsTo(dai).length, mailsTo(wyn).length]
  }
  assert.deepEqual(await came('2027-03-24T17:55:00Z'), [0, 0])
  assert.deepEqual(await came('2027-03-24T18:00:00Z'), [1, 0])
  // the clocks go forward in the night to Sunday the 28th: nine o'clock is eight in UTC
  assert.deepEqual(await came('2027-03-28T07:55:00Z'), [1, 0])
  assert.deepEqual(await came('2027-03-28T08:00:00Z'), [1, 1])
  assert.deepEqual(await came('2027-04-05T09:00:00Z'), [1, 1])
  assert.equal(mailsTo(dai)[0]?.text.match(/^\* /gm)?.length, 2)
})

test('no more mails come in seven days than the policy lets; the rest waits for the next daily mail that fits', async () => {
  at('2027-05-03T10:00:00Z')
  const [ann, bev] = [await person('Ann'), await person('Bev')]
  const { version } = ok(await admin.get('policy'))
  ok(await admin.call('PATCH', 'policy', { rules: { mailsPerWeek: 3 }, why: 'a test' }, { 'if-match': `"${version}"` }))
  for (let day = 3; day <= 7; day += 1) {
    at(`2027-05-0${day}T10:00:00Z`)
    await propose(ann, bev)
    await post.later(stage, 3)
  }
  assert.equal(mailsTo(bev).length, 3)
  assert.equal(ok(await bev.get('notices')).items.length, 5)
  const due = (await waiting(bev)).map(({ due_at }) => due_at.toISOString())
  assert.deepEqual(due, ['2027-05-11T07:00:00.000Z', '2027-05-11T07:00:00.000Z'])
  at('2027-05-11T07:00:00Z')
  await post.digests(stage)
  await post.later(stage, 0)
  assert.equal(mailsTo(bev).length, 4)
  assert.equal(mailsTo(bev).at(-1)?.text.match(/^\* /gm)?.length, 2)
  ok(
    await admin.call(
      'PATCH',
      'policy',
      { rules: { mailsPerWeek: 10 }, why: 'a test' },
      { 'if-match': `"${version + 1}"` }
    )
  )
})

test('an address refused for good is noted and not tried again; one refused for now is tried later and later', async () => {
  at('2027-06-01T10:00:00Z')
  const [ann, gone, busy] = [await person('Ann'), await person('Gone'), await person('Busy')]
  answers.set(gone.email, `550 <${gone.email}> is unknown here`)
  answers.set(busy.email, `451 <${busy.email}> come back later`)
  for (const member of [gone, busy]) await propose(ann, member)
  await post.later(stage, 3)
  assert.equal((await mailRows(gone))[0]?.refused, '550')
  const undelivered = async (who: Client, member: string) =>
    ok(await who.get(`members/${member}/notice-preferences`)).undelivered
  assert.deepEqual(await undelivered(admin, gone.memberId!), { at: stage.clock.now?.toISOString(), code: 550 })
  assert.equal((await undelivered(gone, 'me')).code, 550)
  assert.equal(await undelivered(admin, busy.memberId!), null)
  const jobs = () =>
    post.sql<{ attempts: number; last_error: string; later: boolean; payload: object }>(
      `SELECT j.attempts, j.last_error, j.run_at > now() AS later, p.payload
         FROM graphile_worker.jobs j JOIN graphile_worker._private_jobs p USING (id)
        WHERE j.task_identifier = 'mailings.send'`
    )
  const [left, ...more] = await jobs()
  assert.equal(more.length, 0)
  assert.deepEqual([left?.attempts, left?.later, Object.keys(left?.payload ?? {})], [1, true, ['timebank', 'mail']])
  assert.match(left?.last_error ?? '', /did not take the mail \(EENVELOPE 451\)/)
  assert.doesNotMatch(left?.last_error ?? '', /example\.org/)
  assert.deepEqual(
    (await mailRows(busy)).map(({ sent_at, refused }) => [sent_at, refused]),
    [[null, null]]
  )
  answers.clear()
  await post.later(stage, 60)
  assert.deepEqual([mailsTo(busy).length, mailsTo(gone).length, (await jobs()).length], [1, 0, 0])
  await propose(ann, gone)
  await post.later(stage, 3)
  assert.deepEqual([mailsTo(gone).length, await undelivered(admin, gone.memberId!)], [1, null])
})

test('what the mail server has not taken for three days is given up', async () => {
  at('2027-06-10T10:00:00Z')
  const [ann, busy] = [await person('Ann'), await person('Busy')]
  answers.set(busy.email, '451 come back later')
  await propose(ann, busy)
  await post.later(stage, 3)
  await post.later(stage, 3 * 24 * 60 + 1)
  answers.clear()
  assert.equal((await mailRows(busy))[0]?.refused, 'late')
  await post.later(stage, 60)
  assert.equal(mailsTo(busy).length, 0)
})

test('a process that ends between sending and noting sends the same mail once more, and notes it once', async () => {
  at('2027-06-20T10:00:00Z')
  const [ann, bev] = [await person('Ann'), await person('Bev')]
  const timebank = ok(await admin.get('/v1/me')).memberships[0].timebankId
  await propose(ann, bev)
  // made as `gather` does, but without a job that a worker could take
  const [made] = await post.sql<{ id: string }>(
    `WITH taken AS (DELETE FROM mailings.waiting WHERE membership_id = $1 RETURNING *)
     INSERT INTO mailings.mails (timebank_id, id, membership_id, notice_ids, topics, made_at)
     SELECT timebank_id, gen_random_uuid(), membership_id, ARRAY[notice_id], ARRAY[topic], $2 FROM taken RETURNING id`,
    [bev.memberId, stage.clock.now]
  )
  const real = makeMailer({ smtpUrl: post.server.url, from, logFile: '/nowhere/mail.log' })
  const dying = {
    ...real,
    send: async (mail: Parameters<typeof real.send>[0]) => {
      await real.send(mail)
      throw new Error('the process has ended')
    }
  }
  const tasks = mailingsTasks({ database: stage.database, mailer: dying, publicUrl })
  await assert.rejects(tasks['mailings.send']!({ timebank, mail: made?.id }), /the process has ended/)
  assert.equal((await mailRows(bev))[0]?.sent_at, null)
  for (let repeat = 0; repeat < 2; repeat += 1)
    await post.tasksOf(stage)['mailings.send']!({ timebank, mail: made?.id })
  real.close()
  const ids = mailsTo(bev).map((mail) => header(mail, 'Message-ID'))
  assert.deepEqual(ids, [`<${made?.id}@commonhours.test>`, `<${made?.id}@commonhours.test>`])
  assert.ok((await mailRows(bev))[0]?.sent_at)
})

test('with several workers at once, and digests beside them, every notice is delivered once', async () => {
  at('2027-09-01T10:00:00Z')
  const members = await Promise.all(Array.from({ length: 6 }, (_, i) => person(`Many ${i}`)))
  const [first] = members
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(
      members.flatMap((member, i) => [
        propose(first!, members[(i + 1) % 6] === first ? members[2]! : members[(i + 1) % 6]!),
        propose(member, members[(i + 2) % 6]!)
      ])
    )
    stage.clock.now = new Date(stage.clock.now!.getTime() + 3 * 60_000)
    await Promise.all([post.later(stage, 0, 3), post.digests(stage), post.digests(stage)])
    await post.later(stage, 0)
  }
  const expected = await Promise.all(
    members.map(async (member) => ok(await member.get('notices?limit=200')).items.map(({ id }: { id: string }) => id))
  )
  for (const [i, member] of members.entries()) {
    const mailed = mailsTo(member).flatMap((mail) =>
      [...mail.text.matchAll(/#notices\/([0-9a-f-]{36})/g)].map((m) => m[1])
    )
    assert.deepEqual(mailed.sort(), expected[i].sort(), member.name)
  }
  assert.equal(expected.flat().length, 36)
})

test('an offer that is about to expire comes as a notice and as a daily mail, unless it was closed meanwhile', async () => {
  at('2027-10-01T06:00:00Z')
  const [ann, bev] = [await person('Ann'), await person('Bev')]
  const listing = { categoryId: garden, mode: 'do', setting: 'any', open: true, expiresOn: '2027-10-05' }
  ok(await ann.post('offers', { ...listing, title: 'Beekeeping' }), 201)
  const { id } = ok(await bev.post('offers', { ...listing, title: 'Not any more' }), 201)
  const { listingsTasks } = await import('../../../src/modules/listings/index.ts')
  await listingsTasks(stage.database)['listings.expire']!({})
  ok(await bev.post(`offers/${id}/closure`))
  at('2027-10-01T07:00:00Z')
  await post.digests(stage)
  await post.later(stage, 0)
  assert.equal(mailsTo(bev).length, 0)
  assert.equal((await mailRows(bev))[0]?.refused, 'unwanted')
  const [mail] = mailsTo(ann)
  assert.match(
    mail?.text ?? '',
    /^\* An offer of yours ends soon: Beekeeping \(stands until Tuesday,? 5 October 2027\)\./m
  )
})

test('a step that is undone leaves neither a notice, nor what waits, nor a job; a step that stands has all three', async () => {
  at('2027-10-05T10:00:00Z')
  const bev = await person('Bev')
  const timebank = ok(await admin.get('/v1/me')).memberships[0].timebankId
  const counts = async () => {
    const [row] = await post.sql(
      `SELECT (SELECT count(*) FROM notices.notices WHERE membership_id = $1)::int AS notices,
              (SELECT count(*) FROM mailings.waiting WHERE membership_id = $1)::int AS waiting,
              (SELECT count(*) FROM graphile_worker._private_jobs WHERE payload ->> 'member' = $1::text)::int AS jobs`,
      [bev.memberId]
    )
    return row
  }
  const tell = (end: () => void) =>
    inTimebank(stage.database, timebank, systemActor, async (tx) => {
      const told = ['exchange.proposed', 'exchange.agreed', 'thanks.given'] as const
      await addNotices(
        tx,
        told.map((kind) => ({ membershipId: bev.memberId, kind, subjectId: randomUUID() }))
      )
      end()
    })
  await assert.rejects(
    tell(() => {
      throw new Error('undone')
    }),
    /undone/
  )
  assert.deepEqual(await counts(), { notices: 0, waiting: 0, jobs: 0 })
  await tell(() => {})
  assert.deepEqual(await counts(), { notices: 3, waiting: 3, jobs: 1 })
  await tell(() => {})
  assert.deepEqual(await counts(), { notices: 6, waiting: 6, jobs: 1 }, 'others go with the job that is on its way')
})

test('a proposal and a thank-you are told with who and what; a proposal that was withdrawn meanwhile is not', async () => {
  at('2027-10-20T10:00:00Z')
  const [ann, bev, cai] = [await person('Ann'), await person('Bev'), await person('Cai')]
  await choose(bev, { topics: { matches: 'at_once', thanks: 'at_once' } })
  await choose(cai, { topics: { matches: 'at_once' } })
  const listing = { categoryId: garden, mode: 'do', setting: 'any', open: true, title: 'Weeding' }
  const ask = async (owner: Client) => {
    const { id } = ok(await owner.post('requests', listing), 201)
    return ok(await ann.post('matches', { requestId: id }), 201).id
  }
  await ask(bev)
  const withdrawn = await ask(cai)
  ok(await ann.post(`matches/${withdrawn}/withdrawal`))
  const report = {
    provider: { memberId: bev.memberId },
    receiver: { memberId: ann.memberId },
    categoryId: garden,
    minutes: 30,
    performedOn: '2027-10-19'
  }
  const { id } = ok(await bev.post('exchanges/reports', report), 201)
  ok(await ann.post(`exchanges/${id}/confirmation`))
  const thanked = await ann.put(`exchanges/${id}/thanks`, { text: 'You were a great help' })
  assert.ok([200, 201].includes(thanked.status), thanked.text)
  await post.later(stage, 3)
  assert.equal(mailsTo(bev).length, 1)
  assert.match(mailsTo(cai)[0]?.text ?? '', /^\* A proposal is no longer open: Weeding\.$/m)
  assert.doesNotMatch(mailsTo(cai)[0]?.text ?? '', /proposes that/)
  const text = mailsTo(bev).at(-1)?.text ?? ''
  assert.match(text, /^\* Ann proposes that you come together: Weeding\.$/m)
  assert.match(text, /^\* Ann thanks you: Gardening\.$/m)
  assert.doesNotMatch(text, /great help/)
})

test('a mail tells from whom there is a message and about what, and its text only to who has chosen that', async () => {
  at('2027-10-10T10:00:00Z')
  const [ann, bev, cai] = [await person('Ann'), await person('Bev'), await person('Cai')]
  await choose(cai, { messageTexts: true })
  for (const member of [bev, cai]) {
    const listing = { categoryId: garden, mode: 'do', setting: 'any', open: true, title: 'Beekeeping' }
    const { id } = ok(await member.post('offers', listing), 201)
    const start = { text: 'Is <b>Tuesday</b> fine?\nYours, Ann' }
    ok(await ann.post(`offers/${id}/conversations`, start), 201)
  }
  await post.later(stage, 3)
  const [[plain], [whole]] = [mailsTo(bev), mailsTo(cai)]
  for (const mail of [plain, whole]) assert.ok(mail?.text.includes('* Ann has written to you: Beekeeping.'), mail?.text)
  assert.doesNotMatch(`${plain?.text}${plain?.html}`, /Tuesday/)
  assert.ok(whole?.text.includes('  > Is <b>Tuesday</b> fine?\n  > Yours, Ann\n'), whole?.text)
  assert.ok(whole?.html?.includes('Is &lt;b&gt;Tuesday&lt;/b&gt; fine?<br>Yours, Ann'))
})

test('for an organisation mails name the other side, and who acts for it no more is told neither names nor texts', async () => {
  at('2027-10-18T10:00:00Z')
  const [ann, bev, cai] = [await person('Ann'), await person('Bev'), await person('Cai')]
  const dee = await person('Dee')
  const house: string = ok(await admin.post('organisations', { name: 'The House', kind: 'charity' }), 201).id
  for (const { memberId } of [bev, cai])
    ok(await admin.post(`organisations/${house}/affiliations`, { memberId, professional: false, actsFor: true }), 201)
  for (const member of [bev, cai])
    await choose(member, {
      messageTexts: true,
      topics: Object.fromEntries(noticeTopics.map((topic) => [topic, 'at_once']))
    })
  const fields = { categoryId: garden, mode: 'do', setting: 'any', open: true, estimatedMinutes: 60 }
  const offer = ok(await bev.post('offers', { ...fields, title: 'Hedges', organisationId: house }), 201).id
  const request = ok(await ann.post('requests', { ...fields, title: 'A wild hedge' }), 201).id
  const happenWith = async (other: Member) => {
    ok(await other.post(`offers/${offer}/conversations`, { text: 'Behind the blue door' }), 201)
    const sides = {
      provider: { capacity: 'organisation', organisationId: house },
      receiver: { memberId: other.memberId }
    }
    const exchange = ok(await other.post('exchanges', { ...sides, categoryId: garden, minutes: 60 }), 201).id
    ok(await bev.post(`exchanges/${exchange}/agreement`))
    ok(await bev.post(`exchanges/${exchange}/report`, { minutes: 60, performedOn: '2027-10-18' }))
    ok(await other.post(`exchanges/${exchange}/confirmation`))
    ok(await other.put(`exchanges/${exchange}/thanks`, { text: 'Straight as a ruler' }), 201)
  }
  await happenWith(ann)
  ok(await ann.post('matches', { requestId: request, offerId: offer }), 201)
  await post.later(stage, 3)
  for (const sentence of [
    'Ann has written to you: Hedges.',
    'Ann proposes an exchange: Gardening.',
    'Ann proposes that you come together: A wild hedge.',
    'Ann thanks you: Gardening.'
  ])
    assert.ok(mailsTo(cai)[0]?.text.includes(`* ${sentence}\n`), `${sentence}\n${mailsTo(cai)[0]?.text}`)
  assert.match(mailsTo(cai)[0]?.text ?? '', /Behind the blue door[\s\S]*Straight as a ruler/)
  assert.doesNotMatch(mailsTo(cai)[0]?.text ?? '', /The House/)
  at('2027-10-18T14:00:00Z')
  const [affiliation] = await post.sql<{ id: string }>('SELECT id FROM members.affiliations WHERE membership_id = $1', [
    cai.memberId
  ])
  await happenWith(dee)
  await post.sql("UPDATE members.affiliations SET valid_from = '2020-01-01', valid_to = '2020-01-02' WHERE id = $1", [
    affiliation?.id
  ])
  await post.later(stage, 3)
  const [, last] = mailsTo(cai)
  assert.ok(mailsTo(bev).at(-1)?.text.includes('Straight as a ruler'))
  assert.doesNotMatch(`${last?.subject}${last?.text}`, /Dee|Hedge|Gardening|blue door|ruler/i)
})

test('every kind of notice is told in a mail, also where its subject is gone', async () => {
  at('2027-10-25T10:00:00Z')
  const bev = await person('Bev')
  const kinds = Object.keys(noticeKinds) as (keyof typeof noticeKinds)[]
  await choose(bev, { topics: Object.fromEntries(noticeTopics.map((topic) => [topic, 'at_once'])) })
  const timebank = ok(await admin.get('/v1/me')).memberships[0].timebankId
  await inTimebank(stage.database, timebank, systemActor, (tx) =>
    addNotices(
      tx,
      kinds.map((kind) => ({ membershipId: bev.memberId, kind, subjectId: randomUUID() }))
    )
  )
  await post.later(stage, 3)
  const [mail, ...more] = mailsTo(bev)
  assert.equal(more.length, 0)
  assert.equal(mail?.text.match(/^\* /gm)?.length, Math.min(kinds.length, 50))
  assert.doesNotMatch(`${mail?.text}${mail?.html}`, /null|undefined/)
})

test('when a member is erased, nothing is left of what they chose and of their mails', async () => {
  at('2027-11-01T10:00:00Z')
  const [ann, bev] = [await person('Ann'), await person('Bev')]
  await choose(bev, { topics: { thanks: 'never' } })
  await propose(ann, bev)
  await post.later(stage, 3)
  await propose(ann, bev)
  ok(await admin.post(`members/${bev.memberId}/departure`, { reason: 'a test' }))
  ok(await admin.post(`members/${bev.memberId}/erasure`, { reason: 'a test' }))
  for (const table of ['preferences', 'waiting', 'mails'])
    assert.deepEqual(await post.sql(`SELECT 1 FROM mailings.${table} WHERE membership_id = $1`, [bev.memberId]), [])
})

test('rows of mails are forgotten after 90 days, and not before', async () => {
  const count = async () => Number((await post.sql<{ n: string }>('SELECT count(*) AS n FROM mailings.mails'))[0]?.n)
  const before = await count()
  const forget = post.tasksOf(stage)['mailings.forget']!
  at('2027-11-01T12:00:00Z')
  await forget({})
  const kept = await count()
  assert.ok(before > kept && kept > 0, `${before} ${kept}`)
  at('2028-06-01T12:00:00Z')
  await forget({})
  assert.equal(await count(), 0)
})

test('a timebank sees neither preferences nor mails of another', async () => {
  const rows = await inTimebank(stage.database, '00000000-0000-4000-8000-000000000000', systemActor, async (tx) => {
    const { rows } = await tx.client.query(
      'SELECT (SELECT count(*) FROM mailings.preferences) + (SELECT count(*) FROM mailings.mails) + (SELECT count(*) FROM mailings.waiting) AS n WHERE $1',
      [true]
    )
    return rows
  })
  assert.equal(Number(rows[0].n), 0)
})
