import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { dateOrder, datesIn, parseMoment } from '../../../src/modules/moving-in/parse/dates.ts'
import { minutesFromSeconds, parseHours, parseSeconds } from '../../../src/modules/moving-in/parse/hours.ts'
import { type ImportKind, importKinds, type Parsed, parseImport } from '../../../src/modules/moving-in/parse/index.ts'
import { readEmail } from '../../../src/modules/moving-in/parse/text.ts'
import { hoursText } from '../../../src/shared/minutes.ts'

const fixtures = join(import.meta.dirname, 'fixtures')
const samples = join(import.meta.dirname, '../../../../shared/samples')
const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
console.log(`property tests use FC_SEED=${seed}`)

const fixture = (kind: ImportKind, file: string, timeZone = 'UTC'): Parsed =>
  checked(parseImport(kind, readFileSync(join(fixtures, file)), { timeZone }))

const parseText = (kind: ImportKind, text: string): Parsed => checked(parseImport(kind, new TextEncoder().encode(text)))

/** Asserts what holds for every file. */
function checked(parsed: Parsed): Parsed {
  const { members, history, skipped, refused, faults } = parsed
  assert.equal(parsed.rowsRead, members.length + history.length + skipped.length + refused.length)
  const lines = [...members, ...history, ...skipped].map((row) => row.line).concat(refused)
  assert.equal(new Set(lines).size, lines.length, 'a row is in one place only')
  const kept = new Set([...members, ...history, ...skipped].map((row) => row.line))
  const errors = faults.filter((fault) => fault.severity === 'error')
  assert.ok(
    errors.every((fault) => !kept.has(fault.line)),
    'a row with an error is not kept'
  )
  for (const line of refused)
    assert.ok(
      errors.some((fault) => fault.line === line),
      `line ${line} says why`
    )
  assert.equal(new Set(members.map((member) => member.externalId.toUpperCase())).size, members.length)
  assert.equal(new Set(history.map((row) => row.externalId)).size, history.length)
  assert.ok(history.every((row) => Number.isSafeInteger(row.minutes) && row.minutes > 0))
  assert.ok(members.every((member) => Number.isSafeInteger(member.balanceMinutes)))
  return parsed
}

const errorsOf = (parsed: Parsed): [number, string][] =>
  parsed.faults.filter((fault) => fault.severity === 'error').map((fault) => [fault.line, fault.column])
const warningsOf = (parsed: Parsed): [number, string][] =>
  parsed.faults.filter((fault) => fault.severity === 'warning').map((fault) => [fault.line, fault.column])

describe('hours', () => {
  const minutesOf: [string, number | null][] = [
    ['1:30', 90],
    ['-0:45', -45],
    ['01:00:00', 60],
    ['100:05', 6005],
    ['1h30', 90],
    ['1 h 30 min', 90],
    ['3 h', 180],
    ['2,5 h', 150],
    ['3 horas', 180],
    ['90 min', 90],
    ['2,75', 165],
    ['2.75', 165],
    ['.5', 30],
    ['+1', 60],
    ['1.234,50', 74_070],
    ['1,234.50', 74_070],
    ['1\u00a0234,5', 74_070],
    ["1'234.5", 74_070],
    ['−1,5', -90],
    ['–1,5', -90],
    ['(2.50)', -150],
    ['2.5-', -150],
    ['-0', 0],
    ['1:60', null],
    ['1:5', null],
    ['two', null],
    ['', null],
    ['-', null],
    ['()', null],
    ['1.2.3', null],
    ['1,23E+05', null],
    ['--1', null],
    ['99999999', null],
    ['=1+1', null],
    ['NaN', null]
  ]
  for (const [text, minutes] of minutesOf) {
    it(`reads ${JSON.stringify(text)} as ${minutes} minutes`, () =>
      assert.equal(parseHours(text)?.minutes ?? null, minutes))
  }

  it('doubts a single separator before three figures', () => {
    assert.equal(parseHours('1.234')?.doubtful, true)
    assert.equal(parseHours('0.125')?.doubtful, false)
    assert.equal(parseHours('1.25')?.doubtful, false)
  })

  it('rounds seconds to the nearest minute, halves away from zero', () => {
    assert.deepEqual([29, 30, 89, 90, -29, -30, -90, -5430].map(minutesFromSeconds), [0, 1, 1, 2, 0, -1, -2, -91])
  })

  it('reads balances in seconds', () => {
    const read = ['9900', '-8100', '−900', '9.900', '9900,0', '1:30', '1e5', ''].map(
      (text) => parseSeconds(text)?.seconds
    )
    assert.deepEqual(read, [9900, -8100, -900, 9900, 9900, undefined, undefined, undefined])
  })

  it('reads back every number of minutes as it is written', () => {
    const forms = (minutes: number): string[] => {
      const sign = minutes < 0 ? '-' : ''
      const absolute = Math.abs(minutes)
      const decimal = (absolute / 60).toFixed(4)
      return [hoursText(minutes), sign + decimal, sign + decimal.replace('.', ','), `${sign}${absolute} min`]
    }
    const minutes = fc.integer({ min: -6_000_000, max: 6_000_000 })
    fc.assert(
      fc.property(minutes, (n) => {
        for (const text of forms(n)) assert.equal(parseHours(text)?.minutes, n, text)
        assert.equal(parseSeconds(String(n * 60))?.minutes, n)
      }),
      { seed }
    )
  })
})

