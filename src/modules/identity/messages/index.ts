import { cy } from './cy.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import type { Messages } from './types.ts'

const catalogues: Record<string, Messages> = { cy, en, es }

/** The catalogue of a person's locale (`es-MX` reads `es`), and English for languages that we do not have. */
export const messagesFor = (locale: string): Messages => catalogues[locale.split('-')[0]?.toLowerCase() ?? ''] ?? en
