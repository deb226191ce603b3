// Where the data lives, and as which user of the operating system the server runs.
import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** A user of the operating system: whose processes postgres runs under. */
export type OsUser = { uid: number; gid: number; name: string }

/** A data folder as the launcher uses it. */
export type Place = {
  /** the folder with PG_VERSION, symbolic links resolved */
  dataDir: string
  /** what the server is told: the same, or a way in for a server that cannot walk the path (see serverPath) */
  serverDir: string
  /** null: the user this process already runs as */
  user: OsUser | null
}

/**
 * The kernel resolves this link without asking for the right to walk the parents. So a server that is started *inside*
 * its data folder gets on well below a closed folder such as /root; `-D .` does not, as postgres makes it absolute.
 */
const ownCwd = '/proc/self/cwd'

/** The longest socket path: sockaddr_un holds 108 bytes on Linux and 104 on macOS and BSD, with the closing zero. */
const socketPathBytes = process.platform === 'linux' ? 107 : 103

export const socketPort = 5432

/** How the names of private socket folders begin. */
export const socketFolderPrefix = 'commonhours-'

export const errorCode = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')

const allows = (stat: Stats, user: OsUser | null, bit: number): boolean => {
  if (user === null) return true
  const shift = stat.uid === user.uid ? 6 : stat.gid === user.gid ? 3 : 0
  return ((stat.mode >> shift) & bit) === bit
}

/** Whether the user may walk to this path and has the right (4 read, 2 write, 1 execute) on it. */
export const mayUse = (path: string, user: OsUser | null, bit: number): boolean => {
  try {
    const real = realpathSync(path)
    if (user === null) {
      accessSync(real, bit)
      return true
    }
    if (!allows(statSync(real), user, bit)) return false
    for (let at = dirname(real); ; at = dirname(at)) {
      if (!allows(statSync(at), user, constants.X_OK)) return false
      if (at === dirname(at)) return true
    }
  } catch {
    return false
  }
}

const accounts = (): OsUser[] => {
  if (!existsSync('/etc/passwd')) return []
  const rows = readFileSync('/etc/passwd', 'utf8').split('\n')
  return rows.flatMap((row) => {
    const [name, , uid, gid] = row.split(':')
    // macOS writes nobody as -2
    return name && Number(uid) > 0 && Number(gid) > 0 ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
}

/** postgres refuses to run as root: take the owner of the folder, else `postgres`, else `nobody`. */
const chooseUser = (dataDir: string): OsUser | null => {
  if (process.getuid?.() !== 0) return null
  const known = accounts()
  const stat = statSync(dataDir)
  if (stat.uid !== 0) {
    const owner = known.find((account) => account.uid === stat.uid)
    return owner ?? { uid: stat.uid, gid: stat.gid, name: String(stat.uid) }
  }
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const account = known.find((each) => each.name === name)
    if (account) return account
  }
  throw new Error('PostgreSQL does not run as root and there is neither a user "postgres" nor "nobody": add one')
}

const giveTo = (folder: string, user: OsUser): void => {
  chownSync(folder, user.uid, user.gid)
  // a folder that was restored or copied by root
  if (!existsSync(join(folder, 'PG_VERSION'))) return
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(folder, entry), user.uid, user.gid)
  }
}

const elsewhere = (dataDir: string): string =>
  join('/var/lib/commonhours', createHash('sha256').update(dataDir).digest('hex').slice(0, 16))

/** null when the server cannot work on this path at all. */
const serverPath = (dataDir: string, user: OsUser | null): string | null => {
  if (user === null || mayUse(dirname(dataDir), user, constants.X_OK)) return dataDir
  return existsSync(ownCwd) ? ownCwd : null
}

const unusable = (dataDir: string, error: unknown): Error => {
  const who = process.getuid ? `user ${process.getuid()}` : 'this user'
  return new Error(`the data folder ${dataDir} cannot be used by ${who} (${errorCode(error)}): start the service as the \
user who owns it, or choose another folder`)
}

