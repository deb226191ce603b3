import { type Algorithm, hash, verify } from '@node-rs/argon2'
import { DomainError } from '../../shared/errors.ts'

/** RFC 9106's second choice, for servers that hash many at once; 2 is argon2id (the library's enum is erased at build). */
const argon2id = {
  algorithm: 2 satisfies Algorithm.Argon2id as Algorithm,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1
}

/** Made with the same parameters from bytes that nobody knows: checking against it takes as long as against a real one. */
export const nobodysHash =
  '$argon2id$v=19$m=19456,t=2,p=1$feE7HLH8DB+rYi0pwFZ78Q$uRD8MqtMlpgJF8U8vE+MtfzsDXgXwuFGVruXhv1VP+0'

/** At most `parallel` at a time, at most `waiting` in line, and 503 for whoever comes then. */
export function makeQueue(parallel: number, waiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const line: (() => void)[] = []
  return async (work) => {
    if (running >= parallel) {
      if (line.length >= waiting) throw new DomainError('unavailable', undefined, { retryAfterSeconds: 2 })
      // whoever finishes hands its place on, so that `running` stays as it is
      await new Promise<void>((go) => line.push(go))
    } else running += 1
    try {
      return await work()
    } finally {
      const next = line.shift()
      if (next) next()
      else running -= 1
    }
  }
}

// of the four threads that node has for files and names two stay free, and memory stays below 40 MiB
const queue = makeQueue(2, 100)

export const hashPassword = (password: string): Promise<string> => queue(() => hash(fold(password), argon2id))

/** Null: there is no such account or it has no password, and that takes as long. */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  const right = await queue(() => verify(passwordHash ?? nobodysHash, fold(password)))
  return right && passwordHash !== null
}

/** The same password, however the keyboard or the phone has composed its letters. */
export const fold = (password: string): string => password.normalize('NFKC')
