import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { sharing } from '../../src/db/batch.ts'

/** What was run together, and a gate that the test opens for each. */
function watched(most?: number) {
  const runs: number[][] = []
  const gates: ((failure?: Error) => void)[] = []
  let under = 0
  let mostUnder = 0
  const ask = sharing<number, string>((asked) => {
    runs.push([...asked])
    under += 1
    mostUnder = Math.max(mostUnder, under)
    return new Promise((resolve, reject) => {
      gates.push((failure) => {
        under -= 1
        if (failure) reject(failure)
        else resolve(asked.map((n) => `answer to ${n}`))
      })
    })
  }, most)
  return { runs, gates, ask, mostUnder: () => mostUnder }
}

test('a call on an idle service is sent in the same turn of the event loop', async () => {
  const { runs, gates, ask } = watched()
  const answer = ask(1)
  await turn()
  assert.deepEqual(runs, [[1]])
  gates[0]!()
  assert.equal(await answer, 'answer to 1')
})

test('what is asked for while one is under way makes up the next, and each gets its own answer', async () => {
  const { runs, gates, ask, mostUnder } = watched()
  const first = ask(0)
  await turn()
  const later = Array.from({ length: 50 }, (_, i) => ask(i + 1))
  await turn()
  assert.equal(runs.length, 1)
  gates[0]!()
  assert.equal(await first, 'answer to 0')
  await turn()
  assert.deepEqual(
    runs[1],
    Array.from({ length: 50 }, (_, i) => i + 1)
  )
  gates[1]!()
  assert.deepEqual(
    await Promise.all(later),
    Array.from({ length: 50 }, (_, i) => `answer to ${i + 1}`)
  )
  assert.equal(mostUnder(), 1)
  const again = ask(99)
  await turn()
  gates[2]!()
  assert.equal(await again, 'answer to 99')
})

test('no statement takes more than the most, and the order of asking is kept', async () => {
  const { runs, gates, ask } = watched(3)
  const answers = Array.from({ length: 7 }, (_, i) => ask(i))
  for (let i = 0; i < 3; i += 1) {
    await turn()
    gates[i]!()
    await turn()
  }
  await Promise.all(answers)
  assert.deepEqual(runs, [[0, 1, 2], [3, 4, 5], [6]])
})

test('an error reaches all that shared the statement, and nobody else', async () => {
  const { gates, ask } = watched()
  const failed = [ask(1), ask(2), ask(3)].map((answer) => answer.catch((error: Error) => error.message))
  await turn()
  const next = ask(4)
  gates[0]!(new Error('the connection is lost'))
  assert.deepEqual(await Promise.all(failed), Array(3).fill('the connection is lost'))
  await turn()
  gates[1]!()
  assert.equal(await next, 'answer to 4')
})

test('answers of the wrong number, and a run that throws at once, are errors of the batch and end nothing', async () => {
  let mode = 'few'
  const ask = sharing<number, number>((asked) => {
    if (mode === 'throws') throw new Error('at once')
    return Promise.resolve(mode === 'few' ? asked.slice(1) : asked)
  })
  await assert.rejects(ask(1), /1 asked, 0 answers/)
  mode = 'throws'
  await assert.rejects(ask(1), /at once/)
  mode = 'well'
  assert.equal(await ask(7), 7)
})
