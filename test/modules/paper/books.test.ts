import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { addMember, type Client, foundAnother, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { seedOf } from '../ledger/support.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
type Json = any

let stage: Stage
let admin: Client
let broker: Client
let gwen: Client
let hal: Client
let garden: string
let counter = 0

before(async () => {
  stage = await makeStage('books')
  admin = await setUp(stage)
  broker = await addMember(stage, admin, { name: 'Bron', roles: ['broker'] })
  gwen = await addMember(stage, admin, { name: 'Gwen' })
  hal = await addMember(stage, admin, { name: 'Hal', login: false })
  garden = ok(await admin.get('categories/gardening')).id
})

after(() => stage.close())

/** A prefix of its own for each test. */
const newPrefix = () => {
  counter += 1
  return `T${String.fromCharCode(65 + (counter % 26))}${String.fromCharCode(65 + Math.floor(counter / 26))}-`
}
const issue = async (more: Record<string, unknown> = {}): Promise<Json> =>
  ok(await broker.post('slip-books', { prefix: newPrefix(), from: 1, to: 10, digits: 3, ...more }), 201)
const slip = (number: string) => ({ 'commonhours-source': 'paper_slip', 'commonhours-slip': number })
const record = (number: string) =>
  broker.post(
    'exchanges/records',
    {
      provider: { memberId: gwen.memberId },
      receiver: { memberId: hal.memberId },
      categoryId: garden,
      minutes: 30,
      performedOn: '2026-01-15'
    },
    slip(number)
  )
const recordGroup = (number: string) =>
  broker.post(
    'exchange-groups',
    {
      providers: [{ memberId: gwen.memberId, minutes: 30 }],
      receivers: [{ memberId: hal.memberId }, { memberId: admin.memberId }],
      categoryId: garden,
      performedOn: '2026-01-15'
    },
    slip(number)
  )
const counts = async (id: string) => ok(await broker.get(`slip-books/${id}`)).counts
const states = async (id: string) =>
  ok(await broker.get(`slip-books/${id}/slips`)).items.map((s: Json) => [s.number, s.state])

test('each slip of a book is used, taken back, void, missing or unused, and the counts say so', async () => {
  const book = await issue({ holderId: hal.memberId })
  assert.deepEqual([book.from, book.to, book.status, book.holderId], [1, 10, 'issued', hal.memberId])
  const first = ok(await record(`${book.prefix}001`), 201)
  assert.deepEqual([first.source, first.onBehalfOf, first.recordedBy], ['paper_slip', hal.memberId, broker.memberId])
  const group = ok(await recordGroup(`${book.prefix}003`), 201)
  const back = ok(await record(`${book.prefix}004`), 201)
  ok(await broker.post(`exchanges/${back.id}/reversal`, { reason: 'Written twice' }))
  ok(await broker.post(`slip-books/${book.id}/void`, { number: 6, reason: 'Coffee over it' }))
  assert.deepEqual(await states(book.id), [
    [1, 'used'],
    [2, 'missing'],
    [3, 'used'],
    [4, 'taken_back'],
    [5, 'missing'],
    [6, 'void'],
    [7, 'unused'],
    [8, 'unused'],
    [9, 'unused'],
    [10, 'unused']
  ])
  assert.deepEqual(await counts(book.id), { used: 2, takenBack: 1, void: 1, missing: 2, unused: 4 })
  const slips = ok(await broker.get(`slip-books/${book.id}/slips`)).items
  assert.deepEqual(
    [slips[0].exchangeId, slips[0].slipNumber, slips[2].groupId, slips[2].exchangeId, slips[5].voidReason],
    [first.id, `${book.prefix}001`, group.id, group.exchanges[0].id, 'Coffee over it']
  )
  assert.deepEqual(
    ok(await broker.get(`slip-books/${book.id}/missing`)).items.map((s: Json) => s.number),
    [2, 5]
  )
  ok(await record(`${book.prefix}004`), 201)
  assert.equal((await counts(book.id)).used, 3, 'a slip that was taken back may be recorded again')
})

test('a slip is one slip however it is written, and is recorded once', async () => {
  const book = await issue()
  const sent = `${book.prefix.toLowerCase()}7`
  assert.equal(ok(await record(sent), 201).slipNumber, `${book.prefix}007`)
  refused(await record(`${book.prefix}007`), 409, 'already-exists')
  refused(await record(`${book.prefix}0007`), 409, 'already-exists')
  refused(await recordGroup(`${book.prefix}7`), 409, 'already-exists')
})

test('a void slip is not recorded, and a recorded one is not void', async () => {
  const book = await issue()
  ok(await broker.post(`slip-books/${book.id}/void`, { number: 2, reason: 'Torn' }))
  refused(await record(`${book.prefix}002`), 422, 'slip-void')
  refused(await recordGroup(`${book.prefix}2`), 422, 'slip-void')
  refused(await broker.post(`slip-books/${book.id}/void`, { number: 2, reason: 'Again' }), 409, 'already-exists')
  const { id } = ok(await record(`${book.prefix}003`), 201)
  const problem = refused(
    await broker.post(`slip-books/${book.id}/void`, { number: 3, reason: 'Torn' }),
    409,
    'conflict'
  )
  assert.equal(problem.exchange, id)
  const outside = await broker.post(`slip-books/${book.id}/void`, { number: 11, reason: 'Torn' })
  assert.equal(refused(outside, 400, 'validation-failed').errors[0].pointer, '/number')
})

test('of recording a slip and declaring it void at once one wins', async () => {
  const book = await issue()
  for (const number of [1, 2, 3, 4, 5, 6]) {
    const [recorded, voided] = await Promise.all([
      record(`${book.prefix}${number}`),
      broker.post(`slip-books/${book.id}/void`, { number, reason: 'Torn' })
    ])
    const outcome = [recorded!.status, voided!.status].join()
    assert.ok(['201,409', '422,200'].includes(outcome), `${number}: ${outcome}`)
  }
  const { used, void: gone } = await counts(book.id)
  assert.equal(used + gone, 6)
})

test('no number is in two books, also where two are handed out at once', async () => {
  const prefix = newPrefix()
  const answers = await Promise.all(
    [1, 5, 10, 3].map((from) => broker.post('slip-books', { prefix, from, to: from + 10 }))
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409])
  const other = refused(
    await broker.post('slip-books', { prefix: prefix.toLowerCase(), from: 1, to: 100, digits: 4 }),
    409,
    'already-exists'
  )
  assert.equal(other.errors[0].pointer, '/from')
  ok(await broker.post('slip-books', { prefix: newPrefix(), from: 1, to: 100 }), 201)
  const elsewhere = await foundAnother(stage, admin, 'bookstown')
  ok(await elsewhere.post('slip-books', { prefix, from: 1, to: 10 }), 201)
})

