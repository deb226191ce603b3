import type { Command } from 'commander'
import { inTimebank } from '../../src/db/client.ts'
import { trialBalance } from '../../src/modules/ledger/index.ts'
import { trialBalanceText } from '../../src/modules/moving-in/index.ts'
import { systemActor } from '../../src/shared/actor.ts'
import { withDatabase } from '../support/ground.ts'
import { say, sayJson } from '../support/output.ts'
import { chooseTimebank } from '../support/timebank.ts'

export function trialBalanceCommand(program: Command): void {
  program
    .command('trial-balance')
    .description('print the sums of all kinds of accounts; exit code 1 where they do not come to zero')
    .option('--timebank <slug>', 'the timebank; needed where there are several')
    .option('--json', 'print it as JSON')
    .action((options: { timebank?: string; json?: boolean }) =>
      withDatabase(async (database) => {
        const { id } = await chooseTimebank(database, options.timebank)
        const balance = await inTimebank(database, id, systemActor, trialBalance, { readOnly: true })
        if (options.json) sayJson(balance)
        else say(trialBalanceText(balance).join('\n'))
        if (balance.sum.balance !== 0) process.exitCode = 1
      })
    )
}
