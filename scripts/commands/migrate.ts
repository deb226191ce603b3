import type { Command } from 'commander'
import { migrate } from '../../src/db/migrate.ts'
import { levelOf, withClient, withOwner } from '../support/ground.ts'
import { say } from '../support/output.ts'

export function migrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the database up to date with this version; makes the bundled one where there is none')
    .action(() =>
      withOwner(
        async (ownerUrl) => {
          const before = (await withClient(ownerUrl, levelOf)).length
          await migrate(ownerUrl)
          const after = (await withClient(ownerUrl, levelOf)).length
          say(
            after === before
              ? `Up to date: ${after} migrations.`
              : `Applied ${after - before} migrations; now ${after}.`
          )
        },
        { create: true }
      )
    )
}
