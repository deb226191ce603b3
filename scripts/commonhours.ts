/** The operators' command line: `npm run commonhours -- --help`. */
import { Command, CommanderError } from 'commander'
import { agenciesCommand } from './commands/agencies.ts'
import { backupCommand } from './commands/backup.ts'
import { clearingCommand } from './commands/clearing.ts'
import { importCommand } from './commands/import.ts'
import { keysCommand } from './commands/keys.ts'
import { migrateCommand } from './commands/migrate.ts'
import { operatorCommand } from './commands/operator.ts'
import { restoreCommand } from './commands/restore.ts'
import { timebanksCommand } from './commands/timebanks.ts'
import { trialBalanceCommand } from './commands/trial-balance.ts'
import { verifyCommand } from './commands/verify.ts'
import { exitCodeOf, textOf } from './support/errors.ts'
import { complain } from './support/output.ts'

const program = new Command('commonhours')
  .description("The operators' command line of Commonhours.")
  .addHelpText(
    'after',
    `
The database is that of the service: DATABASE_URL, or else the bundled PostgreSQL in COMMONHOURS_DATA (default ./.data).
Where the service runs, commands use its server; where it does not, they start the bundled one and stop it again.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`
  )
  .exitOverride()
  .configureOutput({ writeErr: complain })

for (const add of [
  importCommand,
  verifyCommand,
  trialBalanceCommand,
  clearingCommand,
  timebanksCommand,
  migrateCommand,
  backupCommand,
  restoreCommand,
  keysCommand,
  operatorCommand,
  agenciesCommand
])
  add(program)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else {
    complain(`${textOf(error)}\n`)
    process.exitCode = exitCodeOf(error)
  }
}
