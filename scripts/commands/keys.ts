import type { Command } from 'commander'
import { rotateSigningKey } from '../../src/modules/identity/index.ts'
import { withDatabase } from '../support/ground.ts'
import { say } from '../support/output.ts'

export function keysCommand(program: Command): void {
  const keys = program.command('keys').description('the keys that sign access tokens and checkpoints')
  keys
    .command('rotate')
    .description('sign with a new key from now on; tokens of the old one run out by themselves')
    .option('--compromised', 'the old keys are known to others: end all access tokens within a minute')
    .action(({ compromised = false }: { compromised?: boolean }) =>
      withDatabase(async (database) => {
        const { kid } = await rotateSigningKey(database, { compromised })
        say(`The new key is ${kid}.${compromised ? ' All older keys are gone.' : ''}`)
      })
    )
}
