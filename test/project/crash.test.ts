import assert from 'node:assert/strict'
import { test } from 'node:test'
import { campaign } from '../../crash/campaign.ts'
import { fromSources } from '../support/process.ts'

test('kill -9 of database and of both, and cut connections, under load: nothing acknowledged is lost, nothing is there twice', {
  timeout: 240_000
}, async () => {
  const rounds = await campaign({
    rounds: ['database', 'both', 'database cut'],
    program: fromSources,
    clients: { processes: 1, flows: 12 }
  })
  assert.equal(rounds.length, 3)
  for (const { fault, acknowledged, seconds, details, ...findings } of rounds) {
    assert.deepEqual(findings, { lost: 0, doubled: 0, wrongBalances: 0, sum: 0, sound: true }, details.join('\n'))
    assert.ok(acknowledged > 0, fault)
    assert.ok(seconds !== null, `no success within a minute after: ${fault}`)
  }
})
