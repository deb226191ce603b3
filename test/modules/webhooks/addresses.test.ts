import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { addressRule } from '../../../src/modules/webhooks/addresses.ts'
import { checkedUrl } from '../../../src/modules/webhooks/url.ts'
import type { Agency } from '../../support/agency.ts'
import { ok, refused } from '../../support/app.ts'
import { certificate } from './certificate.ts'
import { openReceiver } from './receiver.ts'
import { agencyIn, endpointAt, hour, openWorld, type World } from './support.ts'

/** What is not handed out to the public, by the IANA registries of special-purpose addresses; the first and last of each. */
const special = [
  '0.0.0.0 0.255.255.255',
  '10.0.0.0 10.255.255.255',
  '100.64.0.0 100.127.255.255',
  '127.0.0.0 127.255.255.255',
  '169.254.0.0 169.254.169.254 169.254.255.255',
  '172.16.0.0 172.31.255.255',
  '192.0.0.0 192.0.0.255',
  '192.0.2.0 192.0.2.255',
  '192.88.99.0 192.88.99.255',
  '192.168.0.0 192.168.255.255',
  '198.18.0.0 198.19.255.255',
  '198.51.100.0 198.51.100.255',
  '203.0.113.0 203.0.113.255',
  '224.0.0.0 239.255.255.255',
  '240.0.0.0 255.255.255.254 255.255.255.255',
  ':: ::1 ::7f00:1 ::127.0.0.1',
  '::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254',
  '64:ff9b::7f00:1 64:ff9b:1::1',
  '100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2001:db8:ffff::1 2002:7f00:1::1 3fff::1 5f00::1',
  'fc00::1 fd00:ec2::254 fdff:ffff::1',
  'fe80::1 febf::1 fec0::1',
  'ff02::1 ff0e::1',
  '4000::1 8000::1 e000::1'
].flatMap((line) => line.split(' '))

const open = ['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0']
  .concat(['172.15.255.255', '172.32.0.0', '192.0.1.0', '192.167.255.255', '192.169.0.0', '223.255.255.255'])
  .concat(['2a00:1450:4009::1', '2606:4700::1111', '::ffff:1.1.1.1'])

test('only public addresses are reached, whatever their form', () => {
  const { mayReach } = addressRule('refuse')
  for (const address of special) assert.equal(mayReach(address, false), false, address)
  for (const address of open) assert.equal(mayReach(address, false), true, address)
  for (const address of ['', 'nonsense', '1.1.1', '1.1.1.1.1', '2130706433', '0x7f.1', 'localhost'])
    assert.equal(mayReach(address, false), address === '1.1.1' ? mayReach('1.1.0.1', false) : false, address)
  for (const address of open) assert.equal(mayReach(address, true), false, `${address} in plain text`)
})

test('addresses that the operator has named are reached, also in plain text, and no others', () => {
  const { mayReach, plain } = addressRule('10.1.0.0/16, fd00::/8')
  assert.equal(plain, true)
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1']) assert.ok(mayReach(address, true), address)
  for (const address of ['10.2.0.1', '127.0.0.1', 'fc00::1', '::1']) assert.ok(!mayReach(address, false), address)
  assert.ok(mayReach('1.1.1.1', false))
  assert.ok(!mayReach('1.1.1.1', true))
  for (const address of special.filter((text) => text !== 'nonsense'))
    assert.ok(addressRule('allow').mayReach(address, true))
})

/** An IPv4 address as text in one of the ways that are understood. */
const written = (address: number, form: number): string => {
  const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255)
  const forms = [
    () => bytes.join('.'),
    () => String(address),
    () => `0x${address.toString(16)}`,
    () => `0${address.toString(8)}`,
    () => bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
    () => bytes.map((byte) => `0x${byte.toString(16)}`).join('.'),
    () => `${bytes[0]}.${address & 0xffffff}`,
    () => `${bytes[0]}.${bytes[1]}.${address & 0xffff}`,
    () => `[::ffff:${bytes.join('.')}]`,
    () => `[::ffff:${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}]`
  ]
  return forms[form]!()
}

const inRange = (address: number, range: string): boolean => {
  const [text = '', bits] = range.split('/')
  const network = text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
  return Math.floor(address / 2 ** (32 - Number(bits))) === Math.floor(network / 2 ** (32 - Number(bits)))
}

const ranges4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24'
]
  .concat(['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'])
  .concat(['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'])

test('an address in a special range is refused in every form that it can be written in, and others are not', (t) => {
  const seed = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`FC_SEED=${seed}`)
  const rule = addressRule('refuse')
  const near = fc.constantFrom(...ranges4).chain((range) => {
    const [text = '', bits] = range.split('/')
    const first = text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
    return fc.integer({ min: Math.max(first - 5, 0), max: Math.min(first + 2 ** (32 - Number(bits)) + 5, 2 ** 32 - 1) })
  })
  const address = fc.oneof(near, fc.integer({ min: 0, max: 2 ** 32 - 1 }))
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 9 }), (number, form) => {
      const isSpecial = ranges4.some((range) => inRange(number, range))
      const url = `https://${written(number, form)}/hook`
      if (isSpecial) assert.throws(() => checkedUrl(url, rule), { code: 'validation-failed' })
      else assert.ok(URL.canParse(checkedUrl(url, rule)))
    }),
    { seed, numRuns: 3000 }
  )
})

let world: World
let agency: Agency
let near: Awaited<ReturnType<typeof openReceiver>>
let far: Awaited<ReturnType<typeof openReceiver>>
const names: Record<string, () => string[] | Promise<string[]>> = {}
const lookups: string[] = []

