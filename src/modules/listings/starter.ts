import type { Risk } from './vocabulary.ts'

export type StarterCategory = {
  slug: string
  risk?: Risk
  vetting?: true
  minors?: true
  home?: true
  children?: StarterCategory[]
}

const vetted = { risk: 'high', vetting: true } as const

/**
 * Two levels to begin with; every timebank goes on from here. Flags err on the careful side where somebody is alone with
 * another person, in their home, or trusted with their papers. Slugs are English in every language, and
 * stay; their names are in the catalogue of each language.
 */
export const starterTree: StarterCategory[] = [
  {
    slug: 'everyday-help',
    children: [
      { slug: 'shopping' },
      { slug: 'lifts', risk: 'medium' },
      { slug: 'housework', home: true },
      {
        slug: 'small-repairs',
        risk: 'medium',
        home: true
      },
      { slug: 'gardening' },
      { slug: 'cooking' },
      { slug: 'sewing' },
      { slug: 'pets' },
      {
        slug: 'forms-and-letters',
        risk: 'medium'
      },
      {
        slug: 'moving',
        risk: 'medium',
        home: true
      }
    ]
  },
  {
    slug: 'learning',
    children: [
      { slug: 'languages' },
      {
        slug: 'computers-and-phones'
      },
      { slug: 'music' },
      { slug: 'arts-and-crafts' },
      {
        slug: 'reading-and-numbers'
      },
      { slug: 'work-skills' },
      {
        slug: 'homework',
        ...vetted,
        minors: true
      }
    ]
  },
  {
    slug: 'prevention',
    children: [
      { slug: 'walking-together' },
      {
        slug: 'exercise',
        risk: 'medium'
      },
      { slug: 'healthy-eating' },
      {
        slug: 'preventing-falls',
        risk: 'medium',
        home: true
      },
      { slug: 'relaxation' },
      {
        slug: 'peer-support',
        risk: 'medium'
      }
    ]
  },
  {
    slug: 'caring',
    children: [
      {
        slug: 'visiting',
        risk: 'medium',
        vetting: true,
        home: true
      },
      { slug: 'phone-calls' },
      {
        slug: 'going-along',
        risk: 'medium'
      },
      {
        slug: 'bringing-meals',
        risk: 'medium',
        home: true
      },
      {
        slug: 'respite',
        ...vetted,
        home: true
      },
      {
        slug: 'personal-care',
        ...vetted,
        home: true
      },
      {
        slug: 'minding-children',
        ...vetted,
        minors: true
      }
    ]
  },
  {
    slug: 'environment',
    children: [
      { slug: 'community-garden' },
      { slug: 'litter-picking' },
      {
        slug: 'repair-and-reuse'
      },
      { slug: 'nature' },
      {
        slug: 'saving-energy',
        home: true
      }
    ]
  },
  {
    slug: 'community-safety',
    children: [
      {
        slug: 'looking-out'
      },
      {
        slug: 'checking-in'
      },
      {
        slug: 'walking-home',
        risk: 'medium'
      },
      {
        slug: 'walking-to-school',
        ...vetted,
        minors: true
      },
      {
        slug: 'mediation',
        risk: 'medium'
      }
    ]
  },
  { slug: 'uncategorised' }
]
