import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { addMember, ok } from '../../support/app.ts'
import { openReceiver } from './receiver.ts'
import { agencyIn, openWorld } from './support.ts'

test('receivers that hang hold up neither mails nor the end of the service', async (t) => {
  const receiver = await openReceiver()
  t.after(() => receiver.close())
  const world = await openWorld('ending', { line: { timeoutMs: 10_000 } })
  const { stage } = world
  let closing: Promise<void> | undefined
  const close = () => (closing ??= world.close())
  t.after(close)
  const agency = await agencyIn(world)
  const member = await addMember(stage, await world.admin())
  receiver.state.challenge = () => {}
  for (let i = 0; i < 6; i += 1) ok(await agency.client.post('webhook-endpoints', { url: `${receiver.url}/${i}` }), 201)
  while (receiver.state.underWay < 6) await sleep(5)

  const { email } = ok(await member.get('members/me'))
  ok(await stage.anonymous.post('/v1/auth/links', { email }), 202)
  const isMailed = () => readFileSync(stage.mailLog, { flag: 'a+', encoding: 'utf8' }).includes(email)
  for (let look = 0; look < 800 && !isMailed(); look += 1) await sleep(5)
  assert.ok(isMailed())
  assert.equal(receiver.state.underWay, 6)

  const begun = performance.now()
  await close()
  assert.ok(performance.now() - begun < 5000, `${performance.now() - begun} ms`)
})
