import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  createPerson,
  findOrCreatePersonByEmail,
  findOrCreatePersons,
  getPerson,
  giveLogin,
  setPassword,
  type Tokens
} from '../../../src/modules/identity/index.ts'
import { codeIn, goodPassword, makeWorld, type World } from './support.ts'

let world: World
before(async () => {
  world = await makeWorld('identity-persons')
})
after(() => world.close())

const signIn = (email: string, password: string) =>
  world.call<Tokens>('POST', '/v1/auth/sign-in', { body: { email, password } })
const me = (token: string) => world.call('GET', '/v1/me', { token })
const change = (token: string, body: unknown) => world.call('PUT', '/v1/me/password', { token, body })

test('an e-mail address belongs to one person, however it is written', async () => {
  const { db } = world.database
  const id = await createPerson(db, { email: ' Mair@Example.ORG ', name: 'Mair', locale: 'cy' })
  await assert.rejects(createPerson(db, { email: 'mair@example.org', name: 'Other', locale: 'en' }), {
    code: 'already-exists'
  })
  assert.equal(await findOrCreatePersonByEmail(db, { email: 'MAIR@example.org', name: 'Other', locale: 'en' }), id)
})

test('twenty who look for the same new address at the same moment get one person', async () => {
  const person = { email: 'crowd@example.org', name: 'Crowd', locale: 'en' }
  const ids = await Promise.all(Array.from({ length: 20 }, () => findOrCreatePersonByEmail(world.database.db, person)))
  assert.equal(new Set(ids).size, 1)
})

test('a person may exist without an address, any number of them, and without a login', async () => {
  const { db } = world.database
  const person = { email: null, name: 'Offline', locale: 'en' }
  const ids = await Promise.all([findOrCreatePersonByEmail(db, person), findOrCreatePersonByEmail(db, person)])
  assert.notEqual(ids[0], ids[1])
  for (const email of ['', 'null', 'Offline']) assert.equal((await signIn(email, goodPassword)).status, 400)
})

test('many are found or made at once, in the order given', async () => {
  const { db } = world.database
  const known = await createPerson(db, { email: 'many@example.org', name: 'Known', locale: 'en' })
  const of = (email: string | null, name = 'Name') => ({ email, name, locale: 'en' })
  const ids = await findOrCreatePersons(db, [
    of('new@many.example.org'),
    of(null),
    of(' MANY@example.org'),
    of('New@many.example.org'),
    of(null)
  ])
  assert.equal(ids[2], known)
  assert.equal(ids[0], ids[3])
  assert.equal(new Set(ids).size, 4)
  assert.equal((await getPerson(db, ids[0]!)).email, 'new@many.example.org')
  assert.deepEqual(await findOrCreatePersons(db, []), [])
  await assert.rejects(
    findOrCreatePersons(db, [of(null), of('nobody', '')]),
    (error: { errors: { pointer: string }[] }) => {
      assert.deepEqual(
        error.errors.map((e) => e.pointer),
        ['/1/email', '/1/name']
      )
      return true
    }
  )
})

test('a person without a login gets one once, unverified; an address that is somebody’s says whose', async () => {
  const { db } = world.database
  const offline = () => createPerson(db, { email: null, name: 'Offline', locale: 'en' })
  const [first, second] = [await offline(), await offline()]
  assert.equal(await giveLogin(db, first, ' Later@Example.org '), first)
  const person = await getPerson(db, first)
  assert.deepEqual([person.email, person.emailVerified], ['later@example.org', false])
  await assert.rejects(giveLogin(db, first, 'other@example.org'), { code: 'conflict' })
  assert.equal(await giveLogin(db, second, 'later@example.org'), first)
  assert.equal((await getPerson(db, second)).email, null)
  await assert.rejects(giveLogin(db, second, 'nobody'), { code: 'validation-failed' })
  const crowd = await Promise.all(Array.from({ length: 5 }, offline))
  await Promise.allSettled(crowd.map((id) => giveLogin(db, id, 'one@crowd.example.org')))
  const withIt = await Promise.all(crowd.map((id) => getPerson(db, id)))
  assert.equal(withIt.filter(({ email }) => email !== null).length, 1)
})

test('what is no address, no name or no language is refused, with every fault', async () => {
  const bad = [
    'nobody',
    'a@b',
    'a b@example.org',
    'a@example.org\nbcc: b@example.org',
    'a@b@example.org',
    'a@example.org,b@example.org',
    '"a"@example.org',
    '<a@example.org>',
    `${'a'.repeat(65)}@example.org`,
    `a@${'b'.repeat(250)}.org`,
    'a@.org',
    'a@example..org'
  ]
  for (const email of bad)
    await assert.rejects(
      createPerson(world.database.db, { email, name: 'x', locale: 'en' }),
      { code: 'validation-failed' },
      email
    )
  await assert.rejects(
    createPerson(world.database.db, { email: 'x', name: 'a\nb', locale: 'English' }),
    (error: { errors: { pointer: string }[] }) => {
      assert.deepEqual(
        error.errors.map((e) => e.pointer),
        ['/email', '/name', '/locale']
      )
      return true
    }
  )
  assert.ok(
    await createPerson(world.database.db, { email: 'siân.o+bank@bücher.example', name: 'Siân', locale: 'es-MX' })
  )
})

