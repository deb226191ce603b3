import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { reportText } from '../../../src/modules/moving-in/index.ts'
import { makePool } from '../../support/database.ts'
import { type Bank, fixture, makeBank } from './support.ts'

const database = await makePool('moving-in history')
after(() => database.close())

const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
console.log(`property tests use FC_SEED=${seed}`)

type ExchangeRow = {
  provider: number | null
  receiver: number | null
  organisation: string | null
  minutes: number
  performedOn: string
  description: string
}

const historyOf = (bank: Bank): Promise<ExchangeRow[]> =>
  bank.rows(
    `SELECT p.number AS provider, r.number AS receiver, o.name AS organisation, x.service_minutes AS minutes,
            x.performed_on AS "performedOn", x.description
       FROM exchanges.exchanges x
       LEFT JOIN members.memberships p ON p.timebank_id = x.timebank_id AND p.id = x.provider_id
       LEFT JOIN members.memberships r ON r.timebank_id = x.timebank_id AND r.id = x.receiver_id
       LEFT JOIN members.organisations o ON o.timebank_id = x.timebank_id
        AND o.id = coalesce(x.provider_organisation_id, x.receiver_organisation_id)
      WHERE x.timebank_id = $1 AND x.status = 'settled' AND x.record_only AND x.transfer_id IS NULL
      ORDER BY x.id`,
    [bank.id]
  )

const members = (...numbers: number[]): string =>
  [
    'N,Nom,Correu,Telèfon,Telèfon alternatiu,Creat,Data darrera connexió,Locale,Balanç',
    ...numbers.map((n) => `${n},Member ${n},,,,,,ca,0`)
  ].join('\n')

const transfers = (...rows: string[]): string => ['Fecha,Origen,Destino,Anuncio,Cantidad', ...rows].join('\n')

test('who paid was helped, who was paid gave; both are found by number, and the date is that of the time zone', async () => {
  const bank = await makeBank(database, 'sides')
  await bank.run('timeoverflow-members', members(3, 4))
  const file = transfers('2022-06-30 23:30:00 UTC,Luc (3),Ana (4),=1+1,1:30')
  const report = await bank.run('timeoverflow-transfers', file)
  assert.equal(report.outcome, 'imported')
  assert.deepEqual(await historyOf(bank), [
    { provider: 4, receiver: 3, organisation: null, minutes: 90, performedOn: '2022-07-01', description: '=1+1' }
  ])
  assert.deepEqual(await bank.books(), { problems: 0, sum: 0, members: 0, opening: 0 })
  assert.deepEqual(report.done?.balanceCheck.different, [
    { line: null, number: 3, inFile: -90, here: 0 },
    { line: null, number: 4, inFile: 90, here: 0 }
  ])
})

test('every sound row of a file in another language is kept, anonymous parties are listed, and a repeat adds none', async () => {
  const bank = await makeBank(database, 'french')
  await bank.run('timeoverflow-members', members(3, 4))
  const file = fixture('timeoverflow-transfers.fr.csv')
  const report = await bank.run('timeoverflow-transfers', file, { skipFaulty: true })
  assert.equal(report.rows.read, report.rows.history + report.rows.skipped + report.rows.refused)
  assert.equal((await historyOf(bank)).length, report.rows.history)
  assert.deepEqual(report.done?.history?.organisationsAdded, ['Les heures du quartier'])
  assert.deepEqual(
    report.done?.history?.anonymousSides.map(({ line, side, why }) => [line, side, why]),
    [
      [5, 'receiver', 'unnamed'],
      [5, 'provider', 'unnamed'],
      [6, 'provider', 'unnamed']
    ]
  )
  // a label may be somebody's name
  assert.doesNotMatch(JSON.stringify(report) + reportText(report), /Quelqu/)
  const before = await bank.counts()
  const again = await bank.run('timeoverflow-transfers', file, { skipFaulty: true })
  assert.equal(again.done?.history?.added, 0)
  assert.deepEqual(await bank.counts(), before)
})

