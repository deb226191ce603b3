import { inTimebank, type Tx } from '../../../src/db/client.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import type { Answer, Client, Stage } from '../../support/app.ts'

/** Runs domain code as the service itself, in the client's timebank. */
export async function asService<T>(stage: Stage, client: Client, work: (tx: Tx) => Promise<T>): Promise<T> {
  const timebank = await stage.database.pool.query('SELECT id FROM timebanks.timebanks WHERE slug = $1', [
    client.timebank
  ])
  return inTimebank(stage.database, timebank.rows[0].id, systemActor, work)
}

/** The rows of a CSV answer, without its byte order mark; no cell of the tests has a quoted line break. */
export const csvLines = (answer: Answer): string[] =>
  answer.text
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split('\r\n')
