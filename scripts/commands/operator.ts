import type { Command } from 'commander'
import { foldEmail, makeOperator } from '../../src/modules/identity/index.ts'
import { CommandError } from '../support/errors.ts'
import { withDatabase } from '../support/ground.ts'
import { say } from '../support/output.ts'

export function operatorCommand(program: Command): void {
  const operator = program.command('operator').description('people who run this installation')
  operator
    .command('grant')
    .description('let somebody who is known here make timebanks')
    .argument('<email>', 'their e-mail address')
    .action((email: string) =>
      withDatabase(async (database) => {
        const { rows } = await database.pool.query<{ id: string; operator: boolean }>(
          'SELECT id, operator FROM identity.persons WHERE email = $1',
          [foldEmail(email)]
        )
        const [person] = rows
        if (!person) throw new CommandError('Nobody here has this e-mail address.')
        if (!person.operator) await makeOperator(database.db, person.id)
        say(person.operator ? 'They are an operator already.' : 'They are an operator now.')
      })
    )
}