test('whatever books are handed out, those that are taken never overlap, and each number finds its own', async () => {
  const range = fc.record({ from: fc.integer({ min: 1, max: 60 }), size: fc.integer({ min: 0, max: 15 }) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(range, { minLength: 2, maxLength: 6 }),
      fc.integer({ min: 1, max: 80 }),
      async (ranges, n) => {
        const prefix = newPrefix()
        const taken: Json[] = []
        for (const { from, size } of ranges) {
          const answer = await broker.post('slip-books', { prefix, from, to: from + size })
          const overlaps = taken.some((book) => book.from <= from + size && from <= book.to)
          assert.equal(answer.status, overlaps ? 409 : 201)
          if (!overlaps) taken.push(answer.body)
        }
        ok(await record(`${prefix}${n}`), 201)
        for (const book of taken) assert.equal((await counts(book.id)).used, book.from <= n && n <= book.to ? 1 : 0)
      }
    ),
    { seed: seedOf('books'), numRuns: 12 }
  )
})

test('where the policy wants slips from books, a number of none is refused', async () => {
  const book = await issue()
  ok(await record('loose-1'), 201)
  const { version, explanations } = ok(await admin.get('policy'))
  assert.equal(explanations.slipsFromBooks.inForce, true)
  ok(await admin.patch('policy', { rules: { slipsFromBooks: true }, why: 'For one test' }, version))
  refused(await record('loose-2'), 422, 'slip-not-issued')
  refused(await record(`${book.prefix}11`), 422, 'slip-not-issued')
  refused(await record('no-number'), 422, 'slip-not-issued')
  ok(await record(`${book.prefix}1`), 201)
  ok(await admin.patch('policy', { rules: { slipsFromBooks: false }, why: 'As before' }, version + 1))
})

test('a closed book notes what is missing; a slip that turns up later is recorded and shown as late', async () => {
  const book = await issue({ to: 4 })
  ok(await record(`${book.prefix}1`), 201)
  ok(await broker.post(`slip-books/${book.id}/void`, { number: 2, reason: 'Torn' }))
  const closed = ok(await broker.post(`slip-books/${book.id}/closing`, { note: 'Left on the bus' }))
  assert.deepEqual([closed.status, closed.missingAtClose, closed.counts.missing], ['closed', [3, 4], 2])
  refused(await broker.post(`slip-books/${book.id}/closing`), 409, 'wrong-state')
  ok(await record(`${book.prefix}4`), 201)
  const slips = ok(await broker.get(`slip-books/${book.id}/slips`)).items
  assert.deepEqual(
    slips.map((s: Json) => [s.state, s.late]),
    [
      ['used', false],
      ['void', false],
      ['missing', false],
      ['used', true]
    ]
  )
  const audited = ok(await admin.get(`audit?subjectType=slip-book&subjectId=${book.id}`)).items
  assert.deepEqual(
    audited.map((e: Json) => e.action),
    ['slip-book.closed', 'slip-book.slip-voided', 'slip-book.issued']
  )
})