test('the signed-in person is told with an ETag, and changes name and language by it', async () => {
  await world.person('edit@example.org', { password: goodPassword, name: 'Before' })
  const { accessToken: token } = await world.signIn('edit@example.org')
  const read = await me(token)
  const etag = read.headers['etag'] ?? ''
  assert.deepEqual(read.body['memberships'], [])
  assert.equal(read.body['hasPassword'], true)
  assert.ok(!('passwordHash' in read.body))
  const edit = (body: unknown, headers: Record<string, string> = { 'if-match': etag }) =>
    world.call('PATCH', '/v1/me', { token, body, headers })
  assert.equal((await edit({ name: 'After' }, {})).status, 428)
  assert.equal((await edit({ name: 'After' }, { 'if-match': '"99"' })).status, 412)
  for (const body of [
    { name: ' ' },
    { name: 'a\nb' },
    { locale: 'English' },
    { email: 'x@example.org' },
    { operator: true }
  ])
    assert.equal((await edit(body)).status, 400)
  const edited = await edit({ name: ' After ', locale: 'cy' })
  assert.equal(edited.status, 200)
  assert.deepEqual([edited.body['name'], edited.body['locale']], ['After', 'cy'])
  assert.notEqual(edited.headers['etag'], etag)
  assert.equal((await edit({ name: 'Again' })).status, 412)
})

test('what is not signed in is told to sign in', async () => {
  for (const [method, url] of [
    ['GET', '/v1/me'],
    ['PATCH', '/v1/me'],
    ['PUT', '/v1/me/password'],
    ['POST', '/v1/auth/sign-out-everywhere']
  ] as const) {
    const answer = await world.call(method, url)
    assert.equal(answer.status, 401)
    assert.equal(answer.body['code'], 'unauthenticated')
  }
})

test('passwords that are too short, one’s own name or address, or well known are refused', async () => {
  const id = await world.person('gwen.hughes@example.org', { name: 'Gwenllian Hughes' })
  const refused = [
    'short',
    'nine char',
    'x'.repeat(201),
    'gwen.hughes@example.org',
    'Gwen.Hughes1',
    'gwenllianhughes',
    'Gwenllian Hughes 2024',
    'Gwenllian2024',
    '1234567890',
    '0123456789012',
    'Password123!',
    'p a s s w o r d 1',
    'qwertyuiop',
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    'cyfrinair99',
    'Contraseña1',
    'commonhours1',
    '1q2w3e4r5t6y'
  ]
  for (const password of refused)
    await assert.rejects(setPassword(world.database.db, id, password), { code: 'validation-failed' }, password)
  for (const password of [
    'x'.repeat(10).replace('xx', 'yz'),
    'gwen has three hens',
    '2024 hydref',
    '🐑🐄🐓🐖🐎🐐🦆🐕🐈🐝'
  ])
    await setPassword(world.database.db, id, password)
})

test('changing the password needs the present one, and ends all other sessions', async () => {
  await world.person('change@example.org', { password: goodPassword })
  const mine = await world.signIn('change@example.org')
  const other = await world.signIn('change@example.org')
  const missing = await change(mine.accessToken, { password: 'another fine one' })
  assert.equal(missing.status, 400)
  assert.match(missing.text, /"pointer":"\/currentPassword"/)
  const wrong = await change(mine.accessToken, { password: 'another fine one', currentPassword: 'wrong guess' })
  assert.deepEqual([wrong.status, wrong.body['code']], [401, 'credentials-wrong'])
  assert.equal((await change(mine.accessToken, { password: 'short', currentPassword: goodPassword })).status, 400)
  const done = await change(mine.accessToken, { password: 'another fine one', currentPassword: goodPassword })
  assert.equal(done.status, 204)
  assert.equal((await me(mine.accessToken)).status, 200)
  assert.equal((await me(other.accessToken)).status, 401)
  assert.equal((await signIn('change@example.org', goodPassword)).status, 401)
  assert.equal((await signIn('change@example.org', 'another fine one')).status, 200)
})

test('the present password cannot be guessed there without end either', async () => {
  await world.person('stolen@example.org', { password: goodPassword })
  const { accessToken } = await world.signIn('stolen@example.org')
  const guesses = Array.from({ length: 30 }, (_, i) =>
    change(accessToken, { password: 'another fine one', currentPassword: `wrong guess ${i}` })
  )
  const answers = await Promise.all(guesses)
  assert.equal(answers.filter((a) => a.status === 401).length, 10)
  assert.equal(answers.filter((a) => a.status === 429).length, 20)
})

test('a forgotten password is replaced within 30 minutes of signing in by a link, and not later', async () => {
  await world.person('forgot@example.org', { password: goodPassword })
  await world.call('POST', '/v1/auth/links', { body: { email: 'forgot@example.org' } })
  await world.runJobs()
  const token = codeIn(world.mailLog())
  const { body } = await world.call<Tokens>('POST', '/v1/auth/links/redeem', { body: { token } })
  assert.equal((await change(body.accessToken, { password: 'a new one by link' })).status, 204)
  assert.equal((await signIn('forgot@example.org', 'a new one by link')).status, 200)
  world.advance(31 * 60)
  const later = await world.call<Tokens>('POST', '/v1/auth/refresh', { body: { refreshToken: body.refreshToken } })
  assert.equal((await change(later.body.accessToken, { password: 'yet another one' })).status, 400)
})

test('who has no password sets one without', async () => {
  await world.person('nopassword@example.org')
  await world.call('POST', '/v1/auth/links', { body: { email: 'nopassword@example.org' } })
  await world.runJobs()
  const token = codeIn(world.mailLog())
  const { body } = await world.call<Tokens>('POST', '/v1/auth/links/redeem', { body: { token } })
  world.advance(9 * 60)
  assert.equal((await me(body.accessToken)).body['hasPassword'], false)
  assert.equal((await change(body.accessToken, { password: goodPassword })).status, 204)
})

test('neither persons nor their secrets are in the logs or in refusals', () => {
  const all = world.logged.join('')
  assert.doesNotMatch(all, /example\.org|Gwen|Mair|password123|fine one|correct horse/i)
})
