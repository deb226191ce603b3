import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { connect, type Database } from '../src/db/client.ts'
import { type EmbeddedServer, findEmbedded } from '../src/db/embedded.ts'
import { compiled, freePort, type Running, startService } from '../test/support/process.ts'
import { makeTown, type Town } from '../test/support/town.ts'
import { processorSeconds } from './machine.ts'

/** What all figures are measured on. */
export type Ground = {
  service: Running
  port: number
  /** the database server that the service has started, and the owner's connection to it */
  server: EmbeddedServer
  owner: pg.Client
  database: Database
  town: Town
  stop(): Promise<void>
}

/** Compiles as `npm start` does. */
export function build(): void {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error('npm run build failed')
}

/**
 * The service as a user starts it: compiled, on the PostgreSQL that it brings, with that one's durable settings, in a
 * folder of its own. Only the rate limit is raised. The members of its timebank have limits that nobody reaches.
 */
export async function makeGround(members: number): Promise<Ground> {
  build()
  const data = mkdtempSync(path.join(os.tmpdir(), 'commonhours-bench-'))
  const port = await freePort()
  const service = await startService(data, port, {}, [], compiled)
  const server = (await findEmbedded(path.join(data, 'postgres')))!
  const owner = new pg.Client({ connectionString: server.url })
  const database = connect({ url: server.url, max: 4 })
  const stop = async () => {
    await owner.end().catch(() => {})
    await database.close()
    service.child.kill('SIGTERM')
    await service.exited
    rmSync(data, { recursive: true, force: true })
  }
  try {
    await owner.connect()
    const policy = {
      memberFloorSoft: -900_000,
      memberFloorHard: -1_000_000,
      memberCeilingSoft: 9_000_000,
      memberCeilingHard: 10_000_000
    }
    const town = await makeTown(database, service.url, { slug: 'rivertown', members, policy })
    return { service, port, server, owner, database, town, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

export type Processor = { service: number; database: number }

/** Processor seconds of the service and of the database server that `work` took, with all that ran beside it. */
export async function withProcessor<T>(
  { service, server }: Ground,
  work: () => Promise<T>
): Promise<{ result: T; processor: Processor }> {
  const now = (): Processor => ({
    service: processorSeconds(service.child.pid!),
    database: processorSeconds(server.pid)
  })
  const before = now()
  const result = await work()
  const after = now()
  return {
    result,
    processor: { service: after.service - before.service, database: after.database - before.database }
  }
}

/** All processor seconds that are ours: of this process, of its children, and of the database server. */
export const ourSeconds = ({ server }: Ground): number => processorSeconds(process.pid) + processorSeconds(server.pid)
