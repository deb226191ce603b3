import { type ProblemCode, problems } from './problems.ts'

/** One fault in what was sent; `pointer` is an RFC 6901 JSON pointer into the body, `parameter` a query, path or header name. */
export type Fault = { pointer?: string; parameter?: string; detail: string }

/** Figures that belong to a refusal, such as `{ balance: -1180, floor: -1200 }`. Never personal data. */
export type ProblemFigures = Record<string, string | number | boolean | null>

/** A refusal that the caller should understand. Everything else that is thrown is a 500 whose text stays inside. */
export class DomainError extends Error {
  readonly code: ProblemCode
  readonly errors: Fault[]
  readonly figures: ProblemFigures
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ProblemCode,
    detail?: string,
    extra: { errors?: Fault[]; figures?: ProblemFigures; retryAfterSeconds?: number } = {}
  ) {
    super(detail ?? problems[code][1])
    this.name = 'DomainError'
    this.code = code
    this.errors = extra.errors ?? []
    this.figures = extra.figures ?? {}
    this.retryAfterSeconds = extra.retryAfterSeconds
  }

  get status(): number {
    return problems[this.code][0]
  }
}

/** Shorthand for the most frequent refusal; tenants and privacy make it the answer to everything that one may not see. */
export const notFound = (what: string): DomainError => new DomainError('not-found', `There is no such ${what} here.`)

/** Collects faults of one check, so that a caller learns them all at once. */
export function refuseFaults(faults: Fault[], code: ProblemCode = 'validation-failed'): void {
  if (faults.length > 0) throw new DomainError(code, faults.map((f) => f.detail).join(' '), { errors: faults })
}
