import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Tokens } from '../../../src/modules/identity/index.ts'
import { makeMailer } from '../../../src/modules/mail/index.ts'
import { startMailServer } from '../mail/server.ts'
import { codeIn, goodPassword, makeWorld, type World } from './support.ts'

let world: World
before(async () => {
  world = await makeWorld('identity-links')
})
after(() => world.close())

const ask = (email: string, address = '192.0.2.1') => world.call('POST', '/v1/auth/links', { body: { email }, address })
const redeem = (token: string) => world.call<Tokens>('POST', '/v1/auth/links/redeem', { body: { token } })
const mailsTo = (email: string) =>
  world
    .mailLog()
    .split('--- ')
    .filter((mail) => mail.includes(`To: ${email}\n`))
const count = async (sql: string, ...values: unknown[]) =>
  Number((await world.database.pool.query(`SELECT count(*) AS n FROM ${sql}`, values)).rows[0].n)

async function linkFor(email: string): Promise<string> {
  await ask(email)
  await world.runJobs()
  return codeIn(mailsTo(email).at(-1) ?? '')
}

test('a link that was asked for is mailed by the job, signs in once and verifies the address', async () => {
  await world.person('link@example.org', { name: 'Gwen Hughes' })
  const answer = await ask('Link@Example.org')
  assert.equal(answer.status, 202)
  assert.equal(answer.text, '')
  assert.equal(world.mailLog(), '', 'nothing is mailed before the job')
  assert.deepEqual(await world.runJobs(), { done: 1, failed: [] })
  const [mail = ''] = mailsTo('link@example.org')
  assert.match(mail, /Subject: Your sign-in link for Commonhours/)
  assert.match(mail, /Hello Gwen Hughes,/)
  const code = codeIn(mail)
  assert.ok(mail.includes(`\n\nhttps://hours.example/sign-in#token=${code}\n\n`))
  assert.ok(mail.includes(`\n\n${code}\n\n`), 'the code stands alone as well')
  const first = await redeem(code)
  assert.equal(first.status, 200)
  const me = await world.call('GET', '/v1/me', { token: first.body.accessToken })
  assert.equal(me.body['emailVerified'], true)
  const second = await redeem(code)
  assert.equal(second.status, 401)
  assert.match(second.text, /"code":"link-invalid"/)
})

test('of twenty who redeem a link at the same moment one gets in', async () => {
  await world.person('race@example.org')
  const code = await linkFor('race@example.org')
  const answers = await Promise.all(Array.from({ length: 20 }, () => redeem(code)))
  assert.equal(answers.filter((a) => a.status === 200).length, 1)
  assert.equal(answers.filter((a) => a.text.includes('"code":"link-invalid"')).length, 19)
})

test('a link is void after 15 minutes, and so is one that was made up', async () => {
  await world.person('late@example.org')
  const code = await linkFor('late@example.org')
  world.advance(15 * 60 + 1)
  assert.equal((await redeem(code)).status, 401)
  assert.equal((await redeem('made-up')).status, 401)
})

test('redeeming one link voids the others on their way', async () => {
  await world.person('several@example.org')
  const first = await linkFor('several@example.org')
  world.advance(121)
  const second = await linkFor('several@example.org')
  assert.notEqual(first, second)
  assert.equal((await redeem(second)).status, 200)
  assert.equal((await redeem(first)).status, 401)
})

test('an unknown address gets the same answer, the same rows and the same job, and no mail', async () => {
  await world.person('known@example.org')
  const known = await ask('known@example.org')
  const unknown = await ask('unknown@example.org')
  const comparable = ({ headers, ...answer }: typeof known) => ({ ...answer, headers: Object.keys(headers).sort() })
  assert.deepEqual(comparable(unknown), comparable(known))
  assert.equal(await count('identity.links WHERE email = $1', 'known@example.org'), 1)
  assert.equal(await count('identity.links WHERE email = $1', 'unknown@example.org'), 1)
  assert.deepEqual(await world.runJobs(), { done: 2, failed: [] })
  assert.equal(mailsTo('known@example.org').length, 1)
  assert.equal(mailsTo('unknown@example.org').length, 0)
  assert.equal(await count('identity.links WHERE email = $1', 'unknown@example.org'), 0, 'it is forgotten at once')
})

/** Asks, lets the job run, and waits until another mail may go out; gives how many there are. */
async function askAndWait(email: string, address: string): Promise<number> {
  assert.equal((await ask(email, address)).status, 202)
  await world.runJobs()
  world.advance(121)
  return mailsTo(email).length
}

test('one asker gets five mails an hour sent to an account, and keeps nobody else from asking', async () => {
  await world.person('often@example.org')
  for (let i = 1; i <= 8; i += 1) assert.equal(await askAndWait('often@example.org', '198.51.100.1'), Math.min(i, 5))
  assert.equal(await askAndWait('often@example.org', '198.51.100.2'), 6, 'its owner asks from elsewhere')
  world.advance(60 * 60)
  assert.equal(await askAndWait('often@example.org', '198.51.100.1'), 7)
})

test('twenty links an hour are mailed to an account, whoever asks', async () => {
  await world.person('sought@example.org')
  for (let i = 1; i <= 22; i += 1)
    assert.equal(await askAndWait('sought@example.org', `198.51.101.${i}`), Math.min(i, 20))
})

