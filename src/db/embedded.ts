// The launcher of the bundled PostgreSQL: `npm start` without DATABASE_URL has a real server in its data folder.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, ensureDatabase, type Found, findServer, removeStaleLocks } from './embedded/find.ts'
import { initialise } from './embedded/initialise.ts'
import { ownFolder } from './embedded/own.ts'
import { chooseSocketDir, findPlace, type Place, preparePlace } from './embedded/place.ts'
import { launchServer, stopServer } from './embedded/serve.ts'
import { type Binaries, locatePackage, unpackBinaries } from './embedded/unpack.ts'

export type EmbeddedOptions = {
  /** e.g. /x/.data/postgres; created 0700 when missing */
  dataDir: string
  /** default true; false (tests only) gives up all safety against a power cut */
  durable?: boolean
  /** more settings of the server, over the launcher's own */
  settings?: Record<string, string>
  onNotice?: (text: string) => void
}

export type EmbeddedServer = {
  /** connection parameters for pg: superuser `commonhours`, database `commonhours` */
  connection: Connection
  /** the same as a postgres:// URL */
  url: string
  /** true when a running server of this data folder was found and used */
  adopted: boolean
  pid: number
  /** fast shutdown, and waits for it; stops an adopted server too */
  stop(): Promise<void>
}

const patienceMs = 30_000

const toUrl = ({ host, port, user, database, password }: Connection): string =>
  `postgres://${user}${password ? `:${encodeURIComponent(password)}` : ''}@${encodeURIComponent(host)}:${port}/${database}`

const silent = (): void => {
  // nobody listens
}

/** A refusal that goes away by itself: the last server's children or lock are still there for a second or two. */
const passing = /lock file|shared memory|already in use|Address in use|is being used/

const socketTrouble = /could not (create|bind|set permissions|set group).*(socket|\.s\.PGSQL)/i

/** Waits out a server that starts or stops; 'none' or 'ready' in the end. */
const waitForState = async (
  place: Place,
  notice: (text: string) => void
): Promise<Exclude<Found, { state: 'busy' }>> => {
  const end = Date.now() + patienceMs
  for (let waited = 0; ; waited += 20) {
    const found = await findServer(place)
    if (found.state !== 'busy') return found
    // recovery takes as long as it takes
    if (found.status !== 'starting' && Date.now() > end) {
      const why = found.error instanceof Error ? `: ${found.error.message}` : ''
      throw new Error(`a database server (pid ${found.pid}) holds ${place.dataDir} and does not answer${why}`)
    }
    if (waited > 0 && waited % 10_000 === 0) notice(`waiting for the database server (pid ${found.pid})`)
    await sleep(20)
  }
}

type Running = { pid: number; connection: Connection; adopted: boolean; binaries: Binaries | null }

const run = async (place: Place, options: EmbeddedOptions, notice: (text: string) => void): Promise<Running> => {
  const durable = options.durable ?? true
  let binaries: Binaries | null = null
  let insideWorks = true
  for (const end = Date.now() + patienceMs; ; ) {
    const found = await waitForState(place, notice)
    if (found.state === 'ready') return { ...found, adopted: true, binaries }
    if (!binaries) {
      binaries = await unpackBinaries(locatePackage(), place.user, place.dataDir)
      await initialise(place, binaries, durable)
    }
    const socketDir = chooseSocketDir(place, insideWorks)
    removeStaleLocks(place, socketDir)
    const launched = await launchServer(
      { place, binaries, socketDir, durable, settings: options.settings ?? {} },
      notice
    )
    if (!('failure' in launched)) return { ...launched, adopted: false, binaries }
    // shared folders of virtual machines hold no sockets
    const elsewhere = insideWorks && socketTrouble.test(launched.failure)
    if (elsewhere) insideWorks = false
    else if (!passing.test(launched.failure) || Date.now() > end) {
      throw new Error(`the database server did not start in ${place.dataDir}: ${launched.failure}`)
    }
    await sleep(200)
  }
}

/**
 * Starts the server of this data folder, or adopts the one that a killed service left running. The caller becomes the
 * folder's only owner until `stop()`; a second service is refused.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const notice = options.onNotice ?? silent
  const place = preparePlace(options.dataDir, notice)
  const release = await ownFolder(place)
  let running: Running | undefined
  try {
    running = await run(place, options, notice)
    await ensureDatabase(running.connection)
    return describe(place, running, notice, release)
  } catch (error) {
    if (running && !running.adopted) await stopServer(place, running.pid, running.binaries, notice)
    release()
    throw error
  }
}

/** Connects to a running server of this data folder, or null: for the command line while the service is up. */
export async function findEmbedded(dataDir: string): Promise<EmbeddedServer | null> {
  const place = findPlace(dataDir)
  if (!place) return null
  const found = await waitForState(place, silent)
  if (found.state === 'none') return null
  return describe(place, { ...found, adopted: true, binaries: null }, silent, silent)
}

const describe = (
  place: Place,
  running: Running,
  notice: (text: string) => void,
  release: () => void
): EmbeddedServer => {
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    const onWindows = process.platform === 'win32'
    const binaries = onWindows
      ? (running.binaries ?? (await unpackBinaries(locatePackage(), place.user, place.dataDir)))
      : null
    await stopServer(place, running.pid, binaries, notice)
    release()
  }
  return {
    connection: running.connection,
    url: toUrl(running.connection),
    adopted: running.adopted,
    pid: running.pid,
    stop: () => {
      stopped ??= stop()
      return stopped
    }
  }
}
