import { appendFile, chmod, mkdir } from 'node:fs/promises'
import path from 'node:path'
import nodemailer from 'nodemailer'
import type SMTPTransport from 'nodemailer/lib/smtp-transport'

/** One mail to one person: plain text, as everybody can read it, and the same as HTML where there is one. */
export type Mail = {
  to: string
  subject: string
  text: string
  html?: string
  /** Becomes the Message-ID, so that a mail that is sent once more is recognisable as the same. */
  id?: string
  /** Where its reader stops mails of this kind: a web address that takes a POST (RFC 8058). */
  unsubscribe?: string
}

export type Mailer = {
  /**
   * Resolves when the mail server has taken the mail (or it is in the log). The error tells neither address nor text;
   * `refusalIn` says whether trying again is in vain.
   */
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
    async send(mail) {
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: oneLine(mail.to) },
          subject: oneLine(mail.subject),
          text: mail.text,
          ...(mail.html === undefined ? {} : { html: mail.html }),
          ...(mail.id === undefined ? {} : { messageId: `<${mail.id}@${domainOf(from)}>` }),
          headers: headersOf(mail)
        })
      } catch (error) {
        throw withoutAddress(error)
      }
    },
    close: () => transport.close()
  }
}

function headersOf({ unsubscribe }: Mail): Record<string, string> {
  return {
    // so that no absence note answers it (RFC 3834)
    'Auto-Submitted': 'auto-generated',
    ...(unsubscribe === undefined ? {} : { 'List-Unsubscribe': `<${unsubscribe}>` }),
    // one click is for https only (RFC 8058, 3.1)
    ...(unsubscribe?.startsWith('https:') ? { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } : {})
  }
}

/** What stands behind the @ of an address such as `Name <post@example.org>`. */
const domainOf = (from: string): string => /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'localhost'

type Refusal = Error & { refusedWith: number }

/** The code with which the mail server refused this address or this mail for good, or null where a later attempt may do. */
export const refusalIn = (error: unknown): number | null => (error as Partial<Refusal>).refusedWith ?? null

/**
 * Servers repeat the address in their refusals ("550 <…> unknown"); only the codes leave here. A 5xx in answer to the address or
 * the mail is for good; one to the greeting, the login or the sender is about the operator's own settings.
 */
function withoutAddress(error: unknown): Error {
  const { code, responseCode, command } = error as { code?: unknown; responseCode?: unknown; command?: unknown }
  const codes = [code, responseCode].filter((c) => c !== undefined && /^[A-Z0-9_]{1,30}$/.test(String(c)))
  const told = new Error(`the mail server did not take the mail (${codes.join(' ') || 'no code'})`)
  const forGood = Number(responseCode) >= 500 && (command === 'RCPT TO' || command === 'DATA')
  return forGood ? Object.assign(told, { refusedWith: Number(responseCode) }) : told
}

function toLog({ from, logFile }: MailerOptions): Mailer {
  let ready: Promise<void> | undefined
  return {
    async send({ to, subject, text, unsubscribe }) {
      ready ??= prepareLog(logFile)
      await ready.catch((error) => {
        ready = undefined
        throw error
      })
      const head = [`--- ${new Date().toISOString()}`, `From: ${from}`, `To: ${oneLine(to)}`]
      if (unsubscribe !== undefined) head.push(`List-Unsubscribe: <${unsubscribe}>`)
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
