import { DrizzleQueryError } from 'drizzle-orm/errors'
import { databaseError } from '../../src/db/errors.ts'
import { DomainError } from '../../src/shared/errors.ts'

/** Something that the operator can put right. 1: refused or failed; 2: wrong usage. */
export class CommandError extends Error {
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

export const exitCodeOf = (error: unknown): 1 | 2 => (error instanceof CommandError ? error.exitCode : 1)

const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH'])

/** One text for people, without a stack. Texts of queries stay inside: drizzle puts their parameters into its message. */
export function textOf(error: unknown): string {
  if (error instanceof DomainError)
    return [error.message, ...error.errors.map((fault) => `  ${fault.detail}`)].join('\n')
  const refused = databaseError(error)
  if (refused) return `The database refused: ${refused.message} (${refused.code})`
  if (error instanceof DrizzleQueryError) return `The database could not be asked: ${textOf(error.cause)}`
  // several addresses were tried, and the message of the whole is empty
  if (error instanceof AggregateError) return [...new Set(error.errors.map(textOf))].join('\n')
  if (error instanceof Error && unreachable.has((error as NodeJS.ErrnoException).code ?? ''))
    return `The database cannot be reached: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