describe('dates', () => {
  const read = (text: string, order: 'dmy' | 'mdy' = 'dmy', timeZone = 'UTC') =>
    parseMoment(text, { order, dateOf: datesIn(timeZone), lastYearOf2000s: 69 })

  it('reads numeric, ISO, serial and named dates', () => {
    const texts = [
      '31/07/2020',
      '31.7.20',
      '2020-07-31',
      '44043',
      '31 July 2020',
      '31 Gorffennaf 2020',
      '31 de juliol de 2020'
    ]
    for (const text of texts) assert.equal(read(text)?.date, '2020-07-31', text)
    assert.equal(read('1 März 2020')?.date, '2020-03-01')
    assert.equal(read('1 août 2020')?.date, '2020-08-01')
  })

  it('refuses what is no date', () => {
    for (const text of ['', 'yesterday', '31/02/1980', '2020', '0', '29/02/2021', '1/1/1', '5', '2020-01-01 25:00']) {
      assert.equal(read(text), null, text)
    }
  })

  it('takes the date of an instant from the time zone', () => {
    assert.equal(read('2020-07-31 22:00:00 UTC')?.date, '2020-07-31')
    assert.equal(read('2020-07-31 22:00:00 UTC', 'dmy', 'Europe/Madrid')?.date, '2020-08-01')
    assert.equal(read('2020-07-31T22:00:00.000Z')?.instant, '2020-07-31T22:00:00.000Z')
    assert.equal(read('2020-08-01 00:00:00 +0200')?.instant, '2020-07-31T22:00:00.000Z')
  })

  it('decides between day first and month first from all rows', () => {
    assert.equal(dateOrder(['01/02/2020', '12/31/2020']), 'mdy')
    assert.equal(dateOrder(['01/02/2020', '31/12/2020']), 'dmy')
    assert.equal(dateOrder(['01/02/2020']), 'dmy')
    assert.equal(read('01/02/2020', 'mdy')?.date, '2020-01-02')
  })
})

describe('e-mail addresses', () => {
  it('takes addresses that systems make up for none', () => {
    const made = [
      'user12@example.com',
      'a@example.com',
      'user1700000000000@example.com',
      'x@y.invalid',
      'no-email@a.org'
    ]
    for (const text of [...made, 'not-an-email', 'a@b', 'a b@c.org@d']) assert.equal(readEmail(text).email, null, text)
  })

  it('keeps the rest in lower case', () => {
    assert.equal(readEmail('Ana.1@Example.org').email, 'ana.1@example.org')
    assert.equal(readEmail('mailto:a@b.org; c@d.org').email, 'a@b.org')
  })
})

