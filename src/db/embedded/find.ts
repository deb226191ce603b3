// A running server, found by its postmaster.pid and proven by asking it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import pg from 'pg'
import { passwordFile, roleName } from './initialise.ts'
import { errorCode, type Place, socketFolderPrefix, socketPort } from './place.ts'

export type Connection = { host: string; port: number; user: string; database: string; password?: string }

/** What postmaster.pid says. */
export type PidFile = {
  pid: number
  identity: string
  dataDir: string
  port: number
  socketDir: string
  status: string
}

export const windows = process.platform === 'win32'

/** Reads postmaster.pid; null when there is none, or only the first half of one. */
export const readPidFile = (dataDir: string): PidFile | null => {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
    const [pid = '', folder = '', started = '', port = '', socketDir = '', , , status = ''] = lines
    if (!(Number(pid) > 0)) return null
    const identity = [pid, folder, started].join('\n')
    return { pid: Number(pid), identity, dataDir: folder, port: Number(port), socketDir, status: status.trim() }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * Whether the process is alive and, where /proc tells, at work in this data folder. Zombies count as dead (in a
 * container nobody may ever collect them) and so does a process that got the pid of a dead server.
 */
export const servesFolder = (pid: number, dataDir: string): boolean => {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      if (!stat.includes('(postgres') || /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))) return false
      const there = statSync(`/proc/${pid}/cwd`)
      const here = statSync(dataDir)
      return there.dev === here.dev && there.ino === here.ino
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes(errorCode(error))) return false
    }
  }
  if (windows) return exists(pid)
  const listed = spawnSync('ps', ['-o', 'stat=,comm=', '-p', String(pid)], { encoding: 'utf8' })
  return listed.error ? exists(pid) : /^[^Z\s]\S*\s.*postgres/.test(listed.stdout.trim())
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** Connection parameters of the server that wrote this pid file. */
export const connectionOf = (place: Place, file: PidFile): Connection => {
  const base = { user: roleName, database: roleName }
  if (windows) {
    const password = readFileSync(join(place.dataDir, passwordFile), 'utf8').trim()
    return { ...base, host: '127.0.0.1', port: file.port, password }
  }
  // The socket is in the data folder or in a private one. For the data folder our own name of it counts: the server may
  // call it /proc/self/cwd, or by the path it had before it was moved, or by the original's when this is a copy.
  const host = basename(file.socketDir).startsWith(socketFolderPrefix) ? file.socketDir : place.dataDir
  return { ...base, host, port: file.port }
}

const query = async (connection: Connection, text: string): Promise<Array<Record<string, unknown>>> => {
  // ssl and password are named so that PGSSLMODE and PGPASSWORD of our environment have no say
  const client = new pg.Client({ password: '', ...connection, ssl: false, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {
    // reported by the query itself
  })
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    await client.end().catch(() => {
      // the server is gone already
    })
  }
}

/** Creates the database on the first start; a start killed in between is made good by the next. */
export const ensureDatabase = async (connection: Connection): Promise<void> => {
  try {
    await query(connection, 'select 1')
  } catch (error) {
    if (errorCode(error) !== '3D000') throw error
    await query({ ...connection, database: 'postgres' }, `create database ${roleName}`)
  }
}

export type Found =
  | { state: 'none' }
  | { state: 'busy'; pid: number; status: string; error?: unknown }
  | { state: 'ready'; pid: number; connection: Connection }

/** Looks for a running server of this data folder and proves that it is one by asking it for its own postmaster.pid. */
export const findServer = async (place: Place): Promise<Found> => {
  const file = readPidFile(place.dataDir)
  if (file === null) return { state: 'none' }
  const alive = servesFolder(file.pid, place.dataDir)
  const busy: Found = { state: 'busy', pid: file.pid, status: file.status }
  // without /proc the path must match: a copied data folder brings the original's pid file along
  if (alive && process.platform !== 'linux' && !sameFolder(file.dataDir, place.dataDir)) return { state: 'none' }
  if (alive && file.status !== 'ready') return busy
  const connection = connectionOf(place, file)
  // only a socket in the folder itself can tell of a server in another container on the same folder
  if (!alive && (windows || connection.host !== place.dataDir)) return { state: 'none' }
  try {
    const rows = await query({ ...connection, database: 'postgres' }, "select pg_read_file('postmaster.pid') as text")
    if (!String(rows[0]?.['text']).startsWith(`${file.identity}\n`)) return alive ? busy : { state: 'none' }
    if (alive) return { state: 'ready', pid: file.pid, connection }
  } catch (error) {
    const unreachable = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(errorCode(error))
    if (alive || !unreachable) return { ...busy, error }
    return { state: 'none' }
  }
  throw new Error(`a PostgreSQL server in another container (pid ${file.pid} there) uses this data folder: \
${place.dataDir}`)
}

const sameFolder = (a: string, b: string): boolean => {
  try {
    const [one, two] = [statSync(a), statSync(b)]
    return one.dev === two.dev && one.ino === two.ino
  } catch {
    return false
  }
}

/**
 * Removes lock files of a dead server. postgres does so itself, except when its pid meanwhile belongs to another
 * process of the same user or to a zombie, both usual in containers; then it would refuse to start for ever.
 * Its children, which may outlive it by a second or two, still hold the shared memory and are noticed by that.
 */
export const removeStaleLocks = (place: Place, socketDir: string): void => {
  const file = readPidFile(place.dataDir)
  if (file && !servesFolder(file.pid, place.dataDir)) rmSync(join(place.dataDir, 'postmaster.pid'), { force: true })
  if (windows) return
  const socket = join(socketDir.startsWith('/proc/') ? place.dataDir : socketDir, `.s.PGSQL.${socketPort}`)
  if (!existsSync(`${socket}.lock`)) return
  const pid = Number.parseInt(readFileSync(`${socket}.lock`, 'utf8'), 10)
  if (pid > 0 && servesFolder(pid, place.dataDir)) return
  rmSync(socket, { force: true })
  rmSync(`${socket}.lock`, { force: true })
}
