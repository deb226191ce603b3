import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type ImportKind, reportText } from '../../../src/modules/moving-in/index.ts'
import { makePool } from '../../support/database.ts'
import { makeBank, sample } from './support.ts'

const database = await makePool('moving-in samples')
after(() => database.close())

const skip = sample('broker-spreadsheet.csv') ? false : 'the samples are not beside this checkout'

const files: [kind: ImportKind, file: string, transfers: ImportKind | null, transfersFile: string][] = [
  ['timeoverflow-members', 'timeoverflow-members.es.csv', 'timeoverflow-transfers', 'timeoverflow-transfers.es.csv'],
  ['komunitin-accounts', 'komunitin-accounts.csv', 'komunitin-transfers', 'komunitin-transfers.csv'],
  ['spreadsheet', 'broker-spreadsheet.csv', null, '']
]

for (const [kind, file, transfersKind, transfersFile] of files) {
  test(`${kind}: the sample comes in whole, its balances are the ledger's, and a repeat changes nothing`, {
    skip
  }, async () => {
    const bank = await makeBank(database, kind)
    const bytes = sample(file)!
    const report = await bank.run(kind, bytes, { skipFaulty: true })
    if (process.env['SHOW']) console.log(reportText(report))
    assert.equal(report.outcome, 'imported')
    assert.equal(report.done?.members?.added, report.rows.members)
    assert.equal(report.rows.read, report.rows.members + report.rows.skipped + report.rows.refused)
    assert.deepEqual(report.done?.balanceCheck.different, [])
    const sum = report.totals.balanceMinutes
    assert.deepEqual(await bank.books(), { problems: 0, sum: 0, members: sum, opening: -sum })
    const before = await bank.counts()
    const again = await bank.run(kind, bytes, { skipFaulty: true })
    assert.equal(again.done?.members?.alreadyHere, report.rows.members)
    assert.deepEqual(await bank.counts(), before)

    if (transfersKind === null) return
    const transfers = sample(transfersFile)!
    const history = await bank.run(transfersKind, transfers)
    if (process.env['SHOW']) console.log(reportText(history))
    assert.equal(history.outcome, 'imported')
    assert.equal(history.done?.history?.added, history.rows.history)
    assert.equal(history.rows.read, history.rows.history + history.rows.skipped)
    const [recorded] = await bank.rows<{ minutes: number }>(
      `SELECT sum(service_minutes)::integer AS minutes FROM exchanges.exchanges WHERE record_only AND credit_minutes = 0`
    )
    assert.equal(recorded?.minutes, history.totals.historyMinutes)
    assert.deepEqual(await bank.books(), { problems: 0, sum: 0, members: sum, opening: -sum })
    const after = await bank.counts()
    const repeated = await bank.run(transfersKind, transfers)
    assert.equal(repeated.done?.history?.alreadyHere, history.rows.history)
    assert.deepEqual(await bank.counts(), after)
  })
}
