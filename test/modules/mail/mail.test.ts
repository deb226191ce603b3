import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { makeMailer } from '../../../src/modules/mail/index.ts'
import { startMailServer } from './server.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'commonhours-mail-'))
after(() => rmSync(folder, { recursive: true }))

const from = 'Timebank <tb@example.org>'
const mail = { to: 'ada@example.org', subject: 'Croeso – ŵ', text: 'First line\n\n.a line with a dot\nŷ end\n' }

test('without a mail server mails are appended to the log as readable text, for the service’s own eyes', async () => {
  const logFile = path.join(folder, 'new', 'mail.log')
  const mailer = makeMailer({ from, logFile })
  await mailer.send(mail)
  await mailer.send({ ...mail, to: 'bob@example.org' })
  const log = readFileSync(logFile, 'utf8')
  const parts = log.split(/^--- .*\n/m).slice(1)
  assert.equal(parts.length, 2)
  assert.equal(parts[0], `From: ${from}\nTo: ada@example.org\nSubject: Croeso – ŵ\n\n${mail.text}\n\n`)
  assert.match(parts[1] ?? '', /To: bob@example\.org/)
  assert.equal(statSync(logFile).mode & 0o777, 0o600)
})

test('a log that others could read is closed to them', async () => {
  const logFile = path.join(folder, 'open.log')
  writeFileSync(logFile, 'before\n')
  chmodSync(logFile, 0o644)
  await makeMailer({ from, logFile }).send(mail)
  assert.equal(statSync(logFile).mode & 0o777, 0o600)
  assert.match(readFileSync(logFile, 'utf8'), /^before\n--- /)
})

test('mails that are logged at the same moment do not mix', async () => {
  const logFile = path.join(folder, 'many.log')
  const mailers = [makeMailer({ from, logFile }), makeMailer({ from, logFile })]
  const text = 'x'.repeat(5000)
  await Promise.all(Array.from({ length: 40 }, (_, i) => mailers[i % 2]?.send({ ...mail, text })))
  const parts = readFileSync(logFile, 'utf8')
    .split(/^--- .*\n/m)
    .slice(1)
  assert.equal(parts.length, 40)
  assert.ok(parts.every((part) => part.endsWith(`\n\n${text}\n\n`)))
})

test('with a mail server the mail arrives as written, and says that a machine wrote it', async () => {
  const server = await startMailServer()
  const mailer = makeMailer({ smtpUrl: server.url, from, logFile: path.join(folder, 'unused.log') })
  await mailer.send(mail)
  mailer.close()
  await server.close()
  const [received] = server.mails
  assert.equal(received?.from, 'tb@example.org')
  assert.equal(received?.to, 'ada@example.org')
  assert.equal(received?.text.trimEnd(), mail.text.trimEnd())
  assert.match(received?.headers ?? '', /^Auto-Submitted: auto-generated$/m)
  assert.match(received?.headers ?? '', /^From: Timebank <tb@example\.org>$/m)
  assert.throws(() => statSync(path.join(folder, 'unused.log')))
})

test('an address or a subject with line breaks adds neither recipients nor headers', async () => {
  const server = await startMailServer()
  const mailer = makeMailer({ smtpUrl: server.url, from, logFile: path.join(folder, 'unused.log') })
  await mailer
    .send({ to: 'ada@example.org\r\nBcc: eve@example.org', subject: 'a\r\nBcc: eve@example.org', text: 'x' })
    .catch(() => {})
  mailer.close()
  await server.close()
  for (const received of server.mails) {
    assert.doesNotMatch(received.headers, /^Bcc:/im)
    assert.notEqual(received.to, 'eve@example.org')
  }
})

test('a refusal, and a server that is not there, are errors that tell no address', async () => {
  const server = await startMailServer({ refuse: true })
  const refusing = makeMailer({ smtpUrl: server.url, from, logFile: '' })
  await assert.rejects(refusing.send(mail), (error: Error) => {
    assert.equal(error.message, 'the mail server did not take the mail (EENVELOPE 550)')
    assert.equal(error.cause, undefined)
    return true
  })
  await server.close()
  await assert.rejects(refusing.send(mail), /\((ESOCKET|ECONNREFUSED|ECONNECTION)\)/)
})
