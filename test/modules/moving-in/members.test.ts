import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { createPerson } from '../../../src/modules/identity/index.ts'
import { addFounder, erase, leave, membersByNumber } from '../../../src/modules/members/index.ts'
import { applyImport, planImport, reportText } from '../../../src/modules/moving-in/index.ts'
import { parseImport } from '../../../src/modules/moving-in/parse/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { makePool } from '../../support/database.ts'
import { type Bank, fixture, makeBank } from './support.ts'

const database = await makePool('moving-in members')
after(() => database.close())

type MemberRow = {
  number: number
  name: string
  email: string | null
  login: string | null
  status: string
  balance: number
  account: string
  floors: string
  external: string
  skills: string[]
}

const membersOf = (bank: Bank): Promise<MemberRow[]> =>
  bank.rows(
    `SELECT m.number, m.display_name AS name, m.email, p.email AS login, m.status, (a.credits - a.debits)::integer AS balance,
            a.status AS account, concat_ws('/', a.floor_soft, a.floor_hard) AS floors, m.external_id AS external, m.skills
       FROM members.memberships m
       JOIN identity.persons p ON p.id = m.person_id
       JOIN ledger.accounts a ON a.timebank_id = m.timebank_id AND a.id = m.account_id
      WHERE m.timebank_id = $1 ORDER BY m.number`,
    [bank.id]
  )

const timeoverflow = (...rows: string[]): string =>
  ['N,Nombre,Correo,Teléfono,Teléfono alternativo,Creado,Fecha último login,Locale,Balance', ...rows].join('\n')

test('a file with a faulty row is refused as a whole, with every fault told and nothing written', async () => {
  const bank = await makeBank(database, 'faulty')
  const before = await bank.counts()
  const report = await bank.run('timeoverflow-members', fixture('timeoverflow-members.ca.csv'))
  assert.equal(report.outcome, 'refused')
  assert.equal(report.done, null)
  assert.ok(report.errors.length > 0)
  const text = reportText(report)
  for (const { line, reason } of report.errors) assert.match(text, new RegExp(`${line} .*${reason.slice(0, 12)}`))
  assert.deepEqual(await bank.counts(), before)
})

test('with skipFaulty the sound rows come in, and the books are equal to them', async () => {
  const bank = await makeBank(database, 'skipping')
  const report = await bank.run('timeoverflow-members', fixture('timeoverflow-members.ca.csv'), { skipFaulty: true })
  assert.equal(report.outcome, 'imported')
  assert.equal(report.rows.read, report.rows.members + report.rows.skipped + report.rows.refused)
  const members = await membersOf(bank)
  assert.equal(members.length, report.rows.members)
  assert.equal(
    members.reduce((sum, member) => sum + member.balance, 0),
    report.totals.balanceMinutes
  )
  assert.match(reportText(report), /faulty rows were left out/)
  assert.ok(report.rounded.length > 0)
})

test('a dry run shows what would happen and writes nothing', async () => {
  const bank = await makeBank(database, 'dry')
  const before = await bank.counts()
  const file = timeoverflow(
    '1,Ana Roca,ana@dry.example.org,,,2021-02-01 22:30:00 UTC,,es,5400',
    '2,Pol Sala,,,,,,es,-1830'
  )
  const report = await bank.run('timeoverflow-members', file, { dryRun: true })
  assert.equal(report.outcome, 'tried')
  assert.equal(report.done?.members?.added, 2)
  assert.deepEqual(report.done?.members?.openings, { credited: 1, creditedMinutes: 90, debited: 1, debitedMinutes: 31 })
  assert.equal(report.done?.trialBalance.sum.balance, 0)
  assert.deepEqual(await bank.counts(), before)
  assert.match(reportText(report), /nothing was written/)
})

test('a dry run of a faulty file shows what would become of the sound rows, and is refused', async () => {
  const bank = await makeBank(database, 'dry-faulty')
  const before = await bank.counts()
  const report = await bank.run('timeoverflow-members', timeoverflow('1,Ana,,,,,,es,60', '2,Pol,,,,,,es,much'), {
    dryRun: true
  })
  assert.equal(report.outcome, 'refused')
  assert.equal(report.done?.members?.added, 1)
  assert.deepEqual(await bank.counts(), before)
})

