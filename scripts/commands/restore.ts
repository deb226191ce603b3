import type { Command } from 'commander'
import { connect } from '../../src/db/client.ts'
import { migrate } from '../../src/db/migrate.ts'
import { everyTimebank } from '../../src/modules/timebanks/index.ts'
import { checkBackup } from '../backup/read.ts'
import { restoreBackup } from '../backup/restore.ts'
import { withClient, withOwner } from '../support/ground.ts'
import { say } from '../support/output.ts'
import { verifiedText, verifyAll } from './verify.ts'

export function restoreCommand(program: Command): void {
  program
    .command('restore')
    .description('bring a backup into an empty database, and verify the books of all timebanks')
    .argument('<file>', 'made by backup')
    .action(async (file: string) => {
      const header = await checkBackup(file)
      await withOwner(
        async (ownerUrl) => {
          await migrate(ownerUrl)
          const rows = await withClient(ownerUrl, (client) => restoreBackup(client, file, header))
          say(`${rows} rows of ${header.tables.length} tables are back, as of ${header.createdAt}.`)
          const database = connect({ url: ownerUrl, max: 2 })
          try {
            const verified = await verifyAll(database, await everyTimebank(database))
            say(verifiedText(verified))
            if (verified.some((result) => !result.sound)) process.exitCode = 1
          } finally {
            await database.close()
          }
        },
        { create: true }
      )
    })
}
