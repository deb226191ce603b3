import { cy } from './cy.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import type { Words } from './types.ts'

export type { NoticeFacts, Words } from './types.ts'

const catalogues: Record<string, Words> = { cy, en, es }

/** The first of the locales whose language we have (`es-MX` reads `es`), and its words; English where we have none of them. */
export function wordsFor(...locales: string[]): { locale: string; words: Words } {
  for (const locale of locales) {
    const words = catalogues[locale.split('-')[0]?.toLowerCase() ?? '']
    // English without a country would date as the United States do
    if (words) return { locale: locale === 'en' ? 'en-GB' : locale, words }
  }
  return { locale: 'en-GB', words: en }
}
