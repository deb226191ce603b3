import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import { connect, type Database } from '../../../src/db/client.ts'
import { callLedger } from '../../../src/modules/ledger/call.ts'
import { makePostingQueue, type Operation, type Outcome, verifyBooks } from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { DomainError } from '../../../src/shared/errors.ts'
import { newId } from '../../../src/shared/ids.ts'
import { makePool } from '../../support/database.ts'
import { spyOn, submitter } from './queues.ts'
import { asOwner, type Books, follow, hold, makeBooks, mulberry, seedOf, sizeOf, tally, transfer } from './support.ts'

const database = await makePool('ledger queue')
const second = connect({ url: database.url })
const owner = asOwner(database.url)
after(async () => {
  await Promise.all([second.close(), owner.close()])
  await database.close()
})

/** How often each id stands in the journal. */
async function timesPosted(ids: readonly string[]): Promise<number[]> {
  const { rows } = await owner.pool.query<{ id: string; n: number }>(
    'SELECT id, count(*)::int AS n FROM ledger.transfers WHERE id = ANY ($1) GROUP BY id',
    [ids]
  )
  const counts = new Map(rows.map(({ id, n }) => [id, n]))
  return ids.map((id) => counts.get(id) ?? 0)
}

const many = <T>(count: number, one: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => one(i))

/** Holds an account's row as a long transaction of somebody else does. */
async function lockAccount({ timebankId }: Books, account: number): Promise<() => Promise<void>> {
  const client = await owner.pool.connect()
  await client.query('BEGIN')
  await client.query('SELECT FROM ledger.accounts WHERE timebank_id = $1 AND id = $2 FOR UPDATE', [timebankId, account])
  let over = false
  return async () => {
    if (over) return
    over = true
    await client.query('COMMIT')
    client.release()
  }
}

test('on an idle queue a posting goes at once and alone; what comes meanwhile shares the next statement', async () => {
  const books = await makeBooks(database, [{}, {}])
  const spy = spyOn(database)
  const queue = makePostingQueue(spy.database)
  const submit = submitter(queue, books)
  const open = spy.hold()
  const first = submit(transfer(3, 4, 1))
  // a turn of the event loop and no timer: nothing waits for company
  await turn()
  await turn()
  assert.equal(spy.statements.length, 1)
  const others = many(150, () => submit(transfer(3, 4, 1)))
  await turn()
  await turn()
  assert.equal(spy.statements.length, 1)
  assert.equal(queue.size(), 151)
  open()
  assert.deepEqual(tally(await Promise.all([first, ...others])), { posted: 151 })
  assert.deepEqual(
    spy.statements.map(({ ids }) => ids.length),
    [1, 150]
  )
  await queue.drained()
  assert.equal(queue.size(), 0)
})

test('a full queue refuses with when to come again, and takes postings again once there is room', async () => {
  const books = await makeBooks(database, [{}, {}])
  const spy = spyOn(database)
  const queue = makePostingQueue(spy.database, { capacity: 5 })
  const submit = submitter(queue, books)
  const open = spy.hold()
  const taken = many(5, () => submit(transfer(3, 4, 1)))
  const tooMany = transfer(3, 4, 1)
  const refused = await submit(tooMany).catch((error: unknown) => error)
  assert.ok(refused instanceof DomainError)
  assert.deepEqual([refused.code, refused.status, refused.retryAfterSeconds], ['unavailable', 503, 1])
  assert.equal(queue.size(), 5)
  open()
  assert.deepEqual(tally(await Promise.all(taken)), { posted: 5 })
  assert.deepEqual(await timesPosted([tooMany.id]), [0])
  assert.equal((await submit(tooMany)).code, 'posted')
  await queue.drained()
})

