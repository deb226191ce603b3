import { setImmediate as breathe } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import PDFDocument from 'pdfkit'
import { hoursText } from '../../../shared/minutes.ts'
import { type StatementWords, wordsFor } from '../../../shared/words/index.ts'
import type { AccountKind, TransferKind } from '../kinds.ts'

/** Whose account it is, and for whom the page is written. */
export type Holder = {
  name: string | null
  /** member number */
  number: number | null
  /** locales in the order of preference: the holder's, the timebank's */
  locales: string[]
  timebank: string
  /** calendar date in the timebank's time zone */
  today: string
}

type PaperLine = {
  performedOn: string
  kind: TransferKind
  reversal: boolean
  counterparty: { kind: string; name: string | null; number: number | null }
  minutes: number
}

export type Paper = {
  /** where it is posted to: name and what is known of the address; left out: it is handed over */
  address?: readonly string[]
  account: number
  holder: Holder
  from: string | null
  to: string | null
  openingBalance: number
  earned: number
  spent: number
  closingBalance: number
  heldOut: number
  available: number
  /** in the order of service dates */
  lines: readonly PaperLine[]
  /** there are more lines than can be printed, and none is */
  tooMany?: boolean
}

/** A page has about fifteen lines; more than this is for a spreadsheet. */
export const longestPaper = 2000

// one font for all letters from Welsh to Greek and Cyrillic; the fonts that every reader of PDF has lack ŵ and ŷ
const regular = fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf'))
const bold = fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf'))

// A4, in points
const margin = 48
const width = 595.28 - 2 * margin
const bottom = 841.89 - 78
// 45 and 90 mm from the top
const addressWindow = { top: 128, bottom: 255 }
const body = 14
const padding = 6
const columns = [
  { x: 0, width: 86, align: 'left' },
  { x: 94, width: 180, align: 'left' },
  { x: 278, width: 72, align: 'right' },
  { x: 354, width: 76, align: 'right' },
  { x: 434, width: width - 434, align: 'right' }
] as const
const ink = '#1a1a1a'
const rule = '#767676'
const shade = '#f0f0f0'

type Pdf = PDFKit.PDFDocument

/**
 * The statement as PDF, as it is drawn: A4, large type, black on white, tagged so that it can be read aloud. Drawing lets others
 * have their turn every few lines, and ends when the reader goes away.
 */
export function statementPaper(paper: Paper): Pdf {
  const {
    locale,
    words: { statement: words }
  } = wordsFor(...paper.holder.locales)
  return drawing(locale, words, paper.holder.timebank, (doc) => draw(doc, paper, locale, words))
}

/**
 * Many statements as one document to be posted: each in its own language, from a page of its own, with page numbers of its own.
 * `locale` is that of the document as a whole.
 */
export function statementsPaper(timebank: string, locale: string, papers: AsyncIterable<Paper>): Pdf {
  const whole = wordsFor(locale)
  return drawing(whole.locale, whole.words.statement, timebank, async (doc) => {
    for await (const paper of papers) {
      if (doc.destroyed) return
      const own = wordsFor(...paper.holder.locales)
      await draw(doc, paper, own.locale, own.words.statement)
      // pages that have their numbers need not be kept
      doc.flushPages()
    }
  })
}

function drawing(locale: string, words: StatementWords, timebank: string, draw: (doc: Pdf) => Promise<void>): Pdf {
  const doc = new PDFDocument({
    size: 'A4',
    margin,
    font: regular,
    bufferPages: true,
    autoFirstPage: false,
    pdfVersion: '1.7',
    subset: 'PDF/UA',
    tagged: true,
    displayTitle: true,
    lang: locale,
    info: {
      Title: `${words.title} – ${timebank}`,
      Author: timebank,
      Creator: 'Commonhours',
      Producer: 'Commonhours'
    }
  } as unknown as PDFKit.PDFDocumentOptions)
  draw(doc).then(
    () => doc.end(),
    (error: Error) => doc.destroy(error)
  )
  return doc
}

