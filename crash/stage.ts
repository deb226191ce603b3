import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf } from '../bench/machine.ts'
import { findEmbedded, startEmbedded } from '../src/db/embedded.ts'
import { databasePid, freePort, type Running, startService } from '../test/support/process.ts'
import { startProxy } from '../test/support/proxy.ts'

/** What a round breaks. */
export const faults = ['service', 'database', 'both', 'clients cut', 'database cut'] as const
export type Fault = (typeof faults)[number]

/** A service that clients reach through a proxy, and its database. */
export type Stage = {
  /** where clients go: the proxy's address, which is the service's public one */
  url: string
  databaseUrl: string
  strike(fault: Fault): Promise<void>
  stop(): Promise<void>
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended with its parent
  }
}

/**
 * Either on the PostgreSQL that the service starts itself and revives, or, `proxied`, on one that is started here and
 * reached through a proxy, as a database on another machine would be.
 */
export async function openStage(program: readonly string[], proxied: boolean): Promise<Stage> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'commonhours-crash-'))
  const port = await freePort()
  const front = await startProxy({ port })
  const url = `http://127.0.0.1:${front.port}`
  const own = proxied ? await startEmbedded({ dataDir: path.join(data, 'database') }) : null
  const back = own
    ? await startProxy({ path: path.join(own.connection.host, `.s.PGSQL.${own.connection.port}`) })
    : null
  const address =
    own && back ? `postgres://${own.connection.user}@127.0.0.1:${back.port}/${own.connection.database}` : ''
  const start = (): Promise<Running> =>
    startService(data, port, { PUBLIC_URL: url, ...(address ? { DATABASE_URL: address } : {}) }, [], program)
  let service = await start()
  const databaseUrl = own?.url ?? (await findEmbedded(path.join(data, 'postgres')))!.url

  /** With all its children at the same moment: none of them gets the time to end in order. */
  const killDatabase = () => {
    const pid = databasePid(data)
    const children = childrenOf(pid)
    for (const each of [pid, ...children]) kill(each)
  }
  const strike = async (fault: Fault): Promise<void> => {
    if (fault === 'clients cut' || fault === 'database cut') {
      const proxy = fault === 'clients cut' ? front : back
      if (!proxy) throw new Error('there is no proxy before this database')
      for (let i = 0; i < 5; i += 1) {
        proxy.cut(50)
        await sleep(Math.random() * 200)
      }
      return
    }
    if (fault !== 'service') killDatabase()
    // the running service starts its database again by itself
    if (fault === 'database') return
    kill(service.child.pid!)
    await service.exited
    service = await start()
  }
  return {
    url,
    databaseUrl,
    strike,
    stop: async () => {
      service.child.kill('SIGTERM')
      await service.exited
      await front.close()
      await back?.close()
      await own?.stop()
      rmSync(data, { recursive: true, force: true })
    }
  }
}