/** The place of an existing data folder, without changing anything; null when there is no database in it. */
export const findPlace = (wanted: string): Place | null => {
  for (const path of [resolve(wanted), elsewhere(resolve(wanted))]) {
    try {
      if (!statSync(join(path, 'PG_VERSION'), { throwIfNoEntry: false })) continue
      const dataDir = realpathSync(path)
      const user = chooseUser(dataDir)
      return { dataDir, serverDir: serverPath(dataDir, user) ?? dataDir, user }
    } catch (error) {
      throw unusable(path, error)
    }
  }
  return null
}

/** Makes the data folder (0700, owned by the server's user) or, where that cannot work, one in /var/lib/commonhours. */
export const preparePlace = (wanted: string, notice: (text: string) => void): Place => {
  const path = resolve(wanted)
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const dataDir = realpathSync(path)
    if (!statSync(dataDir).isDirectory()) throw new Error(`${path} is not a folder`)
    readdirSync(dataDir)
    const user = chooseUser(dataDir)
    const serverDir = serverPath(dataDir, user)
    if (serverDir !== null && take(dataDir, user)) return { dataDir, serverDir, user }
    const moved = elsewhere(path)
    notice(`the database cannot be kept in ${path} (PostgreSQL runs as "${user?.name}" there); it is kept in ${moved}`)
    mkdirSync(dirname(moved), { recursive: true, mode: 0o755 })
    mkdirSync(moved, { recursive: true, mode: 0o700 })
    const owner = chooseUser(moved)
    take(moved, owner)
    return { dataDir: moved, serverDir: moved, user: owner }
  } catch (error) {
    throw errorCode(error) ? unusable(path, error) : error
  }
}

/** Gives the folder to the server's user with the mode that postgres demands; false where the disk has no owners. */
const take = (dataDir: string, user: OsUser | null): boolean => {
  try {
    if (user && statSync(dataDir).uid !== user.uid) giveTo(dataDir, user)
    if (process.platform !== 'win32' && (statSync(dataDir).mode & 0o027) !== 0) chmodSync(dataDir, 0o700)
    return true
  } catch (error) {
    if (user && ['EPERM', 'EOPNOTSUPP', 'EINVAL'].includes(errorCode(error))) return false
    throw error
  }
}

const privateSocketDir = (place: Place): string => {
  const uid = place.user?.uid ?? process.getuid?.() ?? 0
  const hash = createHash('sha256').update(place.dataDir).digest('hex').slice(0, 12)
  const name = `${socketFolderPrefix}${hash}-${uid}`
  const base = [tmpdir(), '/tmp'].find((dir) => fits(join(dir, name)) && mayUse(dir, place.user, 3)) ?? '/tmp'
  const dir = join(base, name)
  try {
    mkdirSync(dir, { mode: 0o700 })
    if (place.user) chownSync(dir, place.user.uid, place.user.gid)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  const stat = lstatSync(dir)
  // root: a start that was killed between mkdir and chown leaves a folder of root's, which is as good
  if (place.user && stat.isDirectory() && stat.uid === 0) chownSync(dir, place.user.uid, place.user.gid)
  const safe = stat.isDirectory() && (stat.uid === uid || (place.user && stat.uid === 0)) && (stat.mode & 0o077) === 0
  if (!safe) throw new Error(`${dir} belongs to someone else or is open to others: remove it, it is for our socket`)
  return dir
}

const fits = (dir: string): boolean => Buffer.byteLength(join(dir, `.s.PGSQL.${socketPort}`)) <= socketPathBytes

/** The folder of the unix socket as the server names it: the data folder, or a short private one where that is too long. */
export const chooseSocketDir = (place: Place, insideWorks: boolean): string =>
  insideWorks && fits(place.dataDir) ? place.serverDir : privateSocketDir(place)
