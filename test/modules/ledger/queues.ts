import type { Database } from '../../../src/db/client.ts'
import { databaseError } from '../../../src/db/errors.ts'
import type { Operation, Outcome } from '../../../src/modules/ledger/call.ts'
import type { PostingQueue } from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'

/** One statement of a queue, as it went to the database. */
export type Statement = { timebanks: string[]; ids: string[]; refs: string[] }

export type Spy = {
  database: Database
  statements: Statement[]
  /** SQLSTATEs, or messages where there is none, of statements that failed */
  failures: string[]
  /** statements wait from now on, until the answer is called */
  hold(): () => void
  /** what becomes of the next statements after the database has done them: null, or an error in place of the answer */
  spoil: (nth: number) => Error | null
}

/** The same database, where one sees what a queue sends, and can make it wait. */
export function spyOn(database: Database): Spy {
  let gate: Promise<void> = Promise.resolve()
  const statements: Statement[] = []
  const failures: string[] = []
  const postings = new Proxy(database.postings, {
    get(pool, name) {
      if (name !== 'query') return Reflect.get(pool, name)
      return async (statement: { name: string; text: string; values: unknown[] }) => {
        if (!statement.name.startsWith('ledger.post_')) return pool.query(statement)
        // the order of both functions' parameters: timebank, actor, id, …, ref tenth
        const column = (i: number) => [statement.values[i]].flat().filter((v) => v !== null) as string[]
        statements.push({ timebanks: column(0), ids: column(2), refs: column(9) })
        await gate
        try {
          const nth = statements.length
          const result = await pool.query(statement)
          const error = spy.spoil(nth)
          if (error !== null) throw error
          return result
        } catch (error) {
          failures.push(databaseError(error)?.code ?? String((error as Error).message))
          throw error
        }
      }
    }
  })
  const spy: Spy = {
    database: { ...database, postings },
    statements,
    failures,
    hold: () => {
      let open = () => {}
      gate = new Promise((resolve) => {
        open = resolve
      })
      return open
    },
    spoil: () => null
  }
  return spy
}

/** To a queue, for one timebank, as the system. */
export const submitter =
  (queue: PostingQueue, { timebankId }: { timebankId: string }) =>
  (operation: Operation): Promise<Outcome> =>
    queue.submit({ timebankId, actor: systemActor, operation })