test('transfers without their members are kept anonymous and listed; after the members a repeat names them, once', async () => {
  const bank = await makeBank(database, 'too-early')
  const file = transfers(
    '2022-03-01 08:00:00 UTC,Luc (3),Ana (4),Jardin,1:30',
    '2022-03-02 08:00:00 UTC,Ana (4),Banc del Temps 9,,0:45'
  )
  const early = await bank.run('timeoverflow-transfers', file)
  assert.equal(early.outcome, 'imported')
  assert.deepEqual(early.done?.history?.anonymousSides, [
    { line: 2, side: 'receiver', why: 'unknown', ref: '3' },
    { line: 2, side: 'provider', why: 'unknown', ref: '4' },
    { line: 3, side: 'receiver', why: 'unknown', ref: '4' }
  ])
  assert.match(reportText(early), /4 is not a member here \(2\): line 2-3/)
  assert.doesNotMatch(reportText(early), /Luc|Ana/)
  await bank.run('timeoverflow-members', members(3, 4))
  const late = await bank.run('timeoverflow-transfers', file)
  assert.deepEqual([late.done?.history?.added, late.done?.history?.completed], [0, 2])
  assert.deepEqual(
    (await historyOf(bank)).map(({ provider, receiver, organisation }) => [provider, receiver, organisation]),
    [
      [4, 3, null],
      [null, 4, 'Banc del Temps 9']
    ]
  )
  const before = await bank.counts()
  assert.equal((await bank.run('timeoverflow-transfers', file)).done?.history?.completed, 0)
  assert.deepEqual(await bank.counts(), before)
})

const gone = 'El usuario ya no existe'
const at = '2022-03-01 08:00:00 UTC'

test('rows whose people were deleted there since are known again, as often as they are there, and names stay', async () => {
  const bank = await makeBank(database, 'deleted')
  await bank.run('timeoverflow-members', members(42, 43))
  const named = transfers(
    `${at},Ana (42),Berta (43),Jardín,1:00`,
    `${at},Ana (42),Berta (43),Otra vez,1:00`,
    `${at},Ana (42),Carla (50),,1:00`,
    `${at},Dora (51),Banc del Temps 9,,1:00`
  )
  assert.equal((await bank.run('timeoverflow-transfers', named)).done?.history?.added, 4)
  const before = await historyOf(bank)
  const later = [
    `${at},${gone},Berta (43),Jardín,1:00`,
    `${at},${gone},Berta (43),Otra vez,1:00`,
    `${at},${gone},${gone},,1:00`,
    `${at},${gone},Banc del Temps 9,,1:00`
  ]
  const report = await bank.run('timeoverflow-transfers', transfers(...later))
  assert.deepEqual([report.done?.history?.added, report.done?.history?.alreadyHere], [0, 4])
  assert.deepEqual(await historyOf(bank), before)
  // what is recorded has the names of lines 2 to 4, but nobody knows who Dora and Carla were
  assert.deepEqual(
    report.done?.history?.anonymousSides.map(({ line, side }) => [line, side]),
    [
      [4, 'provider'],
      [5, 'receiver']
    ]
  )
  const more = [
    ...later,
    `${at},${gone},Berta (43),Una más,1:00`,
    `${at},${gone},Berta (43),Más larga,1:15`,
    `2022-03-01 08:00:01 UTC,${gone},Berta (43),Más tarde,1:00`
  ]
  assert.equal((await bank.run('timeoverflow-transfers', transfers(...more))).done?.history?.added, 3)
  assert.equal((await bank.run('timeoverflow-transfers', transfers(...more))).done?.history?.added, 0)
  assert.equal((await historyOf(bank)).length, 7)
})

test('an older export, with names that the newer one had lost, completes what is here', async () => {
  const bank = await makeBank(database, 'older-later')
  await bank.run('timeoverflow-members', members(42, 43, 44))
  const newer = transfers(`${at},${gone},Berta (43),,1:00`, `${at},${gone},Berta (43),,1:00`)
  await bank.run('timeoverflow-transfers', newer)
  const older = transfers(`${at},Ana (42),Berta (43),,1:00`, `${at},Carla (44),Berta (43),,1:00`)
  const report = await bank.run('timeoverflow-transfers', older)
  assert.deepEqual([report.done?.history?.added, report.done?.history?.completed], [0, 2])
  const receivers = async () => (await historyOf(bank)).map(({ receiver }) => receiver).sort()
  assert.deepEqual(await receivers(), [42, 44])
  for (const file of [older, newer]) {
    const again = await bank.run('timeoverflow-transfers', file)
    assert.deepEqual([again.done?.history?.added, again.done?.history?.completed], [0, 0])
  }
  assert.deepEqual(await receivers(), [42, 44])
})