describe('a member list of TimeOverflow', () => {
  const parsed = fixture('timeoverflow-members', 'timeoverflow-members.ca.csv', 'Europe/Madrid')

  it('is read by position, whatever the language of its header', () => {
    assert.equal(parsed.encoding, 'utf-8-bom')
    assert.deepEqual(
      parsed.members.map((member) => member.externalId),
      ['1', '2', '3', '4', '7']
    )
    assert.equal(parsed.blankRows, 1)
    const [laia, formula, pol, anna, nil] = parsed.members
    assert.equal(laia?.balanceMinutes, 90)
    assert.equal(laia?.email, 'laia@correu.example')
    assert.equal(laia?.joinedOn, '2021-02-01')
    assert.equal(formula?.name, '=1+1')
    assert.equal(formula?.email, null)
    assert.equal(pol?.email, null)
    assert.equal(pol?.joinedOn, null)
    assert.equal(anna?.name, 'Vila, "Tet" Anna')
    assert.equal(anna?.balanceMinutes, 0)
    assert.equal(nil?.name, 'Nil Font')
  })

  it('lists seconds that are no whole minute', () => {
    assert.deepEqual(parsed.rounded, [
      { line: 3, seconds: -5430, minutes: -91 },
      { line: 4, seconds: 29, minutes: 0 },
      { line: 11, seconds: 1, minutes: 0 }
    ])
    assert.deepEqual(parsed.totals, { balanceMinutes: -1, balanceSeconds: 0, historyMinutes: 0 })
  })

  it('names line and column of every fault', () => {
    assert.deepEqual(errorsOf(parsed), [
      [7, 'N'],
      [8, 'N'],
      [9, 'Balanç'],
      [12, 'Balanç']
    ])
    assert.deepEqual(parsed.skipped, [{ line: 10, reason: 'the same as line 2' }])
    assert.deepEqual(warningsOf(parsed), [
      [3, 'Correu'],
      [4, 'Telèfon'],
      [4, 'Creat'],
      [4, 'Correu'],
      [6, 'Balanç'],
      [11, '']
    ])
  })

  it('says no name, address or number of a telephone in a reason', () => {
    const reasons = parsed.faults.map((fault) => fault.reason).join('\n')
    assert.doesNotMatch(reasons, /@|Laia|Marc|Joan|600000001/)
  })
})

describe('a transfer list of TimeOverflow', () => {
  const parsed = fixture('timeoverflow-transfers', 'timeoverflow-transfers.fr.csv', 'Europe/Paris')

  it('takes the origin for the receiver of the help', () => {
    const [first, second, third] = parsed.history
    assert.deepEqual(first?.receiver, { kind: 'member', ref: '3', label: 'Luc Petit' })
    assert.deepEqual(first?.provider, { kind: 'member', ref: '4', label: "Ana D'Or" })
    assert.equal(first?.minutes, 90)
    assert.notEqual(first?.externalId, second?.externalId)
    assert.deepEqual(third?.receiver, {
      kind: 'organisation',
      ref: 'Les heures du quartier',
      label: 'Les heures du quartier'
    })
    assert.equal(third?.performedOn, '2022-03-03')
    assert.equal(third?.recordedAt, '2022-03-02T23:30:00.000Z')
    assert.equal(parsed.history.at(-1)?.minutes, 75)
  })

  it('keeps those who cannot be identified as anonymous parties and lists them', () => {
    assert.deepEqual(parsed.anonymous, [
      { line: 5, side: 'receiver' },
      { line: 5, side: 'provider' },
      { line: 6, side: 'provider' }
    ])
    assert.deepEqual(warningsOf(parsed), [[6, 'Vers']])
  })

  it('skips rows that move nothing and refuses rows that cannot be understood', () => {
    assert.deepEqual(
      parsed.skipped.map((row) => row.line),
      [7, 8]
    )
    assert.deepEqual(errorsOf(parsed), [
      [9, 'Date'],
      [10, 'Quantité']
    ])
  })

  it('knows its rows again in another language, with other titles and more rows', () => {
    const row = (from: string, title: string, day = 1) => `2022-03-0${day} 08:00:00 UTC,${from},Ana (4),${title},1:00\n`
    const french = `Date,Depuis,Vers,Annonce,Quantité\n${row("Cet·te utilisateur·rice n'existe plus", 'Pain')}${row('Luc (3)', 'Pain')}`
    const english = `Date,From,To,Post,Quantity\n${row('Luc Petit (3)', 'Bread', 2)}${row('Luc Petit (3)', '')}${row('The user no longer exists', '')}`
    const known = new Set(parseText('timeoverflow-transfers', french).history.map((record) => record.externalId))
    const again = parseText('timeoverflow-transfers', english).history
    assert.deepEqual(
      again.map((record) => known.has(record.externalId)),
      [false, true, true]
    )
  })

  it('takes translated words for a deleted or inactive member for anonymous', () => {
    const labels = [
      'Usuario eliminado',
      'Usuari eliminat',
      'El usuario ya no existe',
      "L'usuari ja no existeix",
      'Deleted user',
      "L'usuari no està actiu",
      'The user no longer exists',
      "The user isn't active",
      'El usuario no está activo',
      'Erabiltzaile hau jada ez dago.',
      'Erabiltzailea ez dago erabilgarri',
      "Cet·te utilisateur·rice n'existe plus",
      'L&#39;utilisateur·rice n&#39;est pas actif·ive',
      'A persoa usuaria xa non existe',
      'A persoa usuaria non está activa',
      'O usuário não existe mais',
      'O usuário não está ativo',
      'De gebruiker bestaat niet meer',
      'De gebruiker is niet actief',
      'ユーザーは存在しません',
      'ユーザーはアクティブではありません',
      '',
      '—'
    ]
    const text = labels.map((label) => `2022-03-01 08:00:00 UTC,"${label}",Banco do Tempo 3,,1:00`).join('\n')
    const { history, faults } = parseText('timeoverflow-transfers', `Data,De,Para,Publicar,Cantidade\n${text}\n`)
    assert.deepEqual(
      history.filter((row) => row.receiver.kind !== 'anonymous').map((row) => row.receiver.label),
      []
    )
    assert.ok(history.every((row) => row.provider.kind === 'organisation'))
    assert.deepEqual(faults, [])
  })
})

