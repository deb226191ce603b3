import type { Command } from 'commander'
import { makeSandbox, type Sandbox } from '../../src/modules/demo/index.ts'
import { table } from '../../src/modules/moving-in/index.ts'
import { slugSchema } from '../../src/modules/timebanks/schemas.ts'
import { CommandError } from '../support/errors.ts'
import { withDatabase } from '../support/ground.ts'
import { say, sayJson } from '../support/output.ts'

type Options = { slug: string; name: string; json?: boolean }

export function agenciesCommand(program: Command): void {
  const agencies = program.command('agencies').description('partner agencies and those who connect their systems')
  agencies
    .command('sandbox')
    .description('make a timebank of made-up people for integrators, with an agency and its credentials')
    .option('--slug <slug>', 'its short name, in addresses', 'sandbox')
    .option('--name <name>', 'its name', 'Sandbox Timebank')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Nobody in it is anybody, and it sends no mails. The broker and the people are played by the service: what becomes of a
referral goes by whom it is about. The secrets are shown this once.`
    )
    .action(async ({ slug, name, json }: Options) => {
      const { success } = slugSchema.safeParse(slug)
      if (!success) throw new CommandError(`${slug} is no short name: lower-case letters, digits and hyphens.`, 2)
      if (name.trim() === '' || name.length > 120) throw new CommandError('The name has 1 to 120 characters.', 2)
      const sandbox = await withDatabase((database) => makeSandbox(database, { slug, name: name.trim() }))
      if (json) sayJson(sandbox)
      else say(textOf(sandbox))
    })
}

const textOf = ({ timebank, admin, agency, people }: Sandbox): string =>
  [
    `The sandbox ${timebank} is ready. The secrets are shown this once.`,
    '',
    `agency         ${agency.name} (${agency.organisationId})`,
    `professional   ${agency.professionalId}`,
    `client id      ${agency.clientId}`,
    `client secret  ${agency.clientSecret}`,
    `admin          ${admin.email}, password ${admin.password}`,
    '',
    ...table(
      ['number', 'name', 'what becomes of a referral'],
      people.map(({ memberNumber, name, path }) => [String(memberNumber), name, path.replaceAll('_', ' ')])
    )
  ].join('\n')