test('never an id or a ref twice in a statement, and never two timebanks where each has its own', async () => {
  const random = mulberry(seedOf('batches of the queue'))
  const pick = (n: number) => Math.floor(random() * n)
  for (const perTimebank of [false, true]) {
    const banks = await Promise.all(many(3, () => makeBooks(database, [{ floorHard: -500 }, {}, {}])))
    const spy = spyOn(database)
    const queue = makePostingQueue(spy.database, { perTimebank })
    const holds: { id: string; books: Books }[] = []
    for (const books of banks) {
      for (const held of many(10, () => hold(4, 5, 5))) {
        assert.equal((await submitter(queue, books)(held)).code, 'posted')
        holds.push({ id: held.id, books })
      }
    }
    const ids = many(40, () => newId())
    const sent: { books: Books; operation: Operation }[] = many(600, () => {
      if (random() < 0.3) {
        const { books, ...held } = holds[pick(holds.length)]!
        return { books, operation: follow(pick(2) ? 'settle' : 'release', held) }
      }
      const id = random() < 0.5 ? newId() : ids[pick(ids.length)]!
      // the same id is another one where it is written in capitals only to who does not look closely
      return {
        books: banks[pick(3)]!,
        operation: transfer(3 + pick(3), 3 + pick(3), 1, { id: pick(2) ? id : id.toUpperCase() })
      }
    })
    const answers: Promise<Outcome>[] = []
    for (const { books, operation } of sent) {
      answers.push(submitter(queue, books)(operation))
      if (random() < 0.02) await sleep(1)
    }
    const outcomes = await Promise.all(answers)
    assert.ok(spy.statements.some(({ ids }) => ids.length > 20))
    for (const { timebanks, ids, refs } of spy.statements) {
      if (perTimebank) assert.equal(new Set(timebanks).size, 1)
      const names = ids.map((id, i) => `${timebanks[i]} ${id.toLowerCase()}`)
      assert.equal(new Set(names).size, names.length)
      assert.equal(new Set(refs).size, refs.length)
    }
    if (!perTimebank) assert.ok(spy.statements.some(({ timebanks }) => new Set(timebanks).size > 1))
    assert.equal(tally(outcomes)['twice_in_batch'], undefined)
    assert.ok(tally(outcomes)['replayed']! > 0 && tally(outcomes)['already_resolved']! > 0)
    for (const books of banks) assert.deepEqual(await books.work(verifyBooks), [])
  }
})

test('a posting that the database cannot even read fails alone', async () => {
  const books = await makeBooks(database, [{}, {}])
  const spy = spyOn(database)
  const submit = submitter(makePostingQueue(spy.database), books)
  const operations = many(60, () => transfer(3, 4, 1))
  const bad = hold(3, 4, 1, { expiresAt: new Date(Number.NaN) })
  const answers = await Promise.allSettled([...operations.slice(0, 23), bad, ...operations.slice(23)].map(submit))
  assert.deepEqual(
    answers.map(({ status }, i) => (status === 'rejected' ? i : -1)).filter((i) => i >= 0),
    [23]
  )
  assert.ok(spy.failures.every((code) => code.startsWith('22')))
  assert.ok(spy.failures.length > 2)
  assert.deepEqual(
    await timesPosted(operations.map(({ id }) => id)),
    operations.map(() => 1)
  )
})