test('while an unused link is younger than two minutes no other is mailed', async () => {
  const email = 'hasty@example.org'
  await world.person(email)
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => ask(email, `198.51.102.${i}`)))
  assert.ok(answers.every((a) => a.status === 202 && a.text === ''))
  assert.deepEqual(await world.runJobs(), { done: 10, failed: [] })
  assert.equal(mailsTo(email).length, 1)
  world.advance(60)
  await ask(email)
  await world.runJobs()
  assert.equal(mailsTo(email).length, 1)
  assert.equal((await redeem(codeIn(mailsTo(email)[0] ?? ''))).status, 200)
  await ask(email)
  await world.runJobs()
  assert.equal(mailsTo(email).length, 2, 'the link is used: the next one may go')
  world.advance(121)
  await ask(email)
  await world.runJobs()
  assert.equal(mailsTo(email).length, 3)
})

test('one address may ask for 30 links an hour', async () => {
  const wishes = Array.from({ length: 40 }, (_, i) => ask(`crowd${i}@example.org`, '203.0.113.77'))
  const answers = await Promise.all(wishes)
  assert.equal(answers.filter((a) => a.status === 202).length, 30)
  const refused = answers.filter((a) => a.status === 429)
  assert.equal(refused.length, 10)
  assert.ok(Number(refused[0]?.headers['retry-after']) > 3500)
  await world.runJobs()
})

test('a link gets in who is locked out by the guesses of others, and ends the lock', async () => {
  await world.person('locked@example.org', { password: goodPassword })
  const signIn = (password: string) =>
    world.call('POST', '/v1/auth/sign-in', { body: { email: 'locked@example.org', password }, address: '203.0.113.1' })
  for (let i = 0; i < 10; i += 1) await signIn('wrong guess')
  assert.equal((await signIn(goodPassword)).status, 429)
  assert.equal((await redeem(await linkFor('locked@example.org'))).status, 200)
  assert.equal((await signIn(goodPassword)).status, 200)
})

test('a link for an address that is no longer the person’s is void', async () => {
  const id = await world.person('before@example.org')
  const code = await linkFor('before@example.org')
  await world.database.pool.query('UPDATE identity.persons SET email = $1 WHERE id = $2', ['after@example.org', id])
  assert.equal((await redeem(code)).status, 401)
})

test('mails are written in the language of the person', async () => {
  for (const [locale, words] of [
    ['cy', 'Agorwch y ddolen hon i fewngofnodi'],
    ['es-MX', 'Abre este enlace para entrar'],
    ['en-GB', 'Open this link to sign in'],
    ['pl', 'Open this link to sign in']
  ] as const) {
    const email = `${locale.toLowerCase()}@example.org`
    await world.person(email, { locale })
    await linkFor(email)
    assert.ok(mailsTo(email)[0]?.includes(words), locale)
  }
})

test('over SMTP the mail arrives with the link and the code, and the code signs in', async () => {
  const server = await startMailServer()
  const mailer = makeMailer({ smtpUrl: server.url, from: 'Timebank <tb@example.org>', logFile: '/nowhere/mail.log' })
  try {
    await world.person('smtp@example.org', { locale: 'cy', name: 'Siân Llŷr' })
    await ask('smtp@example.org')
    assert.deepEqual(await world.runJobs(mailer), { done: 1, failed: [] })
    assert.equal(server.mails.length, 1)
    const [mail] = server.mails
    assert.equal(mail?.to, 'smtp@example.org')
    assert.ok(mail?.text.includes('Helo Siân Llŷr,'))
    assert.equal((await redeem(codeIn(mail?.text ?? ''))).status, 200)
  } finally {
    mailer.close()
    await server.close()
  }
})

test('a mail server that refuses makes the job fail without telling the address; a later attempt mails a link', async () => {
  const server = await startMailServer({ refuse: true })
  const mailer = makeMailer({ smtpUrl: server.url, from: 'tb@example.org', logFile: '/nowhere/mail.log' })
  await world.person('refused@example.org')
  await ask('refused@example.org')
  const { failed } = await world.runJobs(mailer)
  mailer.close()
  await server.close()
  assert.equal(failed.length, 1)
  assert.match(String(failed[0]), /the mail server did not take the mail \(EENVELOPE 550\)/)
  const owner = await world.database.pool.connect()
  try {
    await owner.query('SET ROLE NONE')
    const { rows } = await owner.query('SELECT payload, last_error FROM graphile_worker._private_jobs')
    assert.equal(rows.length, 1)
    assert.deepEqual(Object.keys(rows[0].payload), ['id'])
    assert.doesNotMatch(rows[0].last_error, /refused@/)
    await owner.query('UPDATE graphile_worker._private_jobs SET run_at = now()')
  } finally {
    owner.release(true)
  }
  assert.equal((await world.runJobs()).done, 1)
  assert.equal((await redeem(codeIn(mailsTo('refused@example.org')[0] ?? ''))).status, 200)
})

test('neither addresses, names, codes nor tokens are in the logs or the answers', async () => {
  const all = world.logged.join('')
  assert.match(all, /identity\.mail_link/, 'something was logged at all')
  assert.doesNotMatch(all, /@example\.org|Gwen|Siân|#token|192\.0\.2|203\.0\.113/)
  for (const code of world.mailLog().match(/#token=[\w-]+/g) ?? []) assert.ok(!all.includes(code.slice(7)))
})