before(async () => {
  // 127.0.0.2 is named and stands for the open internet, 127.0.0.1 for what lies behind the service
  far = await openReceiver({ host: '127.0.0.2', tls: true })
  near = await openReceiver({ host: '127.0.0.1', tls: true, port: far.port })
  world = await openWorld('addresses', {
    open: '127.0.0.2/32',
    line: {
      ca: certificate,
      resolve: async (name) => {
        lookups.push(name)
        return (await names[name]?.()) ?? []
      }
    }
  })
  agency = await agencyIn(world)
})

after(async () => {
  await far.close()
  await near.close()
  await world.close()
})

const outcomeAt = async (url: string) => {
  const endpoint = await endpointAt(world, agency, url)
  const { state, verification } = await endpoint.read()
  ok(await agency.client.call('DELETE', endpoint.where), 204)
  return [state, verification.outcome]
}

test('an address that is given as a number in any form is refused where it is private', async () => {
  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0177.0.0.1',
    '0x7f000001',
    '0x7f.1',
    '127.1',
    '0',
    '0.0.0.0',
    '10.0.0.8',
    '169.254.169.254',
    '0xA9FEA9FE',
    '100.64.0.1',
    '192.168.1.1',
    '192.0.2.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[fe80::1]',
    '[fd00::1]',
    '[2001:db8::1]',
    '①②⑦.0.0.1'
  ]) {
    const answer = await agency.client.post('webhook-endpoints', { url: `https://${host}:${far.port}/` })
    assert.deepEqual(
      refused(answer, 400, 'validation-failed').errors.map(({ pointer }: { pointer: string }) => pointer),
      ['/url']
    )
  }
  assert.equal(near.all.length, 0)
})

test('http goes to addresses that the operator has named, and to no other', async () => {
  refused(await agency.client.post('webhook-endpoints', { url: 'http://1.1.1.1/' }), 400, 'validation-failed')
  names['plain.test'] = () => ['1.1.1.1']
  assert.deepEqual(await outcomeAt('http://plain.test/'), ['unverified', 'address_refused'])
  const receiver = await openReceiver({ host: '127.0.0.2' })
  assert.deepEqual(await outcomeAt(receiver.url), ['active', 'answered'])
  await receiver.close()
})

test('a name that leads to a private address is refused before anything is sent there', async () => {
  for (const addresses of [['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['10.0.0.1', '127.0.0.1'], ['0.0.0.0']]) {
    names['receiver.test'] = () => addresses
    assert.deepEqual(await outcomeAt(`https://receiver.test:${far.port}/`), ['unverified', 'address_refused'])
  }
  names['receiver.test'] = () => []
  assert.deepEqual(await outcomeAt(`https://receiver.test:${far.port}/`), ['unverified', 'host_unknown'])
  names['receiver.test'] = () => Promise.reject(new Error('SERVFAIL'))
  assert.deepEqual(await outcomeAt(`https://receiver.test:${far.port}/`), ['unverified', 'host_unknown'])
  names['receiver.test'] = () => new Promise(() => {})
  assert.deepEqual(await outcomeAt(`https://receiver.test:${far.port}/`), ['unverified', 'timeout'])
  assert.equal(near.all.length, 0)
})

test('of several addresses of a name only those are tried that may be', async () => {
  names['receiver.test'] = () => ['127.0.0.1', '127.0.0.2', '::1']
  assert.deepEqual(await outcomeAt(`https://receiver.test:${far.port}/`), ['active', 'answered'])
  assert.equal(near.all.length, 0)
})

test('a name that changes its address after the check gains nothing: what was checked is what is connected to', async () => {
  let asked = 0
  names['receiver.test'] = () => {
    asked += 1
    return [asked === 1 ? '127.0.0.2' : '127.0.0.1']
  }
  lookups.length = 0
  const url = `https://receiver.test:${far.port}/rebinding`
  const endpoint = await endpointAt(world, agency, url)
  assert.equal((await endpoint.read()).state, 'active')
  assert.deepEqual(lookups, ['receiver.test'])
  const before = far.all.length
  await world.tell(agency)
  await world.settled()
  assert.equal(near.all.length, 0)
  assert.equal(far.all.length, before)
  const [delivery] = await endpoint.deliveries()
  assert.deepEqual([delivery.state, delivery.lastOutcome, delivery.lastStatus], ['waiting', 'address_refused', null])
  names['receiver.test'] = () => ['127.0.0.2']
  await world.later(hour)
  assert.equal((await endpoint.deliveries('delivered')).length, 1)
  world.stage.clock.now = null
})

test('a redirect to a private address leads nowhere', async () => {
  names['receiver.test'] = () => ['127.0.0.2']
  far.state.challenge = (response) => response.writeHead(307, { location: `https://127.0.0.1:${near.port}/` }).end()
  assert.deepEqual(await outcomeAt(`https://receiver.test:${far.port}/`), ['unverified', 'redirect'])
  delete far.state.challenge
  assert.equal(near.all.length, 0)
})

test('a certificate of another name, and a receiver that speaks without one, are refused', async () => {
  names['other.test'] = () => ['127.0.0.2']
  const before = far.all.length
  assert.deepEqual(await outcomeAt(`https://other.test:${far.port}/`), ['unverified', 'tls'])
  assert.equal(far.all.length, before)
  const plain = await openReceiver({ host: '127.0.0.2' })
  assert.deepEqual(await outcomeAt(`https://other.test:${plain.port}/`), ['unverified', 'tls'])
  await plain.close()
  assert.deepEqual(await outcomeAt(`https://other.test:${plain.port}/`), ['unverified', 'connection'])
})