test('an account that somebody holds for long delays only the postings that need it', {
  timeout: 60_000
}, async (t) => {
  const books = await makeBooks(
    database,
    many(12, () => ({}))
  )
  const spy = spyOn(database)
  const queue = makePostingQueue(spy.database)
  const submit = submitter(queue, books)
  const held = hold(3, 4, 1)
  await submit(held)
  const unlock = await lockAccount(books, 3)
  t.after(unlock)
  const started = Date.now()
  const took: number[] = []
  let stuckOver = false
  const stuck = Promise.all([...many(3, (i) => transfer(3, 4 + i, 1)), follow('release', held)].map(submit)).finally(
    () => {
      stuckOver = true
    }
  )
  const others = await Promise.all(
    many(60, async (i) => {
      const outcome = await submit(transfer(4 + (i % 9), 5 + (i % 9), 1))
      took.push(Date.now() - started)
      return outcome
    })
  )
  const later = Date.now()
  const more = await Promise.all(many(20, (i) => submit(transfer(6 + (i % 5), 7 + (i % 5), 1))))
  // who comes for that account now waits with the others, and nobody with them
  const joining = submit(transfer(5, 3, 1))
  const evenMore = await Promise.all(many(20, (i) => submit(transfer(6 + (i % 5), 7 + (i % 5), 1))))
  const [neighbours, afterwards] = [Math.max(...took), Date.now() - later]
  console.log(`neighbours of a locked account: ${neighbours} ms, later ones ${afterwards} ms`)
  assert.deepEqual([tally(others), tally([...more, ...evenMore]), stuckOver], [{ posted: 60 }, { posted: 40 }, false])
  // once the lock's time, and never again
  assert.ok(neighbours < 3800 && afterwards < 1500, `${neighbours} ${afterwards}`)
  await unlock()
  assert.deepEqual(tally([...(await stuck), await joining]), { posted: 5 })
  await queue.drained()
})

test('the same key on different accounts through two queues: one is posted, and no neighbour is harmed', async () => {
  const books = await makeBooks(
    database,
    many(14, () => ({}))
  )
  const spies = [spyOn(database), spyOn(second)]
  const submits = spies.map((spy) => submitter(makePostingQueue(spy.database), books))
  const neighbours = (side: number) => many(9, (i) => transfer(7 + 4 * side + (i % 3), 8 + 4 * side + (i % 3), 1))

  // as it must happen: another transaction has posted the id and not yet committed, when the batch comes to it
  const id = newId()
  const [mine, theirs] = [transfer(3, 4, 5, { id }), transfer(5, 6, 5, { id })]
  const others = neighbours(0)
  let batch: Promise<Outcome[]> | undefined
  await books.work(async (tx) => {
    const [first] = await callLedger(tx.client, [{ ...books, actor: systemActor, operation: theirs }], {
      together: false,
      keep: true
    })
    assert.equal(first!.code, 'posted')
    batch = Promise.all([others[0]!, mine, ...others.slice(1)].map(submits[0]!))
    await waitFor(async () => (await waitingForLocks()) > 0)
  })
  const outcomes = await batch!
  assert.deepEqual(tally(outcomes), { posted: 9, id_reused: 1 })
  assert.equal(outcomes[1]!.code, 'id_reused')
  assert.ok(spies[0]!.failures.includes('23505'), 'the way around a unique violation was not taken')

  // as it happens
  const rounds = sizeOf('KEY_ROUNDS', 30)
  for (let round = 0; round < rounds; round += 1) {
    const same = newId()
    const sides = await Promise.all(
      [0, 1].map(async (side) => {
        const around = neighbours(side)
        const shared = transfer(3 + 2 * side, 4 + 2 * side, 1, { id: same })
        const got = await Promise.all([...around.slice(0, 4), shared, ...around.slice(4)].map(submits[side]!))
        return { shared: got[4]!, around: [...got.slice(0, 4), ...got.slice(5)] }
      })
    )
    assert.deepEqual(tally(sides.map(({ shared }) => shared)), { posted: 1, id_reused: 1 })
    for (const { around } of sides) assert.deepEqual(tally(around), { posted: 9 })
  }
  const taken = spies.flatMap(({ failures }) => failures).filter((code) => code === '23505').length
  console.log(`same key on different accounts: ${rounds} rounds, ${taken} unique violations on the way`)
  assert.deepEqual(await books.work(verifyBooks), [])
})