test('missing slips over all books come page by page, each once', async () => {
  const made = [await issue({ to: 30 }), await issue({ to: 5 }), await issue({ to: 40 })]
  for (const [i, n] of [
    [0, 30],
    [1, 5],
    [2, 1],
    [2, 20]
  ] as const)
    ok(await record(`${made[i]!.prefix}${n}`), 201)
  const all: Json[] = []
  for (let cursor = ''; ; ) {
    const page = ok(await broker.get(`slips/missing?limit=7${cursor}`))
    all.push(...page.items)
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  const of = (book: Json) => all.filter((s) => s.bookId === book.id).map((s) => s.number)
  assert.deepEqual(
    made.map((book) => of(book).length),
    [29, 4, 18]
  )
  assert.equal(new Set(all.map((s) => s.slipNumber)).size, all.length)
  assert.deepEqual(ok(await broker.get('slips/missing?limit=200')).items, all)
  // more slips than are looked at for one page stand between
  const long = await issue({ to: 3000 })
  const behind = await issue({ to: 3 })
  ok(await record(`${long.prefix}1`), 201)
  ok(await record(`${behind.prefix}2`), 201)
  const numbers: string[] = []
  for (let cursor = ''; ; ) {
    const page = ok(await broker.get(`slips/missing?limit=200${cursor}`))
    numbers.push(...page.items.map((s: Json) => s.slipNumber))
    if (page.next === null) break
    cursor = `&cursor=${page.next}`
  }
  assert.deepEqual(numbers, [...all.map((s) => s.slipNumber), `${behind.prefix}001`])
  ok(await broker.post(`slip-books/${made[1].id}/closing`))
  const closed = ok(await broker.get('slips/missing?books=closed&limit=200')).items
  assert.ok(closed.some((s: Json) => s.bookId === made[1].id))
  assert.ok(!ok(await broker.get('slips/missing?limit=200')).items.some((s: Json) => s.bookId === made[1].id))
})

test('faults of a book are all told; only staff keep books, and each timebank its own', async () => {
  const faulty = await broker.post('slip-books', { prefix: 'A1', from: 0, to: 20_000, digits: 10, surprise: 1 })
  assert.ok(refused(faulty, 400, 'validation-failed').errors.length >= 4)
  const order = await broker.post('slip-books', { from: 10, to: 9 })
  assert.equal(refused(order, 400, 'validation-failed').errors[0].pointer, '/to')
  refused(await broker.post('slip-books', { from: 1, to: 9, holderId: crypto.randomUUID() }), 404, 'not-found')
  refused(await gwen.post('slip-books', { from: 1, to: 9 }), 403, 'forbidden')
  refused(await gwen.get('slips/missing'), 403, 'forbidden')
  const book = await issue()
  const other = await foundAnother(stage, admin, 'thirdtown')
  refused(await other.get(`slip-books/${book.id}`), 404, 'not-found')
  refused(await other.post(`slip-books/${book.id}/void`, { number: 1, reason: 'Elsewhere' }), 404, 'not-found')
  const list = ok(await broker.get(`slip-books?holderId=${gwen.memberId}`)).items
  assert.deepEqual(list, [])
  assert.match((await broker.get('slip-books', { accept: 'text/csv' })).text, /^\uFEFFid,prefix,from,to/)
})

test('when a holder is erased, nothing is left of what was written about their book', async () => {
  const leaver = await addMember(stage, admin, { login: false })
  const book = await issue({ holderId: leaver.memberId, note: 'Lives above the shop' })
  ok(await broker.post(`slip-books/${book.id}/void`, { number: 3, reason: 'Lost in hospital' }))
  ok(await admin.post(`members/${leaver.memberId}/departure`, {}))
  ok(await admin.post(`members/${leaver.memberId}/erasure`, {}))
  assert.equal(ok(await broker.get(`slip-books/${book.id}`)).note, '')
  const slips = ok(await broker.get(`slip-books/${book.id}/slips`)).items
  assert.deepEqual([slips[2].state, slips[2].voidReason], ['void', ''])
})

test('what is told on a slip is quoted before it is proposed; a void slip is refused there too', async () => {
  const book = await issue()
  const quote = (number: number) =>
    broker.post(
      'exchanges/quote',
      {
        provider: { memberId: gwen.memberId },
        receiver: { memberId: hal.memberId },
        categoryId: garden,
        minutes: 30
      },
      slip(`${book.prefix}${number}`)
    )
  assert.equal(ok(await quote(1)).creditMinutes, 30)
  ok(await broker.post(`slip-books/${book.id}/void`, { number: 1, reason: 'Torn' }))
  refused(await quote(1), 422, 'slip-void')
})