describe('the lists of Komunitin', () => {
  it('are read by header: accounts with limits and states', () => {
    const parsed = fixture('komunitin-accounts', 'komunitin-accounts.csv', 'Europe/Madrid')
    const rows = parsed.members.map((m) => [
      m.externalId,
      m.number,
      m.balanceMinutes,
      m.floorMinutes,
      m.ceilingMinutes,
      m.status
    ])
    assert.deepEqual(rows, [
      ['QUIN0001', 1, 165, -600, 3030, 'active'],
      ['QUIN0002', 2, -20, 0, null, 'suspended'],
      ['QUIN0003', 3, 68, null, null, 'left'],
      ['QUIN0004', 4, 0, -600, null, 'paused']
    ])
    assert.equal(parsed.members[0]?.joinedOn, '2024-02-01')
    assert.deepEqual(
      parsed.rounded.map((row) => [row.line, row.seconds]),
      [
        [3, -1188],
        [4, 4050]
      ]
    )
    assert.deepEqual(errorsOf(parsed), [[6, 'code']])
  })

  it('count committed transfers only, and list the others', () => {
    const parsed = fixture('komunitin-transfers', 'komunitin-transfers.csv')
    assert.deepEqual(
      parsed.history.map((row) => [row.line, row.minutes, row.description]),
      [
        [2, 90, '=A1 two lines'],
        [6, 20, '']
      ]
    )
    assert.deepEqual(parsed.history[0]?.receiver, { kind: 'member', ref: 'QUIN0001', label: 'QUIN0001' })
    assert.deepEqual(parsed.anonymous, [{ line: 6, side: 'provider' }])
    assert.deepEqual(parsed.skipped, [{ line: 4, reason: 'pending: no hours moved' }])
    assert.deepEqual(errorsOf(parsed), [
      [5, 'state'],
      [7, 'id'],
      [8, 'amount']
    ])
  })
})