async function draw(doc: Pdf, paper: Paper, locale: string, words: StatementWords): Promise<void> {
  const long = dates(locale, 'long')
  const short = dates(locale, 'short')
  const root = doc.struct('Document', { lang: locale })
  doc.addStructure(root)
  addPage(doc)
  heading(doc, root, paper, words, long)
  figures(doc, root, paper, words)
  if (paper.tooMany) paragraph(doc, root, words.tooManyLines)
  else if (paper.lines.length === 0) paragraph(doc, root, words.noLines)
  else await table(doc, root, paper, words, short)
  if (paper.heldOut > 0) paragraph(doc, root, words.setAside(hoursText(paper.heldOut), hoursText(paper.available)))
  if (paper.closingBalance < 0) paragraph(doc, root, words.belowZero)
  root.end()
  await footers(doc, paper, words, long)
}

function heading(
  doc: Pdf,
  root: PDFKit.PDFStructureElement,
  { holder, account, from, to, address }: Paper,
  words: StatementWords,
  date: (date: string) => string
): void {
  const line = (tag: string, text: string, font: string, size: number, gap: number) => {
    root.add(
      doc.struct(tag, {}, () => doc.font(font).fontSize(size).fillColor(ink).text(text, margin, doc.y, { width }))
    )
    doc.y += gap
  }
  line('P', holder.timebank, regular, body + 2, 2)
  if (address) {
    // where the window of an envelope is, on a sheet that is folded twice
    doc.y = addressWindow.top
    for (const each of address) line('P', each, regular, body, 0)
    doc.y = Math.max(doc.y, addressWindow.bottom)
  }
  line('H1', words.title, bold, 26, 10)
  if (holder.name !== null && !address) line('P', holder.name, bold, 18, 2)
  line('P', holder.number === null ? words.account(account) : words.number(holder.number), regular, body, 2)
  line('P', words.period(from === null ? null : date(from), to === null ? null : date(to)), regular, body, 14)
}

/** Earned, spent and both balances side by side, each with its word. */
function figures(doc: Pdf, root: PDFKit.PDFStructureElement, paper: Paper, words: StatementWords): void {
  const shown: [string, number][] = [
    [words.openingBalance, paper.openingBalance],
    [words.earned, paper.earned],
    [words.spent, paper.spent],
    [words.closingBalance, paper.closingBalance]
  ]
  const top = doc.y
  const cell = width / shown.length
  artifact(doc, () => doc.rect(margin, top, width, 62).fillColor(shade).fill())
  for (const [i, [label, minutes]] of shown.entries()) {
    const x = margin + i * cell + 8
    const room = { width: cell - 12, height: 24, ellipsis: true }
    root.add(
      doc.struct('Div', {}, [
        doc.struct('P', {}, () =>
          doc
            .fillColor(ink)
            .font(regular)
            .fontSize(body)
            .text(label, x, top + 9, room)
        ),
        doc.struct('P', {}, () =>
          doc
            .font(bold)
            .fontSize(20)
            .text(hoursText(minutes), x, top + 30, room)
        )
      ])
    )
  }
  doc.y = top + 62 + 18
}

async function table(
  doc: Pdf,
  root: PDFKit.PDFStructureElement,
  paper: Paper,
  words: StatementWords,
  date: (date: string) => string
): Promise<void> {
  const element = doc.struct('Table')
  root.add(element)
  const titles = [words.date, words.whatAndWho, words.earned, words.spent, words.balance]
  row(doc, element, titles, 'TH')
  let balance = paper.openingBalance
  for (const [i, line] of paper.lines.entries()) {
    if (i % 20 === 19) {
      await breathe()
      if (doc.destroyed) return
    }
    balance += line.minutes
    const hours = hoursText(Math.abs(line.minutes))
    const cells = [
      date(line.performedOn),
      describe(line, words),
      line.minutes > 0 ? hours : '',
      line.minutes < 0 ? hours : '',
      hoursText(balance)
    ]
    if (doc.y + heightOf(doc, cells) > bottom) {
      addPage(doc)
      // for the eye: read aloud, the table has its titles once
      artifact(doc, () => drawRow(doc, titles, bold))
    }
    row(doc, element, cells, 'TD')
  }
  element.end()
  doc.y += 12
}

