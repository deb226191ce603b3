import { scheduleTasks } from '../../../src/modules/schedule/index.ts'
import { type Client, type Stage, signIn } from '../../support/app.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests, which know their shape
export type Json = any

/** Monday noon; summer time begins on 29 March. */
export const monday = new Date('2026-03-02T12:00:00Z')

/** Moves the clock. Tokens last ten minutes, so everybody signs in anew. */
export async function moveClock(stage: Stage, instant: string, ...clients: Client[]): Promise<void> {
  stage.clock.now = new Date(instant)
  for (const client of clients) {
    const { rows } = await stage.database.pool.query('SELECT email FROM identity.persons WHERE id = $1', [
      client.personId
    ])
    Object.assign(client, await signIn(stage, client.timebank, rows[0].email))
  }
}

export const planAhead = (stage: Stage) => scheduleTasks(stage.database)['schedule.plan']!({})
export const remind = (stage: Stage) => scheduleTasks(stage.database)['schedule.remind']!({})
