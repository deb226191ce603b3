import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { inTimebank } from '../../../src/db/client.ts'
import { projectFolder } from '../../../src/db/migrate.ts'
import { purgeExpired, rotateSigningKey, sealer, sealKeys } from '../../../src/modules/identity/index.ts'
import { extendChain, postAll, setLimits, verifyChain } from '../../../src/modules/ledger/index.ts'
import { systemActor } from '../../../src/shared/actor.ts'
import { addMember, type Client, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { follow, hold, transfer } from './support.ts'

/** The check as the README prints it. */
const readme = readFileSync(path.join(projectFolder(), 'README.md'), 'utf8')
const script = /^```js check-proof\n(.*?)^```$/ms.exec(readme)?.[1] ?? ''
const folder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-proof-'))

let stage: Stage
let admin: Client
let ann: Client
let bev: Client
let cleo: Client
let timebankId: string

before(async () => {
  stage = await makeStage('ledger proof')
  admin = await setUp(stage)
  ann = await addMember(stage, admin)
  bev = await addMember(stage, admin)
  cleo = await addMember(stage, admin)
  timebankId = ok(await ann.get('/v1/me')).memberships[0].timebankId
  writeFileSync(path.join(folder, 'check-proof.mjs'), script)
})
after(async () => {
  await stage.close()
  rmSync(folder, { recursive: true, force: true })
})

const work = <T>(inside: Parameters<typeof inTimebank<T>>[3]) =>
  inTimebank(stage.database, timebankId, systemActor, inside)
const chain = async () =>
  extendChain(stage.database, timebankId, await sealer(stage.database), await sealKeys(stage.database), {
    patienceSeconds: 0
  })
const keysNow = async () => ok(await stage.anonymous.get('/.well-known/seal-keys.json'))
const proofOf = async (who: Client, id: string) => ok(await who.get(`transfers/${id}/proof`))

let files = 0
/** Runs the script by plain node on a proof and keys. */
async function check(proof: unknown, keys: unknown): Promise<{ exit: number; said: string }> {
  files += 1
  const [proofFile, keysFile] = [path.join(folder, `proof${files}.json`), path.join(folder, `keys${files}.json`)]
  writeFileSync(proofFile, JSON.stringify(proof))
  writeFileSync(keysFile, JSON.stringify(keys))
  return new Promise((resolve) => {
    execFile(process.execPath, [path.join(folder, 'check-proof.mjs'), proofFile, keysFile], (error, stdout) =>
      resolve({ exit: error === null ? 0 : Number(error.code ?? 1), said: stdout.trim() })
    )
  })
}

// biome-ignore lint/suspicious/noExplicitAny: proofs are taken apart field by field
type Json = any

/** Every leaf of the JSON, with a copy of the whole in which that one is another: a digit, longer, shorter or nothing. */
function* altered(value: Json, at: string[] = []): Generator<{ field: string; copyOf: (root: Json) => Json }> {
  for (const [i, [key, inner]] of Object.entries<Json>(value).entries()) {
    const where = [...at, key]
    if (inner !== null && typeof inner === 'object') {
      yield* altered(inner, where)
      continue
    }
    const text = String(inner)
    const middle = Math.floor(text.length / 2)
    const digit = `${text.slice(0, middle)}${text[middle] === '1' ? '2' : '1'}${text.slice(middle + 1)}`
    const others = typeof inner === 'string' ? [digit, `${text}0`, text.slice(0, -1), null] : [inner + 1]
    const copyOf = (root: Json) => {
      const copy = structuredClone(root)
      where.slice(0, -1).reduce((o, k) => o[k], copy)[key] = others[i % others.length]
      return copy
    }
    yield { field: where.join('.'), copyOf }
  }
}

test('the script is short and needs nothing but node', () => {
  assert.ok(script.trim().split('\n').length <= 40)
  assert.deepEqual(
    [...script.matchAll(/from '(.+)'/g)].map(([, name]) => name),
    ['node:crypto', 'node:fs']
  )
})

test('both members, staff and auditors get a proof that the script of the README accepts; others get none', async () => {
  const held = hold(ann.accountId, bev.accountId, 45)
  const moved = Array.from({ length: 6 }, (_, i) => transfer(bev.accountId, ann.accountId, 10 + i))
  await work((tx) => postAll(tx, [...moved, held]))
  const settled = follow('settle', held, { minutes: 30 })
  await work((tx) => postAll(tx, [settled]))
  await work((tx) =>
    setLimits(tx, ann.accountId, { floorSoft: -900, floorHard: null, ceilingSoft: null, ceilingHard: null }, 'agreed')
  )
  refused(await ann.get(`transfers/${settled.id}/proof`), 409, 'not-chained-yet')
  await chain()
  const keys = await keysNow()
  for (const { id } of [moved[0]!, moved[5]!, held, settled])
    for (const who of [ann, bev, admin]) {
      const proof = await proofOf(who, id)
      const { exit, said } = await check(proof, keys)
      assert.deepEqual([exit, said.slice(0, 8)], [0, 'Proved: '], said)
    }
  refused(await cleo.get(`transfers/${settled.id}/proof`), 404, 'not-found')
  refused(await ann.get(`transfers/${crypto.randomUUID()}/proof`), 404, 'not-found')
  refused(await stage.anonymous.get(`/v1/timebanks/rivertown/transfers/${settled.id}/proof`), 401, 'unauthenticated')
  const { said } = await check(await proofOf(ann, settled.id), keys)
  assert.match(
    said,
    new RegExp(`^Proved: 30 minutes, account ${ann.accountId} to ${bev.accountId}, on 2026-03-01, signed `)
  )
})

test("a member's proof tells nothing of the other side that their statement does not", async () => {
  const one = transfer(ann.accountId, bev.accountId, 7)
  await work((tx) => postAll(tx, [one]))
  await chain()
  const proof = await proofOf(ann, one.id)
  assert.deepEqual(Object.keys(proof.sealed), ['digest'])
  const names = 'timebankId id recordedAt operation kind debitAccount creditAccount minutes performedOn ref groupId'
  assert.deepEqual(Object.keys(proof.transfer), names.split(' '))
  const whole = await proofOf(admin, one.id)
  const balance = ok(await admin.get(`accounts/${bev.accountId}`)).balanceMinutes
  assert.equal(whole.sealed.creditBalance, balance)
  assert.equal(typeof whole.sealed.fingerprint, 'string')
})

test('any altered field makes the check fail', { timeout: 120_000 }, async () => {
  const held = hold(ann.accountId, bev.accountId, 20)
  await work((tx) =>
    postAll(tx, [held, transfer(ann.accountId, bev.accountId, 3), transfer(bev.accountId, ann.accountId, 4)])
  )
  await chain()
  const keys = await keysNow()
  const [proof, whole] = [await proofOf(ann, held.id), await proofOf(admin, held.id)]
  assert.deepEqual([(await check(proof, keys)).exit, (await check(whole, keys)).exit], [0, 0])
  const copies = [
    ...[...altered(proof)].map(({ field, copyOf }) => ({ field, copy: copyOf(proof) })),
    ...[...altered({ sealed: whole.sealed })].map(({ field, copyOf }) => ({ field, copy: copyOf(whole) })),
    { field: 'sides', copy: { ...proof, path: proof.path.map((step: Json) => ({ left: step.left ?? step.right })) } },
    { field: 'path', copy: { ...proof, path: proof.path.slice(1) } }
  ]
  assert.ok(copies.length > 40)
  for (let i = 0; i < copies.length; i += 4)
    await Promise.all(
      copies.slice(i, i + 4).map(async ({ field, copy }) => {
        const { exit, said } = await check(copy, keys)
        assert.ok(exit !== 0 && !said.startsWith('Proved'), `${field}: ${said}`)
      })
    )
})

test('proofs stay good after a change of keys, and are made anew where the old key is known to others', async () => {
  const one = transfer(ann.accountId, bev.accountId, 2)
  await work((tx) => postAll(tx, [one]))
  await chain()
  const first = await proofOf(ann, one.id)
  await rotateSigningKey(stage.database)
  stage.clock.now = new Date(Date.now() + 3_600_000)
  await purgeExpired(stage.database)
  stage.clock.now = null
  const { rows } = await stage.database.pool.query('SELECT FROM identity.signing_keys WHERE kid = $1', [
    first.checkpoint.kid
  ])
  assert.equal(rows.length, 0)
  assert.equal((await check(first, await keysNow())).exit, 0)
  // nobody takes an access token for good by a key that is for checkpoints only
  const tokenKeys = ok(await stage.anonymous.get('/.well-known/jwks.json')).keys
  assert.ok(!tokenKeys.some(({ kid }: Json) => kid === first.checkpoint.kid))

  await chain()
  await rotateSigningKey(stage.database, { compromised: true })
  assert.match((await check(first, await keysNow())).said, /^NOT PROVED: there is no good key/)
  // (access tokens of the old key are good for up to a minute in a process that knows it)
  refused(await ann.get(`transfers/${one.id}/proof`), 409, 'not-chained-yet')
  await chain()
  const again = await proofOf(ann, one.id)
  assert.notEqual(again.checkpoint.kid, first.checkpoint.kid)
  assert.equal((await check(again, await keysNow())).exit, 0)
  assert.deepEqual(await work(async (tx) => verifyChain(tx, await sealKeys(stage.database))), [])
})
