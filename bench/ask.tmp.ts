import pg from 'pg'
import { connect, inTimebank } from '../src/db/client.ts'
import { findEmbedded } from '../src/db/embedded.ts'
import { beginSession, makeIdentity } from '../src/modules/identity/index.ts'
import { systemActor } from '../src/shared/actor.ts'
import { compiled, freePort, startService } from '../test/support/process.ts'
import { build } from './ground.ts'
import { measureLists } from './lists.ts'
import { sectionText } from './report.ts'

build()
const data = '/tmp/work/city'
const port = await freePort()
const service = await startService(data, port, {}, [], compiled)
const server = (await findEmbedded(`${data}/postgres`))!
const owner = new pg.Client({ connectionString: server.url })
await owner.connect()
const database = connect({ url: server.url, max: 4 })
await owner.query('CREATE TEMPORARY TABLE IF NOT EXISTS word (n integer, word text)')
const tb = (await owner.query("SELECT id FROM timebanks.timebanks WHERE slug='city'")).rows[0].id
await owner.query('INSERT INTO word SELECT 1, word FROM listings.words WHERE timebank_id=$1 LIMIT 100', [tb])
const { rows } = await owner.query(
  'SELECT id, person_id AS "personId", account_id AS "accountId" FROM members.memberships WHERE timebank_id=$1 AND number <= 21 ORDER BY number',
  [tb]
)
const identity = makeIdentity({ database, issuer: service.url })
const [broker, ...members] = rows.map((r: any) => ({ ...r, token: '' }))
const town = {
  slug: 'city',
  timebankId: tb,
  categoryId: '',
  broker,
  members,
  signIn: async () => {
    for (const p of rows.map((_: any, i: number) => (i === 0 ? broker : members[i - 1])))
      p.token = (await beginSession(identity, p.personId, 'password')).accessToken
  }
}
await owner.query('ANALYZE')
const only = process.argv[2] ? new RegExp(process.argv[2]) : /./
console.log(
  sectionText(
    {
      title: 'x',
      figures: await measureLists({ service, port, server, owner, database } as never, town as never, only)
    },
    1
  )
)
if (process.argv[3] === 'wait') await new Promise((r) => setTimeout(r, 600_000))
await owner.end()
await database.close()
service.child.kill('SIGTERM')
await service.exited
