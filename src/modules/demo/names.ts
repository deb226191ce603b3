/** Everybody and everything here is made up. */

export const people = [
  'Ann Rees',
  'Bev Morgan',
  'Cai Pritchard',
  'Dai Llewellyn',
  'Elin Watkins',
  'Farah Siddiqui',
  'Gwen Howells',
  'Huw Prosser',
  'Ifan Beynon',
  'Jo Merrick',
  'Kofi Boateng',
  'Lowri Tudor',
  'Mair Probert',
  'Nia Bowen',
  'Owain Gethin',
  'Pat Sullivan',
  'Quentin Marsh',
  'Rhian Vaughan',
  'Sion Maddocks',
  'Tegan Parfitt',
  'Una Kelleher',
  'Vikram Desai',
  'Wyn Hopkin',
  'Xenia Kowalska',
  'Yusra Haddad',
  'Zoe Fenwick',
  'Aled Bebb',
  'Branwen Cadogan',
  'Carys Onslow',
  'Derek Amos',
  'Eirlys Gwynne',
  'Ffion Trahaearn',
  'Glyn Bufton',
  'Hana Novak',
  'Ieuan Sayce',
  'Jacinta Flores',
  'Kirsty Aldous',
  'Leila Rahmani',
  'Megan Yorath',
  'Noor Farooq',
  'Olwen Gittins',
  'Pedro Salgado',
  'Rosa Amoroso',
  'Sian Treharne',
  'Tomos Penry',
  'Umar Bashir',
  'Vera Kinsey',
  'Will Garnon',
  'Anwen Coslett',
  'Bryn Havard',
  'Ceri Lodwick',
  'Dilys Mainwaring',
  'Emyr Picton',
  'Flora Adeyemi',
  'Grace Okafor',
  'Harri Skyrme',
  'Ines Carvalho',
  'Jac Walbeoff',
  'Katya Orlova'
] as const

export const areas = [
  { name: 'Riverside', latitude: 51.505, longitude: -3.578 },
  { name: 'Hill Street', latitude: 51.512, longitude: -3.571 },
  { name: 'The Docks', latitude: 51.498, longitude: -3.592 },
  { name: 'Station Road', latitude: 51.508, longitude: -3.56 },
  { name: 'Upper Terrace', latitude: 51.521, longitude: -3.583 }
] as const

/** What people give, with how it is offered and asked for. */
export const things = [
  {
    slug: 'gardening',
    skill: 'Gardening',
    offer: 'An hour or two in your garden',
    request: 'Hedge needs cutting before the birds nest',
    setting: 'outdoors',
    mode: 'do'
  },
  {
    slug: 'cooking',
    skill: 'Baking bread',
    offer: 'Bake bread with me',
    request: 'Learn to cook for one',
    setting: 'provider_home',
    mode: 'teach'
  },
  {
    slug: 'languages',
    skill: 'Welsh conversation',
    offer: 'Paned a sgwrs: Welsh over a cup of tea',
    request: 'Practise my English before an interview',
    setting: 'public_place',
    mode: 'teach'
  },
  {
    slug: 'computers-and-phones',
    skill: 'Phones and computers',
    offer: 'Get your phone to do what you want',
    request: 'Video calls with my sister abroad',
    setting: 'public_place',
    mode: 'teach'
  },
  {
    slug: 'sewing',
    skill: 'Sewing',
    offer: 'Hems, zips and buttons',
    request: 'Curtains to shorten',
    setting: 'provider_home',
    mode: 'do'
  },
  {
    slug: 'walking-together',
    skill: 'Walking',
    offer: 'A walk along the river at your pace',
    request: 'Company for a daily walk',
    setting: 'outdoors',
    mode: 'together'
  },
  {
    slug: 'music',
    skill: 'Guitar',
    offer: 'Guitar for beginners',
    request: 'Somebody to sing with',
    setting: 'any',
    mode: 'together'
  },
  {
    slug: 'phone-calls',
    skill: 'Listening',
    offer: 'A friendly call on Sundays',
    request: 'A call in the evening now and then',
    setting: 'phone',
    mode: 'together'
  },
  {
    slug: 'forms-and-letters',
    skill: 'Letters and forms',
    offer: 'Letters and forms, line by line',
    request: 'A letter to the landlord',
    setting: 'public_place',
    mode: 'do'
  },
  {
    slug: 'repair-and-reuse',
    skill: 'Mending bicycles',
    offer: 'Bicycles mended while you watch',
    request: 'Puncture and brakes',
    setting: 'outdoors',
    mode: 'do'
  },
  {
    slug: 'shopping',
    skill: 'Errands',
    offer: 'Errands on Fridays',
    request: 'Heavy shopping once a week',
    setting: 'any',
    mode: 'do'
  },
  {
    slug: 'community-garden',
    skill: 'Growing vegetables',
    offer: 'Seedlings, and how to raise them',
    request: 'Raised beds to build',
    setting: 'outdoors',
    mode: 'together'
  }
] as const

export const bodies = [
  {
    name: 'Riverbank Growers',
    kind: 'community_group',
    about: 'Neighbours who took on the waste ground by the bridge. Led by those who dig.'
  },
  { name: 'Rivertown Library', kind: 'council', about: 'Books, warmth, and rooms after hours.' },
  {
    name: 'Bridge Street Surgery',
    kind: 'health_board',
    about: 'Family doctors, and a link worker who knows the town.'
  },
  { name: 'Kitchen Table', kind: 'charity', about: 'Cooks and eats together on Wednesdays.' },
  { name: 'Dock School', kind: 'school', about: 'A primary school whose hall is open in the evening.' }
] as const
