import { type AddressInfo, createServer, type Socket } from 'node:net'

export type Received = { from: string; to: string; headers: string; text: string }

/** As much of a mail server as it takes to receive (RFC 5321), on a port of its own. */
export async function startMailServer(options: { refuse?: boolean } = {}) {
  const mails: Received[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    serve(socket, mails, options.refuse === true)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise<void>((done) => server.close(() => done()))
    }
  }
}

function serve(socket: Socket, mails: Received[], refuse: boolean): void {
  let buffer = ''
  let data = false
  let [from, to] = ['', '']
  const say = (line: string) => socket.write(`${line}\r\n`)
  const command = (line: string) => {
    const verb = line.slice(0, 4).toUpperCase()
    const address = /<([^>]*)>/.exec(line)?.[1] ?? ''
    if (verb === 'EHLO' || verb === 'HELO') return say('250 mail.example')
    if (verb === 'MAIL') {
      from = address
      return say('250 ok')
    }
    if (verb === 'RCPT') {
      to = address
      return say(refuse ? `550 <${address}> is unknown here` : '250 ok')
    }
    if (verb === 'DATA') {
      data = true
      return say('354 go on')
    }
    if (verb === 'QUIT') {
      say('221 bye')
      return socket.end()
    }
    return say(verb === 'RSET' ? '250 ok' : '502 not known')
  }
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    buffer += chunk
    for (;;) {
      const end = buffer.indexOf(data ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const part = buffer.slice(0, end)
      buffer = buffer.slice(end + (data ? 5 : 2))
      if (data) {
        mails.push({ from, to, ...read(part) })
        data = false
        say('250 taken')
      } else command(part)
    }
  })
  say('220 mail.example')
}

function read(raw: string): { headers: string; text: string } {
  const [headers = '', ...rest] = raw.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n').replace(/^\.\./gm, '.')
  const encoding = /^content-transfer-encoding: *(\S+)/im.exec(headers)?.[1]?.toLowerCase()
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString('utf8')
      : encoding === 'quoted-printable'
        ? Buffer.from(
            body
              .replace(/=\r\n/g, '')
              .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
            'latin1'
          ).toString('utf8')
        : body
  return { headers, text: text.replaceAll('\r\n', '\n') }
}
