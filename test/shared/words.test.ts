import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { starterTree } from '../../src/modules/listings/starter.ts'
import { noticeKinds } from '../../src/shared/notice-kinds.ts'
import { languages, type Words, wordsFor } from '../../src/shared/words/index.ts'

const folder = new URL('../../src/shared/words/', import.meta.url)

/** Stands for a value: as text it is its own name, and so is each of its fields. */
const sign = (name: string): unknown =>
  new Proxy(
    {},
    { get: (_, field) => (field === Symbol.toPrimitive ? () => `‹${name}›` : `‹${name}.${String(field)}›`) }
  )

/** Every text of a catalogue by its place; of those with blanks, what they say when each is filled with its own name. */
function textsOf(part: unknown, place = ''): [place: string, text: string][] {
  if (typeof part === 'string') return [[place, part]]
  if (typeof part === 'function') {
    const names = Array.from({ length: part.length }, (_, i) => sign(String(i)))
    return textsOf(part(...names), `${place}()`)
  }
  return Object.entries(part as object).flatMap(([name, inner]) => textsOf(inner, `${place}/${name}`))
}

const blanksIn = (text: string): string[] => [...new Set(text.match(/‹[^›]*›/g) ?? [])].sort()
const wordsOf = (language: string): Words => wordsFor(language).words
const english = new Map(textsOf(wordsOf('en')))

test('every language file in the folder is picked up, and English, Welsh and Spanish are there', () => {
  const files = readdirSync(folder).flatMap((file) => /^([a-z]{2,3})\.ts$/.exec(file)?.[1] ?? [])
  assert.deepEqual([...languages].sort(), files.sort())
  for (const language of ['cy', 'en', 'es']) assert.ok(files.includes(language))
})

test('a locale is told in its language; one without words passes the turn to the next, and the last resort is English', () => {
  assert.equal(wordsFor('es-MX').words, wordsOf('es'))
  assert.deepEqual([wordsFor('pl', 'cy-GB').locale, wordsFor('pl', 'cy-GB').words], ['cy-GB', wordsOf('cy')])
  assert.equal(wordsFor('CY').words, wordsOf('cy'))
  assert.deepEqual([wordsFor('en').locale, wordsFor().locale, wordsFor('pl').words], ['en-GB', 'en-GB', wordsOf('en')])
  for (const odd of ['', 'constructor', '__proto__']) assert.equal(wordsFor(odd).words, wordsOf('en'))
})

for (const language of languages) {
  test(`${language} has every text, none of them empty, and fills the same blanks as English`, () => {
    const texts = new Map(textsOf(wordsOf(language)))
    assert.deepEqual([...texts.keys()].sort(), [...english.keys()].sort())
    for (const [place, text] of texts) {
      assert.notEqual(text.trim(), '', place)
      assert.deepEqual(blanksIn(text), blanksIn(english.get(place)!), place)
    }
  })

  test(`${language} says what happened as one whole sentence, also where nothing more is known of it`, () => {
    for (const kind of Object.keys(noticeKinds) as (keyof typeof noticeKinds)[]) {
      const bare = wordsOf(language).notices[kind]({ who: null, what: null, when: null })
      assert.match(bare, /^[¿¡\p{Lu}].*[.?!]$/su, `${kind}: ${bare}`)
      assert.doesNotMatch(bare, /null|undefined|\n| {2}|: ?\./, kind)
    }
  })

  test(`${language} names every category of the starter tree, and no other`, () => {
    const slugs = starterTree.flatMap(({ slug, children = [] }) => [slug, ...children.map((child) => child.slug)])
    assert.deepEqual(Object.keys(wordsOf(language).starterCategories).sort(), slugs.sort())
  })
}

test('no two languages say the same of what happened', () => {
  for (const kind of Object.keys(noticeKinds) as (keyof typeof noticeKinds)[]) {
    const said = languages.map((language) => wordsOf(language).notices[kind]({ who: 'X', what: null, when: null }))
    assert.equal(new Set(said).size, languages.length, kind)
  }
})