test('a row is not taken for one of somebody else', async () => {
  const bank = await makeBank(database, 'somebody-else')
  await bank.run('timeoverflow-members', members(42, 43, 44))
  await bank.run(
    'timeoverflow-transfers',
    transfers(`${at},Ana (42),Berta (43),,1:00`, `${at},Ana (42),Nova (60),,2:00`)
  )
  for (const row of [
    `${at},${gone},Carla (44),,1:00`,
    `${at},Carla (44),Berta (43),,1:00`,
    `${at},${gone},Nova (61),,1:00`,
    `${at},Ana (42),Nova (61),,2:00`
  ])
    assert.equal((await bank.run('timeoverflow-transfers', transfers(row))).done?.history?.added, 1, row)
})

test('whoever is deleted between two exports, in either order, each row is one exchange', async (t) => {
  const people = [1, 2, 3, 4]
  const party = fc.constantFrom<number | null>(...people, null)
  const row = fc
    .record({ second: fc.nat(1), from: party, to: party, minutes: fc.constantFrom('1:00', '1:15') })
    .filter(({ from, to }) => from !== to)
  const some = fc.subarray(people)
  let bankNumber = 0
  let exchanges = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 14 }),
      some,
      some,
      some,
      some,
      fc.boolean(),
      async (history, firstDeleted, secondDeleted, firstHere, secondHere, reversed) => {
        bankNumber += 1
        const bank = await makeBank(database, `any-${bankNumber}`)
        const label = (who: number | null, deleted: number[]) =>
          who === null ? 'Banc del Temps 9' : deleted.includes(who) ? gone : `Member ${who} (${who})`
        const exported = (deleted: number[], rows = history) =>
          transfers(
            ...rows.map(
              ({ second, from, to, minutes }) =>
                `2022-03-01 08:00:0${second} UTC,${label(from, deleted)},${label(to, deleted)},,${minutes}`
            )
          )
        if (firstHere.length > 0) await bank.run('timeoverflow-members', members(...firstHere))
        const first = exported(firstDeleted)
        const second = exported(secondDeleted, reversed ? [...history].reverse() : history)
        assert.equal((await bank.run('timeoverflow-transfers', first)).done?.history?.added, history.length)
        if (secondHere.length > 0) await bank.run('timeoverflow-members', members(...secondHere))
        for (const file of [second, first, second, exported(people)]) {
          const { done } = await bank.run('timeoverflow-transfers', file)
          assert.deepEqual([done?.history?.added, done?.history?.alreadyHere], [0, history.length])
        }
        assert.equal((await bank.counts())['exchanges.exchanges'], history.length)
        exchanges += history.length
      }
    ),
    { numRuns: 60, seed }
  )
  t.diagnostic(`${bankNumber} histories, ${exchanges} rows`)
})

test('rows that an organisation paid for nothing that is named are listed, since they may be grants', async () => {
  const bank = await makeBank(database, 'grants')
  await bank.run('timeoverflow-members', members(3))
  const file = transfers(
    `${at},Banc del Temps 11,Ana (3),,5:00`,
    `${at},Banc del Temps 11,Ana (3),Limpieza,2:00`,
    `${at},Ana (3),Banc del Temps 11,,1:00`
  )
  const report = await bank.run('timeoverflow-transfers', file)
  assert.deepEqual(report.done?.history?.perhapsGrants, [2])
  assert.match(reportText(report), /without a title: may be grants, not help \(1\): line 2/)
  assert.equal((await historyOf(bank))[0]?.organisation, 'Banc del Temps 11')
})

test('only committed transfers are history, and members are found by code in any case', async () => {
  const bank = await makeBank(database, 'komunitin')
  await bank.run('komunitin-accounts', 'code,balance\nquin0001,0\nQUIN0002,0\n')
  const report = await bank.run('komunitin-transfers', fixture('komunitin-transfers.csv'), { skipFaulty: true })
  assert.equal(report.outcome, 'imported')
  assert.deepEqual(
    (await historyOf(bank)).map(({ provider, receiver, minutes }) => [provider, receiver, minutes]),
    [
      [2, 1, 90],
      [null, 1, 20]
    ]
  )
  assert.ok(report.skipped.length > 0)
})

