import { writeFileSync } from 'node:fs'

/** What is asked of a figure: in words, and whether it is met. Ratios are to the reference of the same run. */
export type Aim = { text: string; met(figure: Figure, reference: number): boolean }

export type Figure = {
  name: string
  perSecond?: number
  /** milliseconds */
  p50?: number
  p99?: number
  /** processor time of each in milliseconds */
  service?: number
  database?: number
  load?: number
  /** of figures that are no rate */
  value?: string
  measured?: number
  aim?: Aim
  /** why there is none */
  failed?: string
}

export type Section = { title: string; figures: Figure[] }

export const times = (least: number): Aim => ({
  text: `≥ ${least}×`,
  met: ({ perSecond = 0 }, reference) => perSecond >= least * reference
})

export const perSecondAtLeast = (least: number, p99 = Number.POSITIVE_INFINITY): Aim => ({
  text: `≥ ${least.toLocaleString('en')} a second${Number.isFinite(p99) ? `, p99 < ${p99} ms` : ''}`,
  met: (figure) => (figure.perSecond ?? 0) >= least && (figure.p99 ?? Number.POSITIVE_INFINITY) < p99
})

export const latencyBelow = (p50: number | null, p99: number): Aim => ({
  text: [p50 === null ? '' : `p50 < ${p50} ms`, `p99 < ${p99} ms`].filter(Boolean).join(', '),
  met: (figure) => (p50 === null || figure.p50! < p50) && figure.p99! < p99
})

export const measuredAtMost = (most: number, text: string): Aim => ({
  text,
  met: ({ measured = Number.POSITIVE_INFINITY }) => measured <= most
})

export const both = (...aims: Aim[]): Aim => ({
  text: aims.map(({ text }) => text).join('; '),
  met: (figure, reference) => aims.every((aim) => aim.met(figure, reference))
})

const rate = (n: number | undefined): string =>
  n === undefined ? '' : n < 10 ? n.toFixed(2) : Math.round(n).toLocaleString('en')
const ms = (n: number | undefined): string =>
  n === undefined || Number.isNaN(n) ? '' : n < 10 ? n.toFixed(2) : n.toFixed(0)

function row(figure: Figure, reference: number): string {
  const { name, perSecond, p50, p99, service, database, load, value, aim, failed } = figure
  const ratio = perSecond === undefined ? '' : `${(perSecond / reference).toFixed(2)}×`
  const reached = failed ? 'no figure' : aim ? (aim.met(figure, reference) ? 'yes' : '**no**') : ''
  const cells = failed
    ? [name, failed.replaceAll('|', '/').replaceAll(/\s+/g, ' ').slice(0, 160), '', '', '', '', '', '']
    : [name, value ?? rate(perSecond), ratio, ms(p50), ms(p99), ms(service), ms(database), ms(load)]
  return `| ${[...cells, aim?.text ?? '', reached].join(' | ')} |`
}

const head = `| | a second | ratio | p50 ms | p99 ms | service ms | database ms | load ms | to reach | reached |
|---|---:|---:|---:|---:|---:|---:|---:|---|---|`

export const sectionText = ({ title, figures }: Section, reference: number): string =>
  `### ${title}\n\n${head}\n${figures.map((figure) => row(figure, reference)).join('\n')}\n`

const begin = '<!-- figures: written by `npm run bench` -->'

/** The whole of BENCHMARKS.md: it is a record of one run. */
export function writeReport(file: string, facts: [string, string][], sections: Section[], reference: number): void {
  const text = `# Benchmarks

${begin}

One run of \`npm run bench\`: load, service and database on the same machine, and all of it in the same minutes. **Ratio** is to
pgbench's TPC-B (prepared statements) on the same server in the same run: what PostgreSQL itself does here. **Service**,
**database** and **load** are the processor time that one of what is counted took of each. Where others took much of the machine
meanwhile, the rates say little, and these still something.

| | |
|---|---|
${facts.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}

${sections.map((section) => sectionText(section, reference)).join('\n')}`
  writeFileSync(file, text)
}
