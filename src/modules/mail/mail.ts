import { appendFile, chmod, mkdir } from 'node:fs/promises'
import path from 'node:path'
import nodemailer from 'nodemailer'
import type SMTPTransport from 'nodemailer/lib/smtp-transport'

/** One mail to one person: plain text, as everybody can read it. */
export type Mail = { to: string; subject: string; text: string }

export type Mailer = {
  /** Resolves when the mail server has taken the mail (or it is in the log). The error tells neither address nor text. */
  send(mail: Mail): Promise<void>
  close(): void
}

export type MailerOptions = {
  /** Without one, mails are written to the log. */
  smtpUrl?: string | undefined
  from: string
  logFile: string
}

export function makeMailer(options: MailerOptions): Mailer {
  return options.smtpUrl === undefined ? toLog(options) : toServer(options.smtpUrl, options.from)
}

function toServer(smtpUrl: string, from: string): Mailer {
  const settings: SMTPTransport.Options & { url: string } = {
    url: smtpUrl,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    // a text that names a file or an address must never fetch it
    disableFileAccess: true,
    disableUrlAccess: true
  }
  const transport = nodemailer.createTransport(settings)
  return {
    async send({ to, subject, text }) {
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: oneLine(to) },
          subject: oneLine(subject),
          text,
          // so that no absence note answers it (RFC 3834)
          headers: { 'Auto-Submitted': 'auto-generated' }
        })
      } catch (error) {
        throw withoutAddress(error)
      }
    },
    close: () => transport.close()
  }
}

/** Servers repeat the address in their refusals ("550 <…> unknown"); only the codes leave here. */
function withoutAddress(error: unknown): Error {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown }
  const codes = [code, responseCode].filter((c) => c !== undefined && /^[A-Z0-9_]{1,30}$/.test(String(c)))
  return new Error(`the mail server did not take the mail (${codes.join(' ') || 'no code'})`)
}

function toLog({ from, logFile }: MailerOptions): Mailer {
  let ready: Promise<void> | undefined
  return {
    async send({ to, subject, text }) {
      ready ??= prepareLog(logFile)
      await ready.catch((error) => {
        ready = undefined
        throw error
      })
      const head = [`--- ${new Date().toISOString()}`, `From: ${from}`, `To: ${oneLine(to)}`]
      // one write, so that mails of several processes do not mix
      await appendFile(logFile, `${[...head, `Subject: ${oneLine(subject)}`, '', text].join('\n')}\n\n`, {
        mode: 0o600
      })
    },
    close() {}
  }
}

/** The log holds sign-in codes: nobody but the service's own user may read it, also where it was there before. */
async function prepareLog(logFile: string): Promise<void> {
  await mkdir(path.dirname(logFile), { recursive: true, mode: 0o700 })
  await appendFile(logFile, '', { mode: 0o600 })
  await chmod(logFile, 0o600)
}

const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ')
