import { isIP } from 'node:net'
import path from 'node:path'
import { z } from 'zod'

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `an address that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`
  })

/** An address, a range such as 10.0.0.0/8, one of the names that fastify knows for ranges, or `true`. */
function isProxy(text: string): boolean {
  const [address = '', bits] = text.split('/')
  if (bits === undefined && ['true', 'loopback', 'linklocal', 'uniquelocal'].includes(address)) return true
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return most > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

/** `refuse`, `allow`, or ranges such as 10.0.0.0/8 with all their bits said. */
const isAddressRule = (text: string): boolean =>
  text === 'refuse' || text === 'allow' || text.split(',').every((part) => part.includes('/') && isProxy(part.trim()))

/** The whole environment of the service. Descriptions become the README's table. */
export const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('Port to listen on; 0 takes a free one'),
  PUBLIC_URL: url('http:', 'https:')
    .optional()
    .describe(
      'Address at which people reach the service; in links, tokens and the OpenAPI document. Default: http://HOST:PORT'
    ),
  DATABASE_URL: url('postgres:', 'postgresql:')
    .optional()
    .describe('PostgreSQL 15 or later. Without it the bundled PostgreSQL runs in the data folder'),
  DATABASE_POOL: z.coerce
    .number()
    .int()
    .min(2)
    .max(200)
    .default(10)
    .describe('Most connections to the database for transactions; up to six more are for short reads and postings'),
  POSTING_QUEUE: z
    .enum(['shared', 'per-timebank'])
    .default('shared')
    .describe(
      'Which postings share a statement and a commit: `shared` for all, `per-timebank` where the database is distributed by timebank'
    ),
  COMMONHOURS_DATA: z
    .string()
    .min(1)
    .default('./.data')
    .describe('Folder of the bundled PostgreSQL and of the mail log'),
  SMTP_URL: url('smtp:', 'smtps:')
    .optional()
    .describe(
      'Mail server, such as smtps://user:password@mail.example.org. Without it mail is written to the mail log'
    ),
  MAIL_FROM: z.string().min(3).default('Commonhours <commonhours@localhost>').describe('Sender of mails'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('What is logged: fatal, error, warn, info, debug, trace or silent'),
  TRUST_PROXY: z
    .string()
    .refine((text) => text.split(',').every((part) => isProxy(part.trim())), { error: 'addresses, ranges or `true`' })
    .optional()
    .describe(
      'Proxies whose X-Forwarded-For is believed: addresses or ranges, separated by commas, or `true` for one that you fully control'
    ),
  CORS_ORIGINS: z
    .string()
    .default('')
    .describe('Web origins that may call the API from a browser, separated by commas'),
  WEBHOOK_PRIVATE_ADDRESSES: z
    .string()
    .refine(isAddressRule, { error: '`refuse`, `allow`, or ranges' })
    .default('refuse')
    .describe(
      'Whether webhooks may go to private, loopback and other special addresses, also by plain http: `refuse`, `allow` (for tests), or ranges such as 10.1.0.0/16, separated by commas'
    ),
  RATE_LIMIT: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(600)
    .describe('Requests a minute per person, or per address where nobody is signed in')
})

export type Config = z.infer<typeof environment> & { publicUrl: string; dataFolder: string }

/** Reads the environment; a wrong value ends with a message that names every wrong variable and what is expected. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const known = Object.fromEntries(
    Object.keys(environment.shape).map((name) => [name, env[name] === '' ? undefined : env[name]])
  )
  const parsed = environment.safeParse(known)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]) as keyof typeof environment.shape
      return `  ${name}: ${issue.message} (${environment.shape[name].description})`
    })
    throw new Error(`The configuration cannot be used:\n${faults.join('\n')}`)
  }
  const config = parsed.data
  return Object.freeze({
    ...config,
    publicUrl: (config.PUBLIC_URL ?? `http://${config.HOST}:${config.PORT}`).replace(/\/+$/, ''),
    dataFolder: path.resolve(config.COMMONHOURS_DATA)
  })
}
