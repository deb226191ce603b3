/**
 * Measures the service beside what PostgreSQL does by itself on the same server, in one run, and writes it into
 * BENCHMARKS.md.
 *
 *     npm run bench                      all of it: about eight minutes
 *     npm run bench -- --quick           short figures, printed and not written
 *     npm run bench -- --only gifts      one part (several with several `--only`), between references
 *     npm run bench -- --seconds 20      seconds for each figure
 */
import { chainFigures } from './chain.ts'
import { circleFigures } from './circles.ts'
import { exchangeFigures } from './exchanges.ts'
import { functionFigures } from './functions.ts'
import { giftFigures } from './gifts.ts'
import { type Ground, makeGround, ourSeconds } from './ground.ts'
import { listFigures } from './lists.ts'
import { machine, machineSeconds, system, versionOf } from './machine.ts'
import { matchingFigures } from './matching.ts'
import { readOptions } from './options.ts'
import { findPgbench } from './pgbench.ts'
import { readingFigures } from './reading.ts'
import { fairScale, makeReference } from './reference.ts'
import { type Figure, type Section, sectionText, writeReport } from './report.ts'
import { tripFigures } from './trips.ts'

const options = readOptions()
const program = findPgbench()
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const parts: [name: string, measure: (ground: Ground) => Promise<Section>][] = [
  ['functions', (ground) => functionFigures(ground, program, options)],
  ['gifts', (ground) => giftFigures(ground, options)],
  ['chain', (ground) => chainFigures(ground, options)],
  ['exchanges', (ground) => exchangeFigures(ground, options)],
  ['trips', (ground) => tripFigures(ground, options)],
  // the last: they fill the database
  ['reading', (ground) => readingFigures(ground, options)],
  ['circles', () => circleFigures(options)],
  ['matching', (ground) => matchingFigures(ground, options)],
  ['lists', (ground) => listFigures(ground, options)]
]

say(
  program
    ? `reference: ${program}`
    : 'pgbench was not found: the reference is the same transaction by a process of ours'
)
const begun = performance.now()
const ground = await makeGround(200)
try {
  const busyBefore = { all: machineSeconds(), ours: ourSeconds(ground), at: performance.now() }
  const reference = await makeReference(ground, program, options)
  const references: Figure[] = []
  const refer = async (when: string) => {
    references.push(await reference(when))
    say(`${references.at(-1)!.name}: ${Math.round(references.at(-1)!.perSecond!)} a second`)
  }
  const sections: Section[] = []
  await refer('before')
  // for comparison: pgbench's scale where none is given, at which all clients wait for the row of one branch
  const narrow = await (await makeReference(ground, program, options, 1))('not part of the mean')
  for (const [name, measure] of parts) {
    if (options.only.length > 0 && !options.only.includes(name)) continue
    if (name === 'reading') await refer('before the reading part')
    // a token lasts ten minutes
    await ground.town.signIn()
    // a part that cannot be measured is told in its place; the others go on
    sections.push(
      await measure(ground).catch((error: Error) => ({ title: name, figures: [{ name, failed: error.message }] }))
    )
    say(`\n${sectionText(sections.at(-1)!, meanOf(references))}`)
    if (name === 'functions') await refer('after the functions')
  }
  await refer('after')
  const mean = meanOf(references)
  const seconds = (performance.now() - busyBefore.at) / 1000
  const others = machineSeconds() - busyBefore.all - (ourSeconds(ground) - busyBefore.ours)
  const { rows } = await ground.owner.query<{ server_version: string }>('SHOW server_version')
  const facts: [string, string][] = [
    ['date', new Date().toISOString().slice(0, 10)],
    ['machine', machine()],
    ['system', system()],
    ['PostgreSQL', `${rows[0]!.server_version}, brought by the packages, durable settings`],
    [
      'reference',
      program ? `${versionOf(program)}, \`-M prepared -c 8 -j 2\`, scale ${fairScale}` : 'TPC-B by a process of ours'
    ],
    ['each figure', `${options.seconds} s after ${options.warmSeconds} s of warm-up`],
    ['duration', `${Math.round((performance.now() - begun) / 60_000)} minutes`],
    ['processor time taken by others meanwhile', `${Math.max(0, (others / seconds) * 100).toFixed(0)} % of one core`]
  ]
  sections.unshift({ title: `Reference (mean: ${Math.round(mean)} a second)`, figures: [...references, narrow] })
  for (const section of sections) say(`\n${sectionText(section, mean)}`)
  for (const [name, value] of facts) say(`${name}: ${value}`)
  if (options.out) writeReport(options.out, facts, sections, mean)
  if (sections.some(({ figures }) => figures.some(({ failed }) => failed))) process.exitCode = 1
} finally {
  await ground.stop()
}

function meanOf(figures: Figure[]): number {
  return figures.reduce((sum, { perSecond }) => sum + perSecond!, 0) / figures.length
}
