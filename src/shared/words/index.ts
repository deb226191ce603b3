import { cy } from './cy.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import type { Words } from './types.ts'

export type { StatementWords, Words } from './types.ts'

/** Every language that there are words for: a further one is its own file, and its name here. */
const catalogues = { cy, en, es } satisfies Record<string, Words>

/** Their codes (ISO 639), such as `cy`. */
export const languages = Object.keys(catalogues) as [keyof typeof catalogues]

/**
 * The first of the locales whose language we have (`es-MX` reads `es`), and its words; English where we have none of them.
 * The locale is of one piece with the words, so that dates are written in the language of the text.
 */
export function wordsFor(...locales: string[]): { locale: string; words: Words } {
  for (const locale of locales) {
    const language = locale.split('-')[0]?.toLowerCase() ?? ''
    const words = Object.hasOwn(catalogues, language) ? catalogues[language as keyof typeof catalogues] : undefined
    // English without a country would date as the United States do
    if (words) return { locale: locale === 'en' ? 'en-GB' : locale, words }
  }
  return { locale: 'en-GB', words: en }
}
