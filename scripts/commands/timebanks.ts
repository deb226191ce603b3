import type { Command } from 'commander'
import { table } from '../../src/modules/moving-in/index.ts'
import { everyTimebank } from '../../src/modules/timebanks/index.ts'
import { withDatabase } from '../support/ground.ts'
import { say, sayJson } from '../support/output.ts'

export function timebanksCommand(program: Command): void {
  program
    .command('timebanks')
    .description('list the timebanks of this installation')
    .option('--json', 'print them as JSON')
    .action((options: { json?: boolean }) =>
      withDatabase(async (database) => {
        const timebanks = await everyTimebank(database)
        if (options.json) sayJson(timebanks)
        else if (timebanks.length === 0) say('There is no timebank yet.')
        else {
          const rows = timebanks.map(({ slug, createdAt, id, name }) => [
            slug,
            createdAt.toISOString().slice(0, 10),
            id,
            name
          ])
          say(table(['slug', 'since', 'id', 'name'], rows).join('\n'))
        }
      })
    )
}
