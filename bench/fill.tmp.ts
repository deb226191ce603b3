import { mkdirSync } from 'node:fs'
import pg from 'pg'
import { connect } from '../src/db/client.ts'
import { findEmbedded } from '../src/db/embedded.ts'
import { compiled, freePort, startService } from '../test/support/process.ts'
import { citySize, makeCity } from './city.ts'
import { build } from './ground.ts'

build()
const data = '/tmp/work/city'
mkdirSync(data)
const port = await freePort()
const service = await startService(data, port, {}, [], compiled)
const server = (await findEmbedded(`${data}/postgres`))!
const owner = new pg.Client({ connectionString: server.url })
await owner.connect()
const database = connect({ url: server.url, max: 4 })
await makeCity({ service, port, server, owner, database } as never, citySize({ quick: false }))
await owner.end()
await database.close()
service.child.kill('SIGTERM')
await service.exited
