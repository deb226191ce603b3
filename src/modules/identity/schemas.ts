import { z } from 'zod'
import { membershipStatuses, roles } from '../../shared/actor.ts'
import { emailPattern, localePattern, longestEmail, longestName, namePattern } from './persons.ts'

const email = z
  .string()
  .max(longestEmail)
  .regex(emailPattern, 'Not an e-mail address.')
  .describe('E-mail address; small and capital letters are the same')
// bounds only: the rules are for new passwords, and a wrong one is just wrong
const password = z.string().min(1).max(400)
const secret = z.string().min(1).max(200)
const name = z
  .string()
  .trim()
  .min(1)
  .max(longestName)
  .regex(namePattern, 'One line.')
  .describe('As the person writes it')
const locale = z
  .string()
  .max(35)
  .regex(localePattern, 'A language tag such as en, cy or es-MX.')
  .describe('Language of mails, such as `en`, `cy` or `es-MX`')

export const signInBody = z.strictObject({ email, password })
export const linkBody = z.strictObject({ email })
export const redeemBody = z.strictObject({ token: secret.describe('The code of the mail, once, within 15 minutes') })
export const refreshBody = z.strictObject({ refreshToken: secret })
export const refreshHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .optional()
    .describe('A repeat with the key of the first request, within a minute, gets a lost answer again')
})

export const passwordBody = z.strictObject({
  password: password.describe('The new one: 10 to 200 characters, not your name or address, and no well-known one'),
  currentPassword: password
    .optional()
    .describe('The present one, where there is one. Not needed within 30 minutes of signing in by a mailed link')
})

export const meChanges = z.strictObject({ name: name.optional(), locale: locale.optional() })

export const tokens = z
  .object({
    accessToken: z.string().describe('JWT, for `Authorization: Bearer`'),
    tokenType: z.literal('Bearer'),
    expiresInSeconds: z.int(),
    refreshToken: z.string().describe('For one use at `/v1/auth/refresh`; using it a second time ends the session'),
    refreshExpiresInSeconds: z.int()
  })
  .meta({ id: 'Tokens' })

export const myMembership = z
  .object({
    timebankId: z.uuid(),
    slug: z.string().describe('Short name of the timebank'),
    timebank: z.string().describe('Name of the timebank'),
    membershipId: z.uuid(),
    number: z.int().describe('Member number'),
    status: z.enum(membershipStatuses),
    roles: z.array(z.enum(roles))
  })
  .meta({ id: 'MyMembership' })

export type MyMembership = z.infer<typeof myMembership>

export const me = z
  .object({
    id: z.uuid(),
    email: z.string().nullable(),
    emailVerified: z.boolean(),
    name: z.string(),
    locale: z.string(),
    hasPassword: z.boolean(),
    operator: z.boolean().describe('Runs the installation'),
    memberships: z.array(myMembership),
    rowVersion: z.int().describe('As in the ETag')
  })
  .meta({ id: 'Me' })

export const jwksBody = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        use: z.literal('sig'),
        alg: z.literal('EdDSA')
      })
    )
  })
  .meta({ id: 'Jwks', description: 'JSON Web Key Set (RFC 7517)' })

export const sealKeysBody = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        compromisedAt: z.iso
          .datetime()
          .nullable()
          .describe('Since when others may have the private half: what it has signed proves nothing')
      })
    )
  })
  .meta({
    id: 'SealKeys',
    description: 'JSON Web Key Set (RFC 7517) of all keys that have signed checkpoints, retired ones too'
  })

export const nothing = z.undefined()
