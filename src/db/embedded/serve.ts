// Starts the server, waits for it, stops it.
import { spawn } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, connectionOf, type PidFile, readPidFile, servesFolder, windows } from './find.ts'
import { explainSpawn, runProgram, serverEnvironment } from './initialise.ts'
import { errorCode, type Place, socketPort } from './place.ts'
import type { Binaries } from './unpack.ts'

const defaults: Record<string, string> = {
  // a small machine, shared with the service
  shared_buffers: '256MB',
  max_connections: '60',
  jit: 'off',
  // pglz: every build has it
  wal_compression: 'on',
  checkpoint_timeout: '15min',
  max_wal_size: '2GB',
  autovacuum: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // seven files, one per weekday, each emptied when its day comes round
  logging_collector: 'on',
  log_directory: 'log',
  log_filename: 'postgresql-%a.log',
  log_truncate_on_rotation: 'on',
  log_rotation_age: '1d',
  log_rotation_size: '0',
  log_checkpoints: 'off',
  // No personal data in the server's log: no statement, no parameter, no DETAIL line with key values. Messages of failed
  // statements (level error) quote values as well ("invalid input syntax for …"); the client gets them, the log does not.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_statement: 'none',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0'
}

const undurable = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

const quoteList = (folder: string): string => `"${folder.replaceAll('"', '""')}"`

const settingArguments = (settings: Record<string, string>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : socketPort))
    })
  })

const startLog = 'commonhours.start.log'

/** What a failed start left in our file and in the collector's. */
const readFailure = (dataDir: string, since: number): string => {
  const folder = join(dataDir, 'log')
  const logs = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  const texts = [join(dataDir, startLog), ...logs].map((path) => {
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < since) return ''
    return readFileSync(path, 'utf8').slice(-4000)
  })
  const lines = texts.join('\n').split('\n')
  return lines
    .filter((line) => /FATAL|PANIC|ERROR|HINT|could not|error/.test(line))
    .slice(-8)
    .join('\n')
}

/** The collector empties a file only when it rotates at midnight; a service that is started daily never gets there. */
const trimLogs = (dataDir: string): void => {
  const folder = join(dataDir, 'log')
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false })
    const old = stat && Date.now() - stat.mtimeMs > 6 * 86_400_000
    if (stat && (old || stat.size > 10_000_000)) rmSync(join(folder, name), { force: true })
  }
}

export type Launch = {
  place: Place
  binaries: Binaries
  socketDir: string
  durable: boolean
  settings: Record<string, string>
}
export type Launched = { pid: number; connection: Connection } | { failure: string }

/** Starts the server and waits until it takes connections; a refusal of the server comes back as its own words. */
export const launchServer = async (launch: Launch, notice: (text: string) => void): Promise<Launched> => {
  const { place, binaries } = launch
  const since = Date.now() - 1000
  trimLogs(place.dataDir)
  const settings = {
    ...defaults,
    ...(launch.durable ? {} : undurable),
    ...launch.settings,
    ...(windows
      ? { listen_addresses: '127.0.0.1', port: String(await freePort()) }
      : {
          listen_addresses: '',
          port: String(socketPort),
          unix_socket_directories: quoteList(launch.socketDir),
          unix_socket_permissions: '0700'
        })
  }
  const child = windows
    ? await spawnOnWindows(place, binaries, settingArguments(settings))
    : spawnServer(place, binaries, settingArguments(settings))
  for (let waited = 0; ; waited += 20) {
    const file = readPidFile(place.dataDir)
    if (file?.status === 'ready' && (child.pid === undefined || file.pid === child.pid)) {
      return { pid: file.pid, connection: connectionOf(place, file) }
    }
    if (child.ended(file)) {
      if (child.error()) throw child.error()
      return { failure: readFailure(place.dataDir, since) || 'the server stopped without a word' }
    }
    // after a crash of a busy server this may take minutes, and cutting it short only starts it over
    if (waited > 0 && waited % 10_000 === 0) notice('the database server is still recovering from its last stop')
    await sleep(20)
  }
}

type Child = { pid: number | undefined; ended: (file: PidFile | null) => boolean; error: () => Error | undefined }

/**
 * In a process group of its own, so that Ctrl-C reaches only the service, which stops the server after its last request.
 * No pipe leads to us: the server outlives a killed service and must never meet a closed one.
 */
const spawnServer = (place: Place, binaries: Binaries, settings: string[]): Child => {
  const log = join(place.dataDir, startLog)
  rmSync(log, { force: true })
  const output = openSync(log, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND, 0o600)
  const ids = place.user ? { uid: place.user.uid, gid: place.user.gid } : {}
  const child = spawn(binaries.postgres, ['-D', place.serverDir, ...settings], {
    ...ids,
    cwd: place.dataDir,
    env: serverEnvironment(),
    detached: true,
    stdio: ['ignore', output, output]
  })
  closeSync(output)
  let failed: Error | undefined
  let gone = false
  child.on('error', (error) => {
    failed = explainSpawn(error, binaries.postgres)
    gone = true
  })
  child.on('exit', () => {
    gone = true
  })
  child.unref()
  return { pid: child.pid ?? -1, ended: () => gone, error: () => failed }
}

/** Only pg_ctl can shed an administrator's rights, with which postgres refuses to run. */
const spawnOnWindows = async (place: Place, binaries: Binaries, settings: string[]): Promise<Child> => {
  const options = settings.map((each) => (/[\s"]/.test(each) ? `"${each.replaceAll('"', '\\"')}"` : each)).join(' ')
  const args = ['start', '-W', '-s', '-D', place.serverDir, '-l', join(place.dataDir, startLog), '-o', options]
  rmSync(join(place.dataDir, startLog), { force: true })
  const child = spawn(binaries.pgCtl, args, {
    cwd: place.dataDir,
    env: serverEnvironment(),
    detached: true,
    windowsHide: true,
    stdio: 'ignore'
  })
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve))
  const givenUpAt = Date.now() + 10_000
  const dead = (file: PidFile | null): boolean =>
    file ? !servesFolder(file.pid, place.dataDir) : Date.now() > givenUpAt
  return { pid: undefined, ended: (file) => code !== 0 || dead(file), error: () => undefined }
}

const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/** Fast shutdown: sessions are ended, a checkpoint is written. Waits for the end of the process. */
export const stopServer = async (
  place: Place,
  pid: number,
  binaries: Binaries | null,
  notice: (text: string) => void
): Promise<void> => {
  const done = (): boolean => !servesFolder(pid, place.dataDir) || (readPidFile(place.dataDir)?.pid ?? pid) !== pid
  if (done()) return
  if (windows) {
    // there are no signals between processes: pg_ctl speaks to the server's pipe
    if (!binaries) throw new Error('without its programs the server cannot be stopped')
    await runProgram(binaries.pgCtl, ['stop', '-m', 'fast', '-w', '-D', place.serverDir], place.dataDir, place)
  } else send(pid, 'SIGINT')
  for (let waited = 0; !done(); waited += 20) {
    if (waited === 60_000 && !windows) {
      notice('the database server does not end its work: it is cut off, and recovers at its next start')
      send(pid, 'SIGQUIT')
    }
    if (waited > 90_000) throw new Error(`the database server (pid ${pid}) does not stop`)
    await sleep(20)
  }
}
