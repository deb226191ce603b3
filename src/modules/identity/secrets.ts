import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits as text for an address or a body. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** How secrets are kept. They are random and long, so that a fast hash without salt is enough. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('base64url')