test('numbers, balances, limits and states are those of the older system, and a repeat changes nothing', async () => {
  const bank = await makeBank(database, 'komunitin')
  const file = fixture('komunitin-accounts.csv')
  const report = await bank.run('komunitin-accounts', file, { skipFaulty: true })
  assert.deepEqual(
    (await membersOf(bank)).map(({ number, status, balance, account, floors }) => [
      number,
      status,
      balance,
      account,
      floors
    ]),
    [
      [1, 'active', 165, 'open', '-600/-600'],
      [2, 'suspended', -20, 'frozen', '0/0'],
      [3, 'left', 68, 'frozen', '-600/-1200'],
      [4, 'paused', 0, 'open', '-600/-600']
    ]
  )
  assert.equal(report.done?.balanceCheck.equal, 4)
  const before = await bank.counts()
  const again = await bank.run('komunitin-accounts', file, { skipFaulty: true })
  assert.equal(again.done?.members?.alreadyHere, 4)
  assert.deepEqual(await bank.counts(), before)
})

test('a changed balance in a second file is told as a difference and not posted; new members still come in', async () => {
  const bank = await makeBank(database, 'second')
  await bank.run('timeoverflow-members', timeoverflow('1,Ana,,,,,,es,5400'))
  const report = await bank.run('timeoverflow-members', timeoverflow('1,Anna,,,,,,es,7200', '2,Pol,,,,,,es,-60'))
  assert.equal(report.outcome, 'imported')
  assert.deepEqual(report.done?.balanceCheck.different, [{ line: 2, number: 1, inFile: 120, here: 90 }])
  assert.match(report.done?.members?.remarks[0]?.reason ?? '', /differs from that of member 1/)
  assert.deepEqual(
    (await membersOf(bank)).map((member) => [member.name, member.balance]),
    [
      ['Ana', 90],
      ['Pol', -1]
    ]
  )
  assert.deepEqual(await bank.books(), { problems: 0, sum: 0, members: 89, opening: -89 })
})

test('names like formulas stay as they are; invented and missing addresses become members without e-mail', async () => {
  const bank = await makeBank(database, 'formulas')
  const names = ['=1+1', '@SUM(1+1)', '+44 people', '-2']
  const rows = names.map((name, i) => `${i + 1},"${name}",user${i + 1}@example.com,,,,,es,0`)
  const report = await bank.run('timeoverflow-members', timeoverflow(...rows, '5,Ana,,,,,,es,0'))
  assert.equal(report.done?.members?.withoutEmail, 5)
  const members = await membersOf(bank)
  assert.deepEqual(
    members.map((member) => member.name),
    [...names, 'Ana']
  )
  assert.ok(members.every((member) => member.email === null && member.login === null))
})

test('a number that somebody has is not taken from them, and an address that a member signs in with stays theirs', async () => {
  const bank = await makeBank(database, 'founded')
  const email = 'ada@founded.example.org'
  await inTimebank(database, bank.id, systemActor, async (tx) => {
    const personId = await createPerson(tx.db, { name: 'Ada', email, locale: 'en' })
    await addFounder(tx, personId, { displayName: 'Ada', email })
  })
  const report = await bank.run('timeoverflow-members', timeoverflow(`1,Ada,${email},,,,,es,600`, '7,Pol,,,,,,es,60'))
  assert.deepEqual(report.done?.members?.renumbered, [{ line: 2, wanted: 1, given: 8 }])
  assert.match(report.done?.members?.remarks[0]?.reason ?? '', /member 1 here signs in/)
  assert.deepEqual(
    (await membersOf(bank)).map(({ number, email, login }) => [number, email, login]),
    [
      [1, email, email],
      [7, null, null],
      [8, email, null]
    ]
  )
})

test('skills become skills, wishes become draft requests once, and those of members who are not active are listed', async () => {
  const bank = await makeBank(database, 'wishes')
  const file = [
    'Member No;First name;Surname;E-mail;Mobile;Postcode;Date of birth;Joined;Skills offered;Needs;Hours (balance);Status',
    'R1;Mei;Li;;;;;31/07/2020;Cooking, Sewing;Garden help, Reading together;2.75;active',
    'R2;Pol;Roca;;;;;31/07/2020;;Painting;0;left'
  ].join('\n')
  const report = await bank.run('spreadsheet', file)
  assert.equal(report.outcome, 'imported')
  assert.equal(report.done?.members?.draftRequests, 2)
  assert.deepEqual(report.done?.members?.wishesLeftOut, [3])
  assert.deepEqual(
    (await membersOf(bank)).map((member) => [member.skills, member.account]),
    [
      [['Cooking', 'Sewing'], 'open'],
      [[], 'closed']
    ]
  )
  const requests = await bank.rows<{ title: string; status: string }>(
    'SELECT title, status FROM listings.requests WHERE timebank_id = $1 ORDER BY title',
    [bank.id]
  )
  assert.deepEqual(requests, [
    { title: 'Garden help', status: 'draft' },
    { title: 'Reading together', status: 'draft' }
  ])
  const before = await bank.counts()
  await bank.run('spreadsheet', file)
  assert.deepEqual(await bank.counts(), before)
})