/** Kinds whose word names the other account. */
const saysWithWhom: ReadonlySet<TransferKind> = new Set(['grant', 'donation', 'opening', 'clearing'])

/** What, and on a line of its own with whom. */
function describe({ kind, reversal, counterparty }: PaperLine, words: StatementWords): string {
  const what = reversal ? words.correction(words.kinds[kind]) : words.kinds[kind]
  const number = counterparty.number === null ? '' : ` (${counterparty.number})`
  const nameless = saysWithWhom.has(kind) ? '' : (words.accounts[counterparty.kind as AccountKind] ?? '')
  const who = counterparty.name ?? nameless
  return who === '' ? what : `${what}\n${who}${number}`
}

function row(doc: Pdf, parent: PDFKit.PDFStructureElement, cells: readonly string[], tag: 'TH' | 'TD'): void {
  const element = doc.struct('TR')
  parent.add(element)
  drawRow(doc, cells, tag === 'TH' ? bold : regular, (draw) =>
    element.add(doc.struct(tag, (tag === 'TH' ? { scope: 'Column' } : {}) as object, draw))
  )
  element.end()
}

function drawRow(
  doc: Pdf,
  cells: readonly string[],
  font: string,
  tagged: ((draw: () => void) => void) | null = null
): void {
  const top = doc.y
  const height = heightOf(doc, cells, font)
  for (const [i, text] of cells.entries()) {
    const { x, width, align } = columns[i]!
    const draw = () => {
      doc.font(font).fontSize(body).fillColor(ink)
      if (text !== '') doc.text(text, margin + x, top + padding, { width, align })
    }
    if (tagged) tagged(draw)
    else draw()
  }
  const line = () =>
    doc
      .moveTo(margin, top + height)
      .lineTo(margin + width, top + height)
      .lineWidth(font === bold ? 1.2 : 0.5)
      .strokeColor(rule)
      .stroke()
  if (tagged) artifact(doc, line)
  else line()
  doc.y = top + height
}

function heightOf(doc: Pdf, cells: readonly string[], font = regular): number {
  doc.font(font).fontSize(body)
  const heights = cells.map((text, i) => doc.heightOfString(text, { width: columns[i]!.width }))
  return Math.max(...heights) + 2 * padding
}

function paragraph(doc: Pdf, root: PDFKit.PDFStructureElement, text: string): void {
  doc.font(regular).fontSize(body)
  const height = doc.heightOfString(text, { width })
  if (doc.y + height > bottom) addPage(doc)
  root.add(doc.struct('P', {}, () => doc.fillColor(ink).text(text, margin, doc.y, { width })))
  doc.y += 8
}

async function footers(
  doc: Pdf,
  { holder }: Paper,
  words: StatementWords,
  date: (date: string) => string
): Promise<void> {
  const { start, count } = doc.bufferedPageRange()
  for (let i = 0; i < count; i += 1) {
    if (i % 20 === 19) {
      await breathe()
      if (doc.destroyed) return
    }
    doc.switchToPage(start + i)
    artifact(doc, () => {
      doc.font(regular).fontSize(12).fillColor(ink)
      const y = bottom + 18
      doc.text(words.issued(date(holder.today)), margin, y, { width: width / 2, lineBreak: false })
      doc.text(words.page(i + 1, count), margin + width / 2, y, { width: width / 2, align: 'right', lineBreak: false })
    })
  }
}

/** What is there for the eye only. */
function artifact(doc: Pdf, draw: () => void): void {
  doc.markContent('Artifact')
  draw()
  doc.endMarkedContent()
}

/** The lower margin is ours to keep: the library would begin a page in the middle of a row. */
function addPage(doc: Pdf): void {
  doc.addPage({ size: 'A4', margins: { top: margin, left: margin, right: margin, bottom: 0 } })
  doc.x = margin
  doc.y = margin
}

function dates(locale: string, month: 'long' | 'short'): (date: string) => string {
  const format = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', day: 'numeric', month, year: 'numeric' })
  return (date) => format.format(new Date(`${date}T00:00:00Z`))
}