describe("a broker's spreadsheet", () => {
  it('may have its columns in any order and language', () => {
    const parsed = fixture('spreadsheet', 'spreadsheet.cy.csv')
    assert.deepEqual([parsed.encoding, parsed.delimiter, parsed.blankRows], ['windows-1252', ';', 1])
    assert.deepEqual(
      parsed.members.map((member) => [member.externalId, member.name, member.balanceMinutes]),
      [
        ['AB01', 'Siân Rhys', 90],
        ['AB02', '=HYPERLINK("x")', -45],
        ['ab03', 'Twr Ll?yd', 165],
        ['AB04', 'Mair', -90],
        ['AB06', 'Nia', 0]
      ]
    )
    assert.deepEqual(parsed.members[0]?.skills, ['Garddio', 'Coginio'])
    assert.deepEqual(
      parsed.members.slice(0, 4).map((member) => member.joinedOn),
      Array(4).fill('2020-07-31')
    )
    assert.deepEqual(parsed.ignoredColumns, ['Lliw'])
    assert.deepEqual(errorsOf(parsed), [
      [7, 'Rhif aelod'],
      [8, 'Oriau']
    ])
    assert.deepEqual(parsed.skipped, [{ line: 11, reason: 'a line of totals' }])
  })

  it('may be UTF-16 with tabs and American dates', () => {
    const parsed = fixture('spreadsheet', 'spreadsheet.es.tsv')
    assert.deepEqual([parsed.encoding, parsed.delimiter], ['utf-16le', '\t'])
    assert.deepEqual(
      parsed.members.map((m) => [m.name, m.dateOfBirth, m.joinedOn, m.balanceMinutes]),
      [
        ['Ángel Vidal', '1980-12-31', '2020-01-02', 74_070],
        ['Mei Li', '1990-02-13', '2020-02-01', -150]
      ]
    )
    assert.deepEqual(parsed.members[0]?.skills, ['Coser', 'arreglos, pan'])
  })

  it('takes unknown headers by their place and says so', () => {
    const header = 'a,b,c,d,e,f,g,h,i,j,k'
    const parsed = parseText('spreadsheet', `${header}\nX1,Ana,Pi,,,,,,,,2\n`)
    assert.equal(parsed.members[0]?.balanceMinutes, 120)
    assert.equal(parsed.faults.length, 11)
  })

  it('keeps a row that adds up the list apart', () => {
    const parsed = parseText('spreadsheet', 'No,Name,Hours\n1,Ana,2\n2,Pau,-2\n,Total,0\n')
    assert.deepEqual(parsed.skipped, [{ line: 4, reason: 'a line of totals' }])
  })

  it('joins names that stand in two columns under "Nom"', () => {
    assert.equal(parseText('spreadsheet', 'N°;Nom;Prénom;Solde\n1;Petit;Luc;2\n').members[0]?.name, 'Luc Petit')
    assert.equal(parseText('spreadsheet', 'Núm;Nom;Cognoms;Saldo\n1;Laia;Roca;2\n').members[0]?.name, 'Laia Roca')
  })
})

