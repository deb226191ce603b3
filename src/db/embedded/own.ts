// One service per data folder. Every start lays down a record of its own and then looks at the others' records: nobody
// ever takes over a file of somebody else, so there is no moment at which two starts could both believe they won.
import { randomUUID } from 'node:crypto'
import {
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { hostname, uptime } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Place } from './place.ts'

/** Folder of the records inside the data folder. */
const ownerFolder = 'commonhours.owner'

const heartbeatMs = 2000
// a killed service needs a moment to be gone
const graceMs = 500
const foreignSilenceMs = 5 * heartbeatMs

type OwnerRecord = {
  id: string
  state: 'trying' | 'owner'
  pid: number
  /** when the process started, from /proc, so that a reused pid is not taken for the owner */
  started: string
  host: string
  /** boot id (Linux) or the second of the boot */
  boot: string
  /** pid namespace: a pid of another container says nothing here */
  namespace: string
}

const readOr = (read: () => string, otherwise: string): string => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** Start time of a process in ticks since the boot; '' where /proc does not tell. */
const startedAt = (pid: number): string => {
  const stat = readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // a zombie owns nothing
  return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? '')
}

const describeSelf = (): OwnerRecord => ({
  id: randomUUID(),
  state: 'trying',
  pid: process.pid,
  started: startedAt(process.pid),
  host: hostname(),
  boot: readOr(
    () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    String(Math.round(Date.now() / 1000 - uptime()))
  ),
  namespace: readOr(() => readlinkSync('/proc/self/ns/pid'), '')
})

const sameBoot = (a: string, b: string): boolean =>
  a === b || (/^\d+$/.test(a) && /^\d+$/.test(b) && Math.abs(Number(a) - Number(b)) < 120)

const running = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}

/** 'unknown' for a process of another container or machine: only its heartbeat can tell. */
const judge = (other: OwnerRecord, self: OwnerRecord): 'alive' | 'dead' | 'unknown' => {
  const here = sameBoot(other.boot, self.boot)
  if (here && other.namespace === self.namespace) {
    return running(other.pid) && startedAt(other.pid) === other.started ? 'alive' : 'dead'
  }
  return !here && other.host === self.host ? 'dead' : 'unknown'
}

const readRecords = (folder: string, self: OwnerRecord): Array<{ file: string; record: OwnerRecord }> =>
  readdirSync(folder).flatMap((name) => {
    const file = join(folder, name)
    if (!name.endsWith('.json') || name === `${self.id}.json`) return []
    try {
      return [{ file, record: JSON.parse(readFileSync(file, 'utf8')) as OwnerRecord }]
    } catch {
      // withdrawn this instant; records appear whole, by rename
      return []
    }
  })

const mtime = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Watches a record whose process cannot be looked at, until its heartbeat shows or stays away. */
const beats = async (file: string): Promise<boolean> => {
  const before = mtime(file)
  for (const end = Date.now() + foreignSilenceMs; Date.now() < end; await sleep(200)) {
    if (mtime(file) !== before) return mtime(file) !== 0
  }
  return false
}

/**
 * Makes this process the only owner of the data folder, or fails when another live service has it.
 * Records of dead processes are swept away. Returns the function that gives the ownership back.
 */
export const ownFolder = async ({ dataDir, user }: Place): Promise<() => void> => {
  const folder = join(dataDir, ownerFolder)
  // readable: after a crash postgres opens every file below its folder, and the data folder itself is 0700
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  // so that the folder's own user can start the service later without root
  if (user) lchownSync(folder, user.uid, user.gid)
  const self = describeSelf()
  const file = join(folder, `${self.id}.json`)
  const write = (state: OwnerRecord['state']): void => {
    self.state = state
    writeFileSync(`${file}.new`, JSON.stringify(self), { flag: 'wx', mode: 0o644 })
    renameSync(`${file}.new`, file)
  }
  const beat = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date())
    } catch {
      // the folder was removed under us: nothing left to own
    }
  }, heartbeatMs)
  beat.unref()
  const release = (): void => {
    clearInterval(beat)
    rmSync(file, { force: true })
  }
  try {
    write('trying')
    const refuseAt = Date.now() + graceMs
    while (!(await unrivalled(folder, self, dataDir, refuseAt))) await sleep(20)
    write('owner')
    return release
  } catch (error) {
    release()
    throw error
  }
}

/** True: nobody else is there. False: someone who will have to withdraw still is. Throws when it is us who withdraws. */
const unrivalled = async (folder: string, self: OwnerRecord, dataDir: string, refuseAt: number): Promise<boolean> => {
  let alone = true
  for (const { file, record } of readRecords(folder, self)) {
    const state = judge(record, self)
    if (state === 'dead' || (state === 'unknown' && !(await beats(file)))) {
      rmSync(file, { force: true })
      continue
    }
    // of two that try at the same time the smaller id goes on
    if (record.state === 'owner' ? Date.now() >= refuseAt : record.id < self.id) {
      const where = state === 'unknown' ? ` on ${record.host}` : ''
      throw new Error(`another Commonhours service (pid ${record.pid}${where}) uses this data folder: ${dataDir}`)
    }
    alone = false
  }
  return alone
}
