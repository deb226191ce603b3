import { readFile } from 'node:fs/promises'
import { Argument, type Command } from 'commander'
import { type ImportKind, importKinds, reportText, runImport } from '../../src/modules/moving-in/index.ts'
import { CommandError } from '../support/errors.ts'
import { withDatabase } from '../support/ground.ts'
import { say, sayJson } from '../support/output.ts'
import { chooseTimebank } from '../support/timebank.ts'

type Options = { timebank?: string; dryRun?: boolean; skipFaulty?: boolean; timeZone?: string; json?: boolean }

export function importCommand(program: Command): void {
  program
    .command('import')
    .description('bring in members and their balances, or the history, from a file of an older system')
    .addArgument(new Argument('<kind>', 'what kind of file it is').choices(importKinds))
    .argument('<file>', 'the exported CSV file')
    .option('--timebank <slug>', 'the timebank; needed where there are several')
    .option('--dry-run', 'show what would happen and write nothing')
    .option('--skip-faulty', 'bring in the sound rows of a file that has faulty ones')
    .option('--time-zone <zone>', "in which the file's instants become dates (default: that of the timebank's policy)")
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
All of a file is brought in, or nothing. A repeat of the same file changes nothing.
Bring in members first, then transfers: transfers name people who are looked up among the members.`
    )
    .action(bringIn)
}

async function bringIn(kind: ImportKind, file: string, options: Options): Promise<void> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`The file ${file} cannot be read: ${error.code}`)
  })
  const { timeZone, dryRun = false, skipFaulty = false } = options
  if (timeZone !== undefined && !isTimeZone(timeZone))
    throw new CommandError(`${timeZone} is no time zone; expected is one such as Europe/Madrid.`, 2)
  const report = await withDatabase(async (database) => {
    const timebank = await chooseTimebank(database, options.timebank)
    return runImport(database, timebank.id, kind, bytes, { dryRun, skipFaulty, ...(timeZone ? { timeZone } : {}) })
  })
  if (options.json) sayJson(report)
  else say(reportText(report).trimEnd())
  if (report.outcome === 'refused') process.exitCode = 1
}

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== null
  } catch {
    return false
  }
}
