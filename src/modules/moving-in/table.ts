/** Text for a terminal: in one line, without control characters and without marks that turn the direction of writing. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ').replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')

export type Cell = string | number

/** Columns under each other, figures to the right; the last column runs on. Rows without cells give the head only. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const texts = rows.map((row) => row.map((cell) => printable(String(cell))))
  const widths = head.map((title, i) =>
    texts.reduce((widest, row) => Math.max(widest, (row[i] ?? '').length), title.length)
  )
  const isFigure = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (isFigure[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [line(head), ...texts.map(line)].map((text) => `  ${text}`)
}

/** `2, 5-9, 12`: numbers of lines, in order and each once. */
export function lineList(lines: readonly number[]): string {
  const sorted = [...new Set(lines)].sort((a, b) => a - b)
  const ranges: [first: number, last: number][] = []
  for (const line of sorted) {
    const range = ranges.at(-1)
    if (range && line === range[1] + 1) range[1] = line
    else ranges.push([line, line])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')
}

/** A long text over several lines, each moved in by `indent` blanks. */
export function wrapped(text: string, indent: number, width = 110): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((part) => ' '.repeat(indent) + part)
}
