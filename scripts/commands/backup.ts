import type { Command } from 'commander'
import { writeBackup } from '../backup/write.ts'
import { withClient, withOwner } from '../support/ground.ts'
import { say } from '../support/output.ts'

export function backupCommand(program: Command): void {
  program
    .command('backup')
    .description('write everything into one file, consistently, also while the service runs')
    .argument('<file>', 'to be made; it must not be there yet')
    .addHelpText(
      'after',
      `
The file holds the signing keys and everybody's data: keep it as safe as the database. Not in it: jobs that wait in the
queue, such as mails not yet sent.`
    )
    .action((file: string) =>
      withOwner(async (ownerUrl) => {
        const { rows, tables, sha256 } = await withClient(ownerUrl, (client) => writeBackup(client, file))
        say(`${file}: ${rows} rows of ${tables} tables, sha256 ${sha256}`)
      })
    )
}
