import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { longestPaper, type Paper, statementPaper } from '../../../src/modules/ledger/paper/statement.ts'
import { readPdf } from '../../support/pdf.ts'

const names = [
  'Ann Gardener',
  'Siân Llŷr ap Gŵyn',
  'Zażółć Gęślą Jaźń',
  'Γιώργος Παπαδόπουλος',
  'Екатерина Щербакова',
  'Nguyễn Thị Hồng Hạnh'
]

const lines = (n: number): Paper['lines'] =>
  Array.from({ length: n }, (_, i) => ({
    performedOn: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10),
    kind: i % 7 === 6 ? 'grant' : 'exchange',
    reversal: i % 10 === 9,
    counterparty:
      i % 7 === 6
        ? { kind: 'community_pot', name: null, number: null }
        : { kind: 'member', name: names[i % names.length]!, number: i + 1 },
    minutes: i % 2 === 0 ? 90 : -45
  }))

function paperOf(some: Partial<Paper> = {}, holder: Partial<Paper['holder']> = {}): Paper {
  const { lines: list = lines(3), openingBalance = 60 } = some
  const sum = (sign: number) => list.reduce((all, { minutes }) => all + Math.max(0, sign * minutes), 0)
  return {
    account: 12,
    holder: {
      name: 'Bev',
      number: 7,
      locales: ['en'],
      timebank: 'Rivertown Timebank',
      today: '2026-11-22',
      ...holder
    },
    from: null,
    to: null,
    openingBalance,
    earned: sum(1),
    spent: sum(-1),
    closingBalance: openingBalance + sum(1) - sum(-1),
    heldOut: 0,
    available: openingBalance + sum(1) - sum(-1),
    ...some,
    lines: list
  }
}

const drawn = async (paper: Paper) => readPdf(await buffer(statementPaper(paper)))

describe('a statement to print', () => {
  test('says what, with whom, earned, spent and balance, each apart', async () => {
    const { pages, tagged, language } = await drawn(paperOf())
    assert.deepEqual([tagged, language], [true, 'en-GB'])
    assert.equal(
      pages.join('\f'),
      [
        'Rivertown Timebank Statement of hours Bev Member number 7 From the beginning',
        'Balance before 1:00 Earned 3:00 Spent 0:45 Balance after 3:15',
        'Date What, and with whom Earned Spent Balance',
        '1 Jan 2026 Exchange Ann Gardener (1) 1:30 2:30',
        '2 Jan 2026 Exchange Siân Llŷr ap Gŵyn (2) 0:45 1:45',
        '3 Jan 2026 Exchange Zażółć Gęślą Jaźń (3) 1:30 3:15',
        'Made on 22 November 2026 Page 1 of 1'
      ].join(' ')
    )
  })

  test('has all letters of Welsh, Polish, Greek, Cyrillic and Vietnamese', async () => {
    const { pages } = await drawn(paperOf({ lines: lines(6) }))
    for (const name of names) assert.ok(pages.join(' ').normalize('NFC').includes(name), name)
  })

  for (const [locales, language, words] of [
    [
      ['es-MX'],
      'es-MX',
      ['Extracto de horas', 'Número de miembro 7', 'Saldo anterior', 'Intercambio', 'Página 1 de 1']
    ],
    [['cy'], 'cy', ['Cyfriflen oriau', 'Rhif aelod 7', 'Balans cynt', 'Cyfnewid', 'Tudalen 1 o 1']],
    [['pl', 'cy-GB'], 'cy-GB', ['Cyfriflen oriau', '22 Tachwedd 2026']],
    [['pl', 'de'], 'en-GB', ['Statement of hours']]
  ] as const)
    test(`is written in the first language of ${locales.join(', ')} that there are words for`, async () => {
      const paper = await drawn(paperOf({}, { locales: [...locales] }))
      assert.equal(paper.language, language)
      for (const word of words) assert.ok(paper.pages[0]!.includes(word), word)
    })

  test('tells its period, a correction, what is set aside, and what a balance below zero means', async () => {
    const period = { from: '2026-01-01', to: '2026-01-31' }
    const { pages } = await drawn(
      paperOf({ ...period, lines: lines(10), openingBalance: -900, heldOut: 30, available: -735 })
    )
    const text = pages.join(' ')
    assert.ok(text.includes('From 1 January 2026 to 31 January 2026'))
    assert.ok(text.includes('10 Jan 2026 Correction: Exchange Γιώργος Παπαδόπουλος (10)'))
    assert.ok(text.includes('0:30 of this is set aside'))
    assert.ok(text.includes('A balance below zero means that you have received more time than you have given so far.'))
    assert.ok(text.includes('7 Jan 2026 From the community pot 1:30'))
  })

  test('is a whole page also without lines, without a name, and for an account that is no member’s', async () => {
    const { pages } = await drawn(paperOf({ lines: [] }, { name: null, number: null }))
    assert.equal(
      pages.join('\f'),
      'Rivertown Timebank Statement of hours Account 12 From the beginning Balance before 1:00 Earned 0:00 Spent 0:00 Balance after 1:00 No hours came in or went out in this time. Made on 22 November 2026 Page 1 of 1'
    )
  })

  test('breaks long names, also those of one word, and loses nothing of them', async () => {
    const name = `${'Wolfeschlegelsteinhausen'.repeat(4)} ${'de la Santísima Trinidad '.repeat(4)}`.trim()
    const long = lines(1).map((line) => ({ ...line, counterparty: { kind: 'member', name, number: 1 } }))
    const { pages } = await drawn(paperOf({ lines: long }, { name }))
    assert.equal(pages.length, 1)
    const text = pages[0]!.replaceAll(' ', '')
    assert.equal(text.split(name.replaceAll(' ', '')).length, 3)
  })

  test('repeats its titles on each page, keeps lines whole, and counts pages', async () => {
    const { pages } = await drawn(paperOf({ lines: lines(60) }))
    assert.ok(pages.length >= 4 && pages.length <= 6, `${pages.length} pages`)
    for (const [i, page] of pages.entries()) {
      assert.ok(page.includes('Date What, and with whom Earned Spent Balance'))
      assert.ok(page.endsWith(`Page ${i + 1} of ${pages.length}`))
    }
    const text = pages.join(' ')
    for (let i = 1; i <= 60; i += 1) if (i % 7 !== 0) assert.ok(text.includes(` (${i}) `), String(i))
  })

  test('of the greatest length lets others have their turn while it is drawn', async () => {
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 1)
    const { pages } = await drawn(paperOf({ lines: lines(longestPaper) }))
    clearInterval(timer)
    assert.ok(pages.length > 100)
    assert.ok(turns > 30, `${turns} turns`)
  })

  test('stops when its reader goes away', async () => {
    const document = statementPaper(paperOf({ lines: lines(longestPaper) }))
    document.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok(document.destroyed)
  })
})