test('a member who has been erased is not brought back by a repeat', async () => {
  const bank = await makeBank(database, 'erased')
  const file = timeoverflow('1,Ana,,,,,,es,5400', '2,Pol,,,,,,es,60', '3,Eva,,,,,,es,0')
  await bank.run('timeoverflow-members', file)
  await inTimebank(database, bank.id, systemActor, async (tx) => {
    for (const { id } of (await membersByNumber(tx, [1, 3])).values()) {
      await leave(tx, id)
      await erase(tx, id)
    }
  })
  const report = await bank.run('timeoverflow-members', file)
  assert.equal(report.outcome, 'imported')
  assert.deepEqual(report.done?.members?.erased, [2, 4])
  assert.equal((await membersOf(bank)).length, 3)
})

test('a date of birth that cannot be is left out and told, and refuses nobody', async () => {
  const bank = await makeBank(database, 'births')
  const file = [
    'Member No;First name;Surname;Date of birth;Hours (balance)',
    'R1;Mei;Li;01/01/1850;1',
    'R2;Pol;Roca;01/02/1980;1'
  ].join('\n')
  const report = await bank.run('spreadsheet', file)
  assert.equal(report.outcome, 'imported')
  assert.equal((await membersOf(bank)).length, 2)
})

test('two imports of one file at once bring its members in once', async () => {
  const bank = await makeBank(database, 'at-once')
  const file = timeoverflow(
    ...Array.from({ length: 50 }, (_, i) => `${i + 1},Member ${i + 1},,,,,,es,${(i - 20) * 60}`)
  )
  const reports = await Promise.all([1, 2, 3].map(() => bank.run('timeoverflow-members', file)))
  assert.deepEqual(reports.map((report) => report.done?.members?.added).sort(), [0, 0, 50])
  assert.equal((await membersOf(bank)).length, 50)
})

test('a plan only reads; carried out, it does what it says', async () => {
  const bank = await makeBank(database, 'planned')
  const parsed = parseImport(
    'timeoverflow-members',
    Buffer.from(timeoverflow('1,Ana,,,,,,es,5400', '2,Pol,,,,,,es,-60'))
  )
  const plan = await inTimebank(database, bank.id, systemActor, (tx) => planImport(tx, parsed), { readOnly: true })
  assert.deepEqual(
    plan.newMembers.map(({ number, record }) => [number, record.balanceMinutes]),
    [
      [1, 90],
      [2, -1]
    ]
  )
  const applied = await inTimebank(database, bank.id, systemActor, (tx) => applyImport(tx, plan))
  assert.deepEqual([...applied.members.keys()], [2, 3])
  assert.deepEqual(await bank.books(), { problems: 0, sum: 0, members: 89, opening: -89 })
  // the ids of openings are the members' own: the same plan once more doubles nothing
  await assert.rejects(inTimebank(database, bank.id, systemActor, (tx) => applyImport(tx, plan)))
  assert.deepEqual(await bank.books(), { problems: 0, sum: 0, members: 89, opening: -89 })
})

test('2,000 members with balances come in within seconds', async (t) => {
  const bank = await makeBank(database, 'many')
  const rows = Array.from(
    { length: 2000 },
    (_, i) => `${i + 1},Member ${i + 1},m${i + 1}@many.example.net,,,,,es,${(i - 900) * 60}`
  )
  const began = performance.now()
  const report = await bank.run('timeoverflow-members', timeoverflow(...rows))
  t.diagnostic(`2,000 members in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  assert.equal(report.done?.balanceCheck.equal, 2000)
})

test('a file of another kind is refused as such, also with skipFaulty', async () => {
  const bank = await makeBank(database, 'other-kind')
  const before = await bank.counts()
  const report = await bank.run('komunitin-accounts', timeoverflow('1,Ana,,,,,,es,5400'), { skipFaulty: true })
  assert.equal(report.outcome, 'refused')
  assert.ok((await bank.run('komunitin-accounts', '', { skipFaulty: true })).refusedBecause)
  assert.deepEqual(await bank.counts(), before)
})
