import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { connect } from '../../src/db/client.ts'
import { startEmbedded } from '../../src/db/embedded.ts'
import { makeBank } from '../modules/moving-in/support.ts'
import { makeDatabase } from '../support/database.ts'
import { commonhours, type Ran } from './support.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-cli-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const data = path.join(folder, 'data')
const run = (...args: string[]): Promise<Ran> => commonhours({ COMMONHOURS_DATA: data }, ...args)

const file = (name: string, ...rows: string[]): string => {
  writeFileSync(path.join(folder, name), rows.join('\n'))
  return path.join(folder, name)
}
const head = 'N,Nombre,Correo,Teléfono,Teléfono alternativo,Creado,Fecha último login,Locale,Balance'
const sound = file('members.csv', head, '1,=1+1,,,,,,es,5400', '2,Pol,,,,,,es,-1800')
const faulty = file('faulty.csv', head, '1,=1+1,,,,,,es,5400', '3,Rosa,,,,,,es,much')

test('without a database every command says so, and makes none', async () => {
  const ran = await run('verify')
  assert.equal(ran.code, 1)
  assert.match(ran.err, /no database in .*COMMONHOURS_DATA/s)
  assert.equal(ran.out, '')
})

test('wrong usage ends with 2 and tells what is expected; help lists all commands', async () => {
  const [unknown, kind, option, zone, help] = await Promise.all([
    run('fly'),
    run('import', 'excel', sound),
    run('verify', '--loud'),
    run('import', 'spreadsheet', sound, '--time-zone', 'Atlantis'),
    run('--help')
  ])
  assert.deepEqual([unknown.code, kind.code, option.code, zone.code, help.code], [2, 2, 2, 2, 0])
  assert.match(kind.err, /timeoverflow-members/)
  for (const name of [
    'import',
    'verify',
    'trial-balance',
    'clearing',
    'timebanks',
    'migrate',
    'backup',
    'restore',
    'keys',
    'operator',
    'agencies'
  ])
    assert.match(help.out, new RegExp(`^  ${name} `, 'm'))
})

test('the bundled database is started, worked on and stopped, or that of a running service is used', async () => {
  assert.match((await run('migrate')).out, /Applied \d+ migrations/)

  // as the service would: it owns the folder, and the commands find its server
  const server = await startEmbedded({ dataDir: path.join(data, 'postgres'), durable: false })
  const other = await makeDatabase('commonhours restored')
  try {
    const database = connect({ url: server.url, max: 2 })
    await makeBank(database, 'rivertown')
    await database.pool.query(
      "INSERT INTO identity.persons (id, email, name, locale) VALUES (gen_random_uuid(), 'ada@example.org', 'Ada', 'en')"
    )
    await database.close()

    const [refused, tried, nobody, elsewhere, missing] = await Promise.all([
      run('import', 'timeoverflow-members', faulty),
      run('import', 'timeoverflow-members', sound, '--timebank', 'rivertown', '--dry-run'),
      run('operator', 'grant', 'nobody@example.org'),
      run('import', 'spreadsheet', sound, '--timebank', 'elsewhere'),
      run('import', 'spreadsheet', path.join(folder, 'missing.csv'))
    ])
    assert.deepEqual([refused.code, tried.code, nobody.code, elsewhere.code, missing.code], [1, 0, 1, 1, 1])
    assert.match(refused.out, /3 +Balance +.*Nothing was written/s)
    assert.match(tried.out, /Dry run/)
    for (const { err } of [nobody, elsewhere, missing]) {
      assert.match(err, /\S/)
      assert.doesNotMatch(err, /^\s+at /m)
    }
    assert.match((await run('trial-balance')).out, /all +2 +0 +0 +0/)

    const done = await run('import', 'timeoverflow-members', sound, '--json')
    assert.equal(done.code, 0, done.err)
    assert.equal(JSON.parse(done.out).done.members.added, 2)
    const backup = path.join(folder, 'all.backup')
    const [balance, verified, keys, operator, timebanks, saved] = await Promise.all([
      run('trial-balance', '--timebank', 'rivertown'),
      run('verify'),
      run('keys', 'rotate'),
      run('operator', 'grant', 'Ada@example.org'),
      run('timebanks'),
      run('backup', backup)
    ])
    assert.equal(balance.code, 0, balance.err)
    assert.match(balance.out, /member +2 +30 +90 +60\n/)
    assert.equal(verified.code, 0)
    assert.match(verified.out, /rivertown +4 +0 +0 +sound/)
    assert.match(keys.out, /The new key is/)
    assert.match(operator.out, /operator now/)
    assert.match(timebanks.out, /rivertown/)
    assert.equal(saved.code, 0, saved.err)

    const [again, restored] = await Promise.all([
      run('restore', backup),
      commonhours({ DATABASE_URL: other.url }, 'restore', backup)
    ])
    assert.equal(again.code, 1)
    assert.match(again.err, /empty database only/)
    assert.equal(restored.code, 0, restored.err)
    assert.match(restored.out, /rivertown +4 +0 +0 +sound/)
  } finally {
    await server.stop()
    await other.drop()
  }
  assert.match((await run('verify', '--timebank', 'rivertown')).out, /sound/)
})
