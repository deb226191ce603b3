import type { Command } from 'commander'
import { listPairs, type Pair } from '../../src/modules/clearing/index.ts'
import { table } from '../../src/modules/moving-in/index.ts'
import { withDatabase } from '../support/ground.ts'
import { say, sayJson } from '../support/output.ts'

const atATime = 500

export function clearingCommand(program: Command): void {
  program
    .command('clearing')
    .description('print who owes whom between timebanks; exit code 1 where the books of two do not agree')
    .option('--json', 'print it as JSON')
    .action((options: { json?: boolean }) =>
      withDatabase(async (database) => {
        const pairs: Pair[] = []
        for (let after: readonly [string, string] | null = null; ; ) {
          const page = await listPairs(database, after, atATime)
          pairs.push(...page.slice(0, atATime))
          const last = pairs.at(-1)
          if (page.length <= atATime || !last) break
          after = [last.timebank.id, last.partner.id]
        }
        if (options.json) sayJson(pairs)
        else if (pairs.length === 0) say('No two timebanks have an agreement.')
        else say(table(['who owes', 'whom', 'minutes', 'on its way', ''], pairs.map(rowOf)).join('\n'))
        if (pairs.some(({ agrees }) => !agrees)) process.exitCode = 1
      })
    )
}

/** By the first one's books; the other's are the opposite, or are told. */
function rowOf({ timebank, partner, pending, agrees }: Pair): (string | number)[] {
  const [who, whom] = timebank.balance >= 0 ? [timebank, partner] : [partner, timebank]
  const verdict = agrees ? 'agrees' : `DOES NOT AGREE: ${timebank.balance} and ${partner.balance}`
  return [who.slug, whom.slug, Math.abs(timebank.balance), pending, verdict]
}
