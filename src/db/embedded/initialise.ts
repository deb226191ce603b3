// The first start: initdb in a folder of its own below the data folder, then its entries move up, PG_VERSION last. Until
// PG_VERSION is there nothing counts as a database, so a kill at any moment leaves nothing that a later start trips over.
// (Below and not beside: the data folder may be a mount point, or its parent closed to us.)
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { errorCode, type Place } from './place.ts'
import { type Binaries, noBundledServer } from './unpack.ts'

/** Superuser and database. */
export const roleName = 'commonhours'
/** Where Windows keeps the random password, in the data folder. */
export const passwordFile = 'commonhours.password'
const marker = 'commonhours.initialising'
const ours = /^(commonhours\..*|initdb-.*|lost\+found)$/

/** Only what the server needs: no PG* variable of ours may change what it does. */
export const serverEnvironment = (): Record<string, string> => {
  const names = ['PATH', 'SystemRoot', 'SystemDrive', 'windir', 'TEMP', 'TMP', 'USERPROFILE', 'COMSPEC']
  const kept = names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))
  return { PATH: '/usr/bin:/bin', ...Object.fromEntries(kept), LC_ALL: 'C.UTF-8' }
}

type Run = { code: number | null; output: string }

/** Runs one program of the bundle to its end. */
export const runProgram = (file: string, args: string[], cwd: string, place: Place): Promise<Run> =>
  new Promise((resolve, reject) => {
    const ids = place.user ? { uid: place.user.uid, gid: place.user.gid } : {}
    const child = spawn(file, args, {
      ...ids,
      cwd,
      env: serverEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', (error) => reject(explainSpawn(error, file)))
    child.on('close', (code) => resolve({ code, output }))
  })

/** A program that is there and yet "not found" lacks its loader: Alpine and other systems without glibc. */
export const explainSpawn = (error: Error, file: string): Error =>
  errorCode(error) === 'ENOENT' && existsSync(file) ? noBundledServer(' (it needs the GNU C library)') : error

const syncFolder = (folder: string): void => {
  // Windows cannot open a folder
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

/** Fails with what to do when the folder holds a database of another major version. */
const checkVersion = (dataDir: string, binaries: Binaries): void => {
  const found = Number.parseInt(readFileSync(join(dataDir, 'PG_VERSION'), 'utf8'), 10)
  if (found === binaries.major) return
  throw new Error(
    `the database in ${dataDir} was made by PostgreSQL ${found}, and this version of Commonhours brings PostgreSQL \
${binaries.major}: make a back-up with the version of Commonhours that made it, move the folder away, start this one \
and restore the back-up`
  )
}

/** Windows has no socket with a mode: a random password stands in, in a file that only this user may read. */
const makePassword = async (place: Place): Promise<string[]> => {
  const file = join(place.dataDir, `${passwordFile}.new`)
  rmSync(file, { force: true })
  writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 })
  const access = ['/inheritance:r', '/grant:r', `${userInfo().username}:F`]
  await runProgram('icacls', [file, ...access], place.dataDir, place).catch(() => {
    // a disk without access lists: the folder's own protection has to do
  })
  return [`--pwfile=${file}`, '-A', 'scram-sha-256']
}

const runInitdb = async (place: Place, binaries: Binaries, work: string, durable: boolean): Promise<void> => {
  const secret = process.platform === 'win32' ? await makePassword(place) : ['-A', 'trust']
  const inside = place.serverDir === place.dataDir ? work : place.serverDir
  const base = ['-D', inside, '-U', roleName, '-k', '-E', 'UTF8', '--text-search-config=simple']
  // collation and case rules come with the server, not with the machine's C library, so they never change under an index
  base.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', ...secret, ...(durable ? [] : ['--no-sync']))
  let run = await runProgram(binaries.initdb, [...base, '--locale=C.UTF-8'], work, place)
  // machines whose C library has no C.UTF-8
  if (/invalid locale/.test(run.output)) run = await runProgram(binaries.initdb, [...base, '--locale=C'], work, place)
  if (run.code !== 0) throw new Error(`the database could not be created in ${place.dataDir}: ${run.output.trim()}`)
}

/** Creates the database cluster when the data folder has none. */
export const initialise = async (place: Place, binaries: Binaries, durable: boolean): Promise<void> => {
  const { dataDir, user } = place
  const at = (name: string): string => join(dataDir, name)
  if (existsSync(at('PG_VERSION'))) {
    checkVersion(dataDir, binaries)
    sweep(dataDir)
    return
  }
  const foreign = readdirSync(dataDir).filter((name) => !ours.test(name))
  if (foreign.length > 0 && !existsSync(at(marker))) {
    throw new Error(`the data folder ${dataDir} is not empty and holds no database (${foreign.slice(0, 5).join(', ')})`)
  }
  for (const name of foreign) rmSync(at(name), { recursive: true, force: true })
  writeFileSync(at(marker), '', { mode: 0o644 })
  const work = at(`initdb-${randomUUID()}`)
  mkdirSync(work, { mode: 0o700 })
  if (user) chownSync(work, user.uid, user.gid)
  await runInitdb(place, binaries, work, durable)
  for (const name of readdirSync(work)) if (name !== 'PG_VERSION') renameSync(join(work, name), at(name))
  if (existsSync(at(`${passwordFile}.new`))) renameSync(at(`${passwordFile}.new`), at(passwordFile))
  syncFolder(dataDir)
  renameSync(join(work, 'PG_VERSION'), at('PG_VERSION'))
  syncFolder(dataDir)
  rmSync(at(marker), { force: true })
  sweep(dataDir)
}

const sweep = (dataDir: string): void => {
  for (const name of readdirSync(dataDir).filter((each) => each.startsWith('initdb-'))) {
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true })
    } catch {
      // an initdb whose service was killed still writes there: a later start removes it, it harms nothing
    }
  }
}
