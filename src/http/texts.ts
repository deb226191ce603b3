import { z } from 'zod'

const short = (max: number) => z.string().trim().max(max)

/** One line: it can go into a table, a mail's subject or a log. */
export const line = (max: number) =>
  short(max).regex(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]*$/u, 'one line without control characters')

/** Several lines. */
export const lines = (max: number) =>
  short(max).regex(/^(?:[^\p{Cc}\p{Cs}]|[\n\r\t])*$/u, 'text without control characters')

/** Whatever people paste, as far as it is kept as it was sent: answers are made from what was sent, not from what is stored. */
export const text = (max: number) =>
  short(max)
    .refine((value) => !value.includes('\0'), 'must not contain NUL')
    .refine((value) => !/\p{Surrogate}/u.test(value), 'must not contain half a surrogate pair')