test('connections that are cut under load: each posting has one outcome and is posted once', {
  timeout: 120_000
}, async () => {
  const books = await makeBooks(
    database,
    many(8, () => ({}))
  )
  const victim: Database = connect({ url: database.url, onError: () => {} })
  const spy = spyOn(victim)
  const queue = makePostingQueue(spy.database)
  const submit = submitter(queue, books)
  const random = mulberry(seedOf('cut connections'))
  let cuts = 0
  let over = false
  let through = 0
  spy.spoil = () => {
    through += 1
    return null
  }
  const cutting = (async () => {
    for (let seen = 0; !over; await sleep(5 + 100 * random())) {
      // one gets through between two cuts, or a statement could be cut at each of its seven tries
      if (through === seen) continue
      seen = through
      const { rows } = await owner.pool.query<{ cut: boolean }>(
        `SELECT pg_terminate_backend(pid) AS cut FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE '%ledger.post\\_%' AND pid <> pg_backend_pid()`
      )
      cuts += rows.length
    }
  })()
  const operations = many(sizeOf('CUT_POSTINGS', 1000), (i) => transfer(3 + (i % 8), 3 + ((i + 1) % 8), 1))
  const outcomes: Promise<Outcome>[] = []
  for (const [i, operation] of operations.entries()) {
    outcomes.push(submit(operation))
    if (i % 10 === 9) await sleep(15)
  }
  const answers = await Promise.all(outcomes)
  over = true
  await cutting
  const { posted = 0, replayed = 0 } = tally(answers)
  console.log(`cut connections: ${cuts}, statements failed: ${spy.failures.length}, answered as replays: ${replayed}`)
  assert.ok(cuts > 0 && spy.failures.length > 0)
  assert.equal(posted + replayed, operations.length)
  assert.deepEqual(
    answers.map(({ id }) => id),
    operations.map(({ id }) => id)
  )
  assert.deepEqual(
    await timesPosted(operations.map(({ id }) => id)),
    operations.map(() => 1)
  )
  await queue.drained()
  assert.equal(queue.size(), 0)
  await victim.close()
  assert.deepEqual(await books.work(verifyBooks), [])
})

test('an answer that is lost after the commit is had by asking again: nothing is posted twice', async () => {
  const books = await makeBooks(database, [{ floorHard: -100 }, {}])
  const spy = spyOn(database)
  const submit = submitter(makePostingQueue(spy.database), books)
  spy.spoil = (nth) => (nth === 1 ? new Error('Connection terminated unexpectedly') : null)
  const operations = [transfer(3, 4, 60), transfer(3, 4, 60), transfer(3, 4, 40)]
  const outcomes = await Promise.all(operations.map(submit))
  assert.equal(spy.statements.length, 2)
  assert.deepEqual(
    outcomes.map(({ code, replayed, debitBalance }) => [code, replayed, debitBalance]),
    [
      ['replayed', true, -60],
      ['below_floor', true, null],
      ['replayed', true, -100]
    ]
  )
  assert.deepEqual(await timesPosted(operations.map(({ id }) => id)), [1, 0, 1])
})

test('where the database stays away a batch is given up as a whole, and soon', { timeout: 30_000 }, async () => {
  const books = await makeBooks(database, [{}, {}])
  const spy = spyOn(database)
  const queue = makePostingQueue(spy.database)
  const submit = submitter(queue, books)
  spy.spoil = () => Object.assign(new pg.DatabaseError('the system is starting up', 0, 'error'), { code: '57P03' })
  const answers = await Promise.allSettled(many(40, () => transfer(3, 4, 1)).map(submit))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set(['rejected']))
  // not halved: each half would be tried seven times in turn
  assert.equal(spy.statements.length, 7)
  await queue.drained()
  spy.spoil = () => null
  assert.equal((await submit(transfer(3, 4, 1))).code, 'posted')
})

const waitingForLocks = async (): Promise<number> => {
  const { rows } = await owner.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  )
  return rows[0]!.n
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 1900; !(await condition()); ) {
    if (Date.now() > end) throw new Error('waited in vain')
    await sleep(5)
  }
}