test("a transfer without a member's code finds them by the account's id", async () => {
  const bank = await makeBank(database, 'by-id')
  const id = '6b1d7815-93d0-4f13-b82d-466a1cc31e62'
  await bank.run('komunitin-accounts', `id,code,balance\n${id},A1,-1\n85732b39-30e8-44d3-bedf-942c01d2e6c3,A2,1\n`)
  const rows = [
    `x1,2024-02-01T10:00:00Z,committed,0.50,${id},,,A2`,
    `x2,2024-02-01T10:00:00Z,committed,0.50,${id},A1,,A2`
  ]
  const head = 'id,created,state,amount,payer.id,payer.code,payee.id,payee.code'
  const report = await bank.run('komunitin-transfers', [head, ...rows].join('\n'))
  assert.deepEqual(report.done?.history?.anonymousSides, [])
  assert.deepEqual(
    (await historyOf(bank)).map(({ provider, receiver }) => [provider, receiver]),
    [
      [2, 1],
      [2, 1]
    ]
  )
  assert.deepEqual([report.done?.balanceCheck.equal, report.done?.balanceCheck.different], [2, []])
})

test('a transfer that is recorded with other minutes is told and not changed', async () => {
  const bank = await makeBank(database, 'edited')
  const head = 'id,created,state,amount,payer.code,payee.code'
  const row = (amount: string) => `${head}\nx1,2024-02-01T10:00:00Z,committed,${amount},A1,A2\n`
  await bank.run('komunitin-transfers', row('1.50'))
  const report = await bank.run('komunitin-transfers', row('2.00'))
  assert.deepEqual(report.done?.history?.differing, [{ line: 2, fileMinutes: 120, recordedMinutes: 90 }])
  assert.deepEqual(
    (await historyOf(bank)).map(({ minutes }) => minutes),
    [90]
  )
})

test('a row whose two sides turn out to be one member is kept with anonymous parties', async () => {
  const bank = await makeBank(database, 'one-party')
  await bank.run('komunitin-accounts', 'code,balance\nA1,0\n')
  const file = 'id,created,state,amount,payer.code,payee.code\nx1,2024-02-01T10:00:00Z,committed,1.00,A1,a1\n'
  const report = await bank.run('komunitin-transfers', file)
  assert.deepEqual(
    report.done?.history?.anonymousSides.map(({ why }) => why),
    ['same', 'same']
  )
  assert.deepEqual(
    (await historyOf(bank)).map(({ provider, receiver, minutes }) => [provider, receiver, minutes]),
    [[null, null, 60]]
  )
})

test('a dry run and a faulty file leave no history', async () => {
  const bank = await makeBank(database, 'none')
  const before = await bank.counts()
  assert.equal(
    (await bank.run('timeoverflow-transfers', transfers('2022-03-01,Luc (3),Ana (4),,1:00'), { dryRun: true })).outcome,
    'tried'
  )
  const faulty = transfers('2022-03-01,Luc (3),Ana (4),,1:00', 'soon,Luc (3),Ana (4),,1:00')
  assert.equal((await bank.run('timeoverflow-transfers', faulty)).outcome, 'refused')
  assert.deepEqual(await bank.counts(), before)
})

test('20,000 transfers come in, none lost and none doubled', async (t) => {
  const bank = await makeBank(database, 'many')
  const people = 400
  await bank.run('timeoverflow-members', members(...Array.from({ length: people }, (_, i) => i + 1)))
  const rows = Array.from({ length: 20_000 }, (_, i) => {
    const from = (i % people) + 1
    const to = ((i * 7 + 3) % people) + 1
    const receiver = i % 50 === 0 ? 'Cuenta eliminada' : `Member ${from} (${from})`
    const provider = i % 70 === 0 ? 'Banc del Temps 1' : `Member ${to} (${to === from ? (to % people) + 1 : to})`
    return `${new Date(Date.UTC(2015, 0, 1) + i * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')} UTC,${receiver},${provider},"Help, number ${i}",${1 + (i % 3)}:15`
  })
  const file = transfers(...rows)
  const began = performance.now()
  const report = await bank.run('timeoverflow-transfers', file)
  const took = performance.now() - began
  const again = performance.now()
  const repeat = await bank.run('timeoverflow-transfers', file)
  t.diagnostic(
    `20,000 transfers in ${(took / 1000).toFixed(1)} s, once more in ${((performance.now() - again) / 1000).toFixed(1)} s`
  )
  assert.equal(report.done?.history?.added, 20_000)
  assert.equal(repeat.done?.history?.alreadyHere, 20_000)
  const [sum] = await bank.rows<{ n: number; minutes: number }>(
    'SELECT count(*)::integer AS n, sum(service_minutes)::integer AS minutes FROM exchanges.exchanges WHERE timebank_id = $1',
    [bank.id]
  )
  assert.deepEqual(sum, { n: 20_000, minutes: report.totals.historyMinutes })
})
