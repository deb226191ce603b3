import type { Command } from 'commander'
import { type Database, inTimebank, type Tx } from '../../src/db/client.ts'
import { sealKeys } from '../../src/modules/identity/index.ts'
import { type Problem, trialBalance, verifyLedger } from '../../src/modules/ledger/index.ts'
import { table } from '../../src/modules/moving-in/index.ts'
import { everyTimebank, type Timebank } from '../../src/modules/timebanks/index.ts'
import { systemActor } from '../../src/shared/actor.ts'
import { withDatabase } from '../support/ground.ts'
import { say, sayJson } from '../support/output.ts'
import { chooseTimebank } from '../support/timebank.ts'

export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description(
      'check the whole journal against the accounts and the hash chain; exit code 1 where the books are not sound'
    )
    .option('--timebank <slug>', 'only this timebank (default: all)')
    .option('--json', 'print the result as JSON')
    .action((options: { timebank?: string; json?: boolean }) =>
      withDatabase(async (database) => {
        const timebanks =
          options.timebank === undefined
            ? await everyTimebank(database)
            : [await chooseTimebank(database, options.timebank)]
        const verified = await verifyAll(database, timebanks)
        if (options.json) sayJson(verified)
        else say(verifiedText(verified))
        if (verified.some((result) => !result.sound)) process.exitCode = 1
      })
    )
}

export type Verified = { timebank: string; sound: boolean; sumMinutes: number; accounts: number; problems: Problem[] }

export async function verifyAll(database: Database, timebanks: readonly Timebank[]): Promise<Verified[]> {
  const verified: Verified[] = []
  for (const { id, slug } of timebanks) {
    const keys = await sealKeys(database)
    const read = <T>(work: (tx: Tx) => Promise<T>) => inTimebank(database, id, systemActor, work, { readOnly: true })
    const [problems, { sum }] = await Promise.all([verifyLedger(read, keys), read(trialBalance)])
    const sound = problems.length === 0 && sum.balance === 0
    verified.push({ timebank: slug, sound, sumMinutes: sum.balance, accounts: sum.accounts, problems })
  }
  return verified
}

export function verifiedText(verified: readonly Verified[]): string {
  if (verified.length === 0) return 'There is no timebank yet.'
  const lines = table(
    ['timebank', 'accounts', 'sum of balances', 'problems', ''],
    verified.map((v) => [v.timebank, v.accounts, v.sumMinutes, v.problems.length, v.sound ? 'sound' : 'NOT SOUND'])
  )
  const problems = verified.flatMap(({ timebank, problems }) =>
    problems.map((p) => [timebank, p.problem, p.account ?? '', p.transfer ?? '', p.detail])
  )
  if (problems.length > 0) lines.push('', ...table(['timebank', 'problem', 'account', 'transfer', 'detail'], problems))
  return lines.join('\n')
}