describe('a damaged file', () => {
  const header = 'N,Nom,Correu,Telèfon,Telèfon alternatiu,Creat,Data,Locale,Balanç\n'
  const row = (n: number, name = `M${n}`) => `${n},${name},,,,,,ca,60\n`
  const read = (text: string) => parseText('timeoverflow-members', text)

  it('without content, or with a header only, says so', () => {
    assert.deepEqual(errorsOf(read('')), [[1, '']])
    assert.deepEqual(errorsOf(read('\n\n')), [[1, '']])
    assert.deepEqual(warningsOf(read(header)), [[1, '']])
  })

  it('of another kind is refused with all of its rows', () => {
    const parsed = read('Data,Origen,Destí,Anunci,Quantitat\n2022-03-01 08:00:00 UTC,A (1),B (2),,1:00\n')
    assert.deepEqual(parsed.refused, [2])
    assert.equal(errorsOf(parsed)[0]?.[0], 1)
  })

  it('without a header loses no row', () => {
    assert.deepEqual(
      read(row(1) + row(2)).members.map((member) => member.line),
      [1, 2]
    )
  })

  it('keeps lines right across quoted line breaks and with CR or CRLF', () => {
    const text = `${header}1,"A\nB",,,,,,ca,60\n${row(2)}x,C,,,,,,ca,60\n`
    for (const newline of ['\n', '\r\n', '\r']) {
      const parsed = read(text.replaceAll('\n', newline))
      assert.deepEqual(
        parsed.members.map((member) => [member.line, member.name]),
        [
          [2, 'A B'],
          [4, 'M2']
        ]
      )
      assert.deepEqual(errorsOf(parsed), [[5, 'N']])
    }
  })

  it('loses no row to a quotation mark that is never closed, or closed by that of another row', () => {
    const parsed = read(
      `${header}${row(1, '"Open')}${row(2)}${row(3, '"Shut"')}${row(4, 'Pau "Pauet"')}${row(5, '"Pau" Mas')}`
    )
    assert.deepEqual(
      parsed.members.map((member) => member.name),
      ['Open', 'M2', 'Shut', 'Pau "Pauet"', '"Pau" Mas']
    )
    assert.deepEqual(warningsOf(parsed), [[2, '']])
  })

  it('refuses rows with too many cells, and rows that end before the balance', () => {
    const parsed = read(`${header}1,A,B,,,,,,ca,60\n2,A\n3,C,,,,,,ca,60,,\n`)
    assert.deepEqual(errorsOf(parsed), [
      [2, 'column 10'],
      [3, 'Balanç']
    ])
    assert.equal(parsed.members.length, 1)
  })

  it('leaves out zero bytes, and reads lines of two encodings each in its own', () => {
    const bytes = Buffer.concat([
      iconv.encode(`${header}${row(1, 'Zoë')}`, 'utf-8'),
      iconv.encode(row(2, 'Ren\0é'), 'windows-1252')
    ])
    const parsed = checked(parseImport('timeoverflow-members', bytes))
    assert.deepEqual(
      parsed.members.map((member) => member.name),
      ['Zoë', 'René']
    )
    assert.equal(parsed.faults.length, 2)
  })

  it('repeats its header: the repetition is skipped', () => {
    assert.deepEqual(read(header + row(1) + header + row(2)).skipped, [{ line: 3, reason: 'the header once more' }])
  })

  it('says when a name is too long', () => {
    assert.deepEqual(errorsOf(read(header + row(1, 'x'.repeat(201)))), [[2, 'Nom']])
  })

  it('loses no row and never throws, whatever the cells hold', () => {
    const cell = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom(
        '1',
        '2',
        'A (1)',
        'B (2)',
        '1:30',
        '-2,5',
        '60',
        '2022-01-01',
        '01/02/2022',
        'committed',
        'a@b.org',
        ''
      )
    )
    const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
    const file = fc.array(fc.array(cell, { minLength: 2, maxLength: 13 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.constantFrom(...importKinds), file, fc.boolean(), (kind, rows, quoted) => {
        const write = (text: string) => (quoted ? quote(text.replaceAll(/[\n\r]/g, ' ')) : text)
        parseText(kind, rows.map((cells) => cells.map(write).join(',')).join('\n'))
      }),
      { seed, numRuns: 500 }
    )
  })

  it('keeps every good row among others', () => {
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => /\p{L}/u.test(text))
    const good = fc.record({ name, seconds: fc.integer({ min: -1e6, max: 1e6 }) })
    fc.assert(
      fc.property(fc.array(good, { maxLength: 30 }), fc.constantFrom(',', ';', '\t'), (rows, delimiter) => {
        const lines = rows.map(({ name, seconds }, i) => [`${i}`, name, '', '', '', '', '', 'ca', `${seconds}`])
        const all = [header.trim().split(','), ...lines]
        const text = all.map((cells) => cells.map((c) => `"${c.replaceAll('"', '""')}"`).join(delimiter)).join('\r\n')
        const parsed = read(text)
        assert.equal(parsed.members.length, rows.length)
        assert.equal(
          parsed.totals.balanceSeconds,
          rows.reduce((sum, { seconds }) => sum + seconds, 0)
        )
      }),
      { seed }
    )
  })

  it('is read within two seconds, however large and hostile', () => {
    const many = Array.from(
      { length: 20_000 },
      (_, i) => `2022-03-01 08:00:${String(i % 60).padStart(2, '0')} UTC,A (${i}),B (1),x,1:00`
    )
    const transfers = `Fecha,Origen,Destino,Anuncio,Cantidad\n${many.join('\n')}\n`
    const hostile = [
      header + '1,"x,,,,,,ca,60\n'.repeat(20_000),
      header + row(1, `${' '.repeat(200_000)}(`),
      header + row(1, `"${'""'.repeat(200_000)}`),
      header +
        `1,A,${'a.'.repeat(100_000)}@${'a.'.repeat(100_000)},${'1'.repeat(100_000)},,${'1/'.repeat(50_000)},,ca,${'1.'.repeat(50_000)}\n`
    ]
    const started = performance.now()
    assert.equal(parseText('timeoverflow-transfers', transfers).history.length, 20_000)
    for (const text of hostile) read(text)
    assert.ok(performance.now() - started < 10_000, 'five files, two seconds each')
  })
})

