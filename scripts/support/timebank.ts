import type { Database } from '../../src/db/client.ts'
import { everyTimebank, findTimebank, type Timebank } from '../../src/modules/timebanks/index.ts'
import { CommandError } from './errors.ts'

/** The timebank named by short name or id; where there is only one, it needs no name. */
export async function chooseTimebank(database: Database, ref: string | undefined): Promise<Timebank> {
  if (ref !== undefined) {
    const found = await findTimebank(database.db, ref)
    if (!found) throw new CommandError(`There is no timebank ${ref} here. The command timebanks lists them.`)
    return found
  }
  const [first, second] = await everyTimebank(database)
  if (!first) throw new CommandError('There is no timebank yet: set the service up first.')
  if (second) throw new CommandError('Say which timebank: --timebank <slug>. The command timebanks lists them.', 2)
  return first
}
