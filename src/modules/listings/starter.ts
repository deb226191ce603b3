import type { Risk } from './vocabulary.ts'

type Names = { en: string; cy: string; es: string }

export type StarterCategory = Names & {
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
 * another person, in their home, or trusted with their papers. Slugs are English in every language, and stay.
 */
export const starterTree: StarterCategory[] = [
  {
    slug: 'everyday-help',
    en: 'Everyday help',
    cy: 'Help bob dydd',
    es: 'Ayuda cotidiana',
    children: [
      { slug: 'shopping', en: 'Shopping and errands', cy: 'Siopa a negeseuon', es: 'Compras y recados' },
      { slug: 'lifts', en: 'Lifts by car', cy: 'Lifftiau mewn car', es: 'Viajes en coche', risk: 'medium' },
      { slug: 'housework', en: 'Housework', cy: 'Gwaith tŷ', es: 'Tareas del hogar', home: true },
      {
        slug: 'small-repairs',
        en: 'Small repairs at home',
        cy: 'Mân waith trwsio gartref',
        es: 'Pequeñas reparaciones en casa',
        risk: 'medium',
        home: true
      },
      { slug: 'gardening', en: 'Gardening', cy: 'Garddio', es: 'Jardinería' },
      { slug: 'cooking', en: 'Cooking and baking', cy: 'Coginio a phobi', es: 'Cocina y repostería' },
      { slug: 'sewing', en: 'Sewing and mending', cy: 'Gwnïo a thrwsio dillad', es: 'Costura y arreglos' },
      { slug: 'pets', en: 'Looking after pets', cy: 'Gofalu am anifeiliaid anwes', es: 'Cuidado de mascotas' },
      {
        slug: 'forms-and-letters',
        en: 'Forms and letters',
        cy: 'Ffurflenni a llythyrau',
        es: 'Formularios y cartas',
        risk: 'medium'
      },
      {
        slug: 'moving',
        en: 'Moving and carrying',
        cy: 'Symud a chario',
        es: 'Mudanzas y transporte',
        risk: 'medium',
        home: true
      }
    ]
  },
  {
    slug: 'learning',
    en: 'Learning',
    cy: 'Dysgu',
    es: 'Aprendizaje',
    children: [
      { slug: 'languages', en: 'Languages and conversation', cy: 'Ieithoedd a sgwrsio', es: 'Idiomas y conversación' },
      {
        slug: 'computers-and-phones',
        en: 'Computers and phones',
        cy: 'Cyfrifiaduron a ffonau',
        es: 'Ordenadores y móviles'
      },
      { slug: 'music', en: 'Music and singing', cy: 'Cerddoriaeth a chanu', es: 'Música y canto' },
      { slug: 'arts-and-crafts', en: 'Arts and crafts', cy: 'Celf a chrefft', es: 'Arte y artesanía' },
      {
        slug: 'reading-and-numbers',
        en: 'Reading, writing and numbers',
        cy: 'Darllen, ysgrifennu a rhifau',
        es: 'Lectura, escritura y números'
      },
      { slug: 'work-skills', en: 'Skills for work', cy: 'Sgiliau ar gyfer gwaith', es: 'Habilidades para el trabajo' },
      {
        slug: 'homework',
        en: 'Homework with children',
        cy: 'Gwaith cartref gyda phlant',
        es: 'Deberes con niños y niñas',
        ...vetted,
        minors: true
      }
    ]
  },
  {
    slug: 'prevention',
    en: 'Prevention and wellbeing',
    cy: 'Atal a llesiant',
    es: 'Prevención y bienestar',
    children: [
      { slug: 'walking-together', en: 'Walking together', cy: "Cerdded gyda'n gilydd", es: 'Caminar en compañía' },
      {
        slug: 'exercise',
        en: 'Exercise and movement',
        cy: 'Ymarfer corff a symud',
        es: 'Ejercicio y movimiento',
        risk: 'medium'
      },
      { slug: 'healthy-eating', en: 'Healthy eating', cy: "Bwyta'n iach", es: 'Alimentación saludable' },
      {
        slug: 'preventing-falls',
        en: 'Preventing falls at home',
        cy: 'Atal cwympiadau gartref',
        es: 'Prevención de caídas en casa',
        risk: 'medium',
        home: true
      },
      { slug: 'relaxation', en: 'Relaxation and calm', cy: 'Ymlacio a thawelwch', es: 'Relajación y calma' },
      {
        slug: 'peer-support',
        en: 'Support among peers',
        cy: 'Cymorth gan gyfoedion',
        es: 'Apoyo entre iguales',
        risk: 'medium'
      }
    ]
  },
  {
    slug: 'caring',
    en: 'Caring',
    cy: 'Gofalu',
    es: 'Cuidados',
    children: [
      {
        slug: 'visiting',
        en: 'Visits and company',
        cy: 'Ymweliadau a chwmni',
        es: 'Visitas y compañía',
        risk: 'medium',
        vetting: true,
        home: true
      },
      { slug: 'phone-calls', en: 'Friendly phone calls', cy: 'Galwadau ffôn cyfeillgar', es: 'Llamadas amistosas' },
      {
        slug: 'going-along',
        en: 'Going along to appointments',
        cy: 'Cadw cwmni mewn apwyntiadau',
        es: 'Acompañamiento a citas',
        risk: 'medium'
      },
      {
        slug: 'bringing-meals',
        en: 'Bringing meals',
        cy: 'Dod â phrydau bwyd',
        es: 'Llevar comidas',
        risk: 'medium',
        home: true
      },
      {
        slug: 'respite',
        en: 'Giving carers a break',
        cy: 'Rhoi seibiant i ofalwyr',
        es: 'Respiro para quienes cuidan',
        ...vetted,
        home: true
      },
      {
        slug: 'personal-care',
        en: 'Personal care',
        cy: 'Gofal personol',
        es: 'Cuidado personal',
        ...vetted,
        home: true
      },
      {
        slug: 'minding-children',
        en: 'Minding children',
        cy: 'Gwarchod plant',
        es: 'Cuidado de niños y niñas',
        ...vetted,
        minors: true
      }
    ]
  },
  {
    slug: 'environment',
    en: 'Environment',
    cy: 'Amgylchedd',
    es: 'Medio ambiente',
    children: [
      { slug: 'community-garden', en: 'Community garden', cy: 'Gardd gymunedol', es: 'Huerto comunitario' },
      { slug: 'litter-picking', en: 'Litter picking', cy: 'Casglu sbwriel', es: 'Recogida de basura' },
      {
        slug: 'repair-and-reuse',
        en: 'Repair and reuse',
        cy: 'Trwsio ac ailddefnyddio',
        es: 'Reparación y reutilización'
      },
      { slug: 'nature', en: 'Nature and wildlife', cy: 'Natur a bywyd gwyllt', es: 'Naturaleza y fauna' },
      {
        slug: 'saving-energy',
        en: 'Saving energy at home',
        cy: 'Arbed ynni gartref',
        es: 'Ahorro de energía en casa',
        home: true
      }
    ]
  },
  {
    slug: 'community-safety',
    en: 'Community safety',
    cy: 'Diogelwch cymunedol',
    es: 'Seguridad comunitaria',
    children: [
      {
        slug: 'looking-out',
        en: 'Neighbours looking out for each other',
        cy: 'Cymdogion yn cadw golwg ar ei gilydd',
        es: 'Vecindad que se cuida'
      },
      {
        slug: 'checking-in',
        en: 'Daily check-in calls',
        cy: 'Galwadau gwirio dyddiol',
        es: 'Llamadas diarias de control'
      },
      {
        slug: 'walking-home',
        en: 'Walking home in company',
        cy: 'Cerdded adref yng nghwmni rhywun',
        es: 'Volver a casa en compañía',
        risk: 'medium'
      },
      {
        slug: 'walking-to-school',
        en: 'Walking children to school',
        cy: "Cerdded plant i'r ysgol",
        es: 'Acompañar a la escuela',
        ...vetted,
        minors: true
      },
      {
        slug: 'mediation',
        en: 'Mediation between neighbours',
        cy: 'Cyfryngu rhwng cymdogion',
        es: 'Mediación vecinal',
        risk: 'medium'
      }
    ]
  },
  { slug: 'uncategorised', en: 'Uncategorised', cy: 'Heb gategori', es: 'Sin categoría' }
]

/** The names in the language of a locale such as `cy-GB`; English where there is no other. */
export const nameFor = (names: Names, locale: string): string => {
  const language = locale.slice(0, 2)
  return language === 'cy' || language === 'es' ? names[language] : names.en
}