describe('the sample files', { skip: existsSync(samples) ? false : 'the folder of samples is not there' }, () => {
  const sample = (kind: ImportKind, file: string): Parsed =>
    checked(parseImport(kind, readFileSync(join(samples, file))))

  it('of TimeOverflow members', () => {
    const parsed = sample('timeoverflow-members', 'timeoverflow-members.es.csv')
    assert.deepEqual([parsed.rowsRead, parsed.members.length], [213, 213])
    assert.deepEqual(parsed.totals, { balanceMinutes: 5970, balanceSeconds: 358_200, historyMinutes: 0 })
    assert.deepEqual(parsed.rounded, [])
    assert.equal(parsed.members.filter((member) => member.email === null).length, 28)
    assert.deepEqual(
      parsed.faults.map((fault) => [fault.line, fault.column, fault.severity]),
      [[40, 'Correo', 'warning']]
    )
    assert.deepEqual(
      [6, 17].map((i) => parsed.members[i]?.name),
      ['=HYPERLINK("http://example.org","click")', '@SUM(1+1)']
    )
  })

  it('of TimeOverflow transfers, whose sums are the balances of the members', () => {
    const parsed = sample('timeoverflow-transfers', 'timeoverflow-transfers.es.csv')
    assert.deepEqual([parsed.rowsRead, parsed.history.length, parsed.faults.length], [1553, 1553, 0])
    assert.equal(parsed.totals.historyMinutes, 144_855)
    assert.equal(parsed.anonymous.length, 62)
    const sides = parsed.history.flatMap((row) => [row.receiver, row.provider])
    assert.equal(sides.filter((party) => party.kind === 'organisation').length, 244)
    const balances = new Map<string, number>()
    const add = (ref: string, minutes: number) => balances.set(ref, (balances.get(ref) ?? 0) + minutes)
    for (const { receiver, provider, minutes } of parsed.history) {
      if (receiver.kind === 'member') add(receiver.ref, -minutes)
      if (provider.kind === 'member') add(provider.ref, minutes)
    }
    const { members } = sample('timeoverflow-members', 'timeoverflow-members.es.csv')
    for (const member of members) assert.equal(balances.get(member.externalId) ?? 0, member.balanceMinutes)
  })

  it('of Komunitin accounts', () => {
    const parsed = sample('komunitin-accounts', 'komunitin-accounts.csv')
    assert.deepEqual([parsed.rowsRead, parsed.members.length, parsed.faults.length], [213, 213, 0])
    assert.equal(parsed.totals.balanceMinutes, 5970)
    assert.ok(parsed.members.every((member) => member.floorMinutes === -600 && member.ceilingMinutes === null))
  })

  it('of Komunitin transfers', () => {
    const parsed = sample('komunitin-transfers', 'komunitin-transfers.csv')
    assert.deepEqual([parsed.rowsRead, parsed.history.length, parsed.faults.length], [1251, 1216, 0])
    assert.equal(parsed.totals.historyMinutes, 112_275)
    const reasons = ['rejected', 'failed', 'deleted'].map((state) => `${state}: no hours moved`)
    assert.deepEqual(
      reasons.map((reason) => parsed.skipped.filter((row) => row.reason === reason).length),
      [12, 12, 11]
    )
  })

  it('of a spreadsheet', () => {
    const parsed = sample('spreadsheet', 'broker-spreadsheet.csv')
    assert.deepEqual([parsed.encoding, parsed.delimiter], ['windows-1252', ';'])
    assert.deepEqual([parsed.rowsRead, parsed.members.length], [122, 120])
    assert.equal(parsed.totals.balanceMinutes, 7320)
    assert.deepEqual(parsed.refused, [122, 123])
    assert.deepEqual(errorsOf(parsed), [
      [122, 'Member No'],
      [122, 'Hours (balance)'],
      [123, 'Member No']
    ])
    assert.deepEqual(parsed.members[4]?.skills, ['Minding children', 'Dog walking', 'Sewing, alterations'])
    assert.equal(parsed.members[11]?.name, 'Serra, Pau "Pauet"')
  })
})

it('TimeOverflow columns in another order than usual are taken by the names that are known', () => {
  const swapped = parseText(
    'timeoverflow-transfers',
    'Fecha,Destino,Origen,Anuncio,Cantidad\n2021-02-02 10:00:00 UTC,Pere (101),Maria (102),Pan,1:30\n'
  )
  const [row] = swapped.history
  assert.deepEqual(
    [row?.provider, row?.receiver].map((party) => party?.kind === 'member' && party.ref),
    ['101', '102']
  )
  const moved = parseText(
    'timeoverflow-members',
    'N,Nombre,Correo,Balance,Teléfono alternativo,Creado,Fecha último login,Locale,Teléfono\n301,Pere,,7200,,2021-02-02 10:00:00 UTC,,es,666123123\n'
  )
  assert.equal(moved.members[0]?.balanceMinutes, 120)
  assert.equal(moved.members[0]?.phone, '666123123')
})
