import { type App, buildApp } from '../../../src/app.ts'
import { connect, type Database } from '../../../src/db/client.ts'
import { makeIdentity } from '../../../src/modules/identity/index.ts'
import { makePostingQueue, type PostingQueue } from '../../../src/modules/ledger/index.ts'
import { noWebhooks, type Stage } from '../../support/app.ts'

export type Twin = { app: App; queue: PostingQueue; close(): Promise<void> }

/** The service once more on the stage's database, as a second process would be: connections, memory and queue of its own. */
export async function makeTwin(
  stage: Stage,
  options: { capacity?: number; seenAs?: (database: Database) => Database } = {}
): Promise<Twin> {
  const { capacity = 5000, seenAs = (same: Database) => same } = options
  const database = connect({ url: stage.ownerUrl, onError: () => {} })
  const queue = makePostingQueue(seenAs(database), { capacity })
  const publicUrl = 'http://commonhours.test'
  const app = await buildApp({
    database,
    postings: queue,
    webhooks: noWebhooks,
    identity: makeIdentity({ database, issuer: publicUrl }),
    publicUrl,
    rateLimit: 1_000_000,
    corsOrigins: [],
    trustProxy: false
  })
  return {
    app,
    queue,
    close: async () => {
      await app.close()
      await queue.drained()
      await database.close()
    }
  }
}
