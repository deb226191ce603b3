import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { addMember, type Client, makeStage, ok, refused, type Stage, setUp } from '../../support/app.ts'
import { asService, csvLines } from './support.ts'

let stage: Stage
let admin: Client
let ann: Client
let bev: Client
const category: Record<string, string> = {}

// biome-ignore lint/suspicious/noExplicitAny: bodies of answers
type Json = any

const offers: [title: string, more?: Record<string, unknown>][] = [
  ['Jardinería y plantas', { description: 'Cuido tu jardín', languages: ['es'], latitude: 51.5, longitude: -3.2 }],
  [
    'Gardening',
    {
      description: 'Weeding and pruning',
      availability: ['mon_morning', 'sat_afternoon'],
      estimatedMinutes: 60,
      latitude: 51.51,
      longitude: -3.2
    }
  ],
  [
    'Lawn mowing',
    {
      description: 'I bring the mower to your garden',
      setting: 'any',
      estimatedMinutes: 120,
      latitude: 51.6,
      longitude: -3.2
    }
  ],
  [
    'Computers and phones',
    {
      categorySlug: 'computers-and-phones',
      mode: 'teach',
      setting: 'online',
      description: 'Help with set-up',
      languages: ['en', 'cy']
    }
  ],
  [
    'Guitar lessons',
    {
      categorySlug: 'music',
      mode: 'teach',
      setting: 'provider_home',
      estimatedMinutes: 45,
      latitude: 52.5,
      longitude: -3.2
    }
  ],
  ['Choir together', { categorySlug: 'music', mode: 'together', setting: 'public_place', languages: ['cy'] }],
  ['Walk the dog', { categorySlug: 'pets', description: "Say it's for Rex", availability: ['sun_evening'] }],
  ['Dog walk in the park', { categorySlug: 'pets' }],
  ['=HYPERLINK("http://x")', { categorySlug: 'uncategorised', description: '+1 for everybody' }]
]

before(async () => {
  stage = await makeStage('listing-search')
  admin = await setUp(stage)
  ann = await addMember(stage, admin, { name: 'Ann' })
  bev = await addMember(stage, admin, { name: '@Bev' })
  for (const { slug, id } of ok(await admin.get('categories')).items) category[slug] = id
  for (const [title, { categorySlug = 'gardening', ...more } = {}] of offers)
    ok(
      await bev.post('offers', {
        categoryId: category[String(categorySlug)],
        title,
        mode: 'do',
        setting: 'outdoors',
        open: true,
        ...more
      }),
      201
    )
  for (let i = 0; i < 23; i++) {
    const body = { categoryId: category['gardening'], mode: 'do', setting: 'outdoors', open: true, title: `Hedge ${i}` }
    // several at each score and at each distance, so that pages end in the middle of them
    ok(
      await bev.post('requests', {
        ...body,
        description: i % 3 ? 'Hedge' : 'A hedge',
        latitude: 51.5 + Math.floor(i / 4) / 100,
        longitude: -3
      }),
      201
    )
  }
})

after(() => stage.close())

const titles = async (query: string, who = ann): Promise<string[]> =>
  ok(await who.get(`offers?${query}`)).items.map((o: Json) => o.title)
const q = (words: string) => titles(`q=${encodeURIComponent(words)}`)

describe('words', () => {
  for (const [typed, found] of [
    ['jardineria', 'Jardinería y plantas'],
    ['JARDÍN', 'Jardinería y plantas'],
    ['jardin', 'Jardinería y plantas'],
    ['gardening', 'Gardening'],
    ['gardning', 'Gardening'],
    ['gard', 'Gardening'],
    ['compute help', 'Computers and phones'],
    ['computor', 'Computers and phones'],
    ['gitar lesons', 'Guitar lessons'],
    ['moing lawn', 'Lawn mowing'],
    ["it's rex", 'Walk the dog'],
    ['guitar OR choir', 'Choir together']
  ] as const)
    test(`"${typed}" finds "${found}"`, async () => {
      assert.ok((await q(typed)).includes(found), JSON.stringify(await q(typed)))
    })

  test('what stands in the title comes before what stands in the text, and both before what is only alike', async () => {
    assert.deepEqual(await q('garden'), ['Gardening', 'Lawn mowing'])
    assert.deepEqual(await q('guitar'), ['Guitar lessons'])
    const alike = { categoryId: category['music'], title: 'Gardenia songs', mode: 'do', setting: 'any', open: true }
    const { id } = ok(await bev.post('offers', alike), 201)
    assert.deepEqual(await q('gardening'), ['Gardening', 'Gardenia songs', 'Lawn mowing'])
    ok(await bev.post(`offers/${id}/closure`))
  })

  test('two letters the other way round are forgiven in short words too', async () => {
    assert.ok((await q('teh dgo')).includes('Walk the dog'))
  })

  test('of equals the newest comes first', async () => {
    assert.deepEqual(await q('dog'), ['Dog walk in the park', 'Walk the dog'])
  })

  test('quotes ask for a phrase, a minus leaves out, and neither is guessed at', async () => {
    assert.deepEqual(await q('"dog walk"'), ['Dog walk in the park'])
    assert.deepEqual(await q('dog -park'), ['Walk the dog'])
    assert.deepEqual(await q('"gardning"'), [])
  })

  test('all words must be there', async () => {
    assert.deepEqual(await q('guitar choir'), [])
    assert.deepEqual(await q('helicopter'), [])
  })

  for (const odd of [
    "'",
    '" OR',
    'a:*b & |!(',
    '\\',
    "o'brien\\",
    '%_',
    '<-> !',
    'ab"cd',
    'a-b/c.d@e.f',
    '🙂🙂 ab',
    '- -',
    'or or'
  ])
    test(`odd signs are taken as they come: ${odd}`, async () => {
      const answer = await ann.get(`offers?q=${encodeURIComponent(odd)}`)
      assert.ok(answer.status === 200 || answer.body.code === 'validation-failed', answer.text)
    })

  test('an edit is found by its new words and no longer by the old', async () => {
    const made = ok(
      await bev.post('offers', {
        categoryId: category['music'],
        title: 'Bagpipes',
        mode: 'teach',
        setting: 'any',
        open: true
      }),
      201
    )
    ok(await bev.patch(`offers/${made.id}`, { title: 'Accordion' }, 1))
    assert.deepEqual([await q('acordion'), await q('bagpipes')], [['Accordion'], []])
    ok(await bev.post(`offers/${made.id}/closure`))
    assert.deepEqual(await q('accordion'), [])
    assert.deepEqual(await titles('q=accordion&mine=true', bev), ['Accordion'])
  })
})

describe('filters', () => {
  for (const [query, wanted] of [
    ['category=music', ['Choir together', 'Guitar lessons']],
    ['category=learning', ['Choir together', 'Guitar lessons', 'Computers and phones']],
    ['mode=together', ['Choir together']],
    ['setting=online', ['Computers and phones', 'Lawn mowing']],
    ['language=cy', ['Choir together', 'Computers and phones']],
    ['availability=sun_evening,mon_morning', ['Walk the dog', 'Gardening']],
    ['maxMinutes=60', ['Guitar lessons', 'Gardening']],
    ['mine=true', []],
    ['status=closed&mode=do', []],
    ['category=learning&mode=teach&language=en', ['Computers and phones']],
    ['q=music lesson&category=caring', []]
  ] as const)
    test(query, async () => {
      assert.deepEqual(await titles(query), wanted)
    })

  test('category takes an id too, and member those of one', async () => {
    assert.equal((await titles(`category=${category['music']}`)).length, 2)
    assert.equal((await titles(`member=${bev.memberId}&limit=200`)).length, offers.length)
    assert.deepEqual(await titles(`member=${ann.memberId}`), [])
  })

  for (const wrong of [
    'status=sold',
    'category=no-such-thing',
    'mode=sell',
    'setting=moon',
    'language=english',
    'availability=mon_night',
    'availability=',
    'mine=yes',
    'member=me',
    'organisation=1',
    'maxMinutes=0',
    'maxMinutes=',
    'near=51.5',
    'near=95,0',
    'near=51.5,-3.2&withinKm=0',
    'withinKm=5',
    'q=',
    'q=%00ab',
    'limit=0',
    'limit=201',
    'cursor=x',
    'sort=title'
  ])
    test(`${wrong} is refused, not ignored`, async () => {
      const { errors } = refused(await ann.get(`offers?${wrong}`), 400, 'validation-failed')
      assert.ok(errors.length > 0 && errors.every((error: Json) => error.parameter !== undefined))
    })
})

describe('distance', () => {
  test('the nearest come first, with their distance in kilometres, and what has no place is left out', async () => {
    const { items } = ok(await ann.get('offers?near=51.5,-3.2&withinKm=20'))
    assert.deepEqual(
      items.map((o: Json) => [o.title, o.distanceKm]),
      [
        ['Jardinería y plantas', 1],
        ['Gardening', 2],
        ['Lawn mowing', 11]
      ]
    )
    assert.ok(items.every((o: Json) => o.coordinates === null))
  })

  test('withinKm draws the line where it says, 10 km unless it is given', async () => {
    assert.deepEqual(await titles('near=51.5,-3.2&withinKm=2'), ['Jardinería y plantas', 'Gardening'])
    assert.deepEqual(await titles('near=51.5,-3.2&withinKm=1.9'), ['Jardinería y plantas'])
    assert.deepEqual(await titles('near=51.5,-3.2&withinKm=0.9'), [])
    assert.equal((await titles('near=51.5,-3.2')).length, 2)
    assert.equal((await titles('near=51.5,-3.2&withinKm=150')).length, 4)
  })

  test('with words the best match comes first, and the distance stands beside it', async () => {
    const { items } = ok(await ann.get('offers?q=garden&near=51.6,-3.2&withinKm=20'))
    assert.deepEqual(
      items.map((o: Json) => [o.title, o.distanceKm]),
      [
        ['Gardening', 9],
        ['Lawn mowing', 0]
      ]
    )
  })
})

describe('what others learn of a place', () => {
  type Point = { latitude: number; longitude: number }
  const place = async (title: string, point: Point): Promise<string> =>
    ok(
      await bev.post('offers', {
        categoryId: category['pets'],
        title,
        mode: 'do',
        setting: 'provider_home',
        open: true,
        ...point
      }),
      201
    ).id
  const cellOf = (id: string): Promise<Point> =>
    asService(stage, admin, async (tx) => {
      const { rows } = await tx.client.query(
        'SELECT coarse_latitude AS latitude, coarse_longitude AS longitude FROM listings.offers WHERE id = $1',
        [id]
      )
      return rows[0]
    })
  const radians = (degrees: number) => (degrees * Math.PI) / 180
  const kilometres = (a: Point, b: Point): number => {
    const [up, across] = [radians(b.latitude - a.latitude), radians(b.longitude - a.longitude)]
    const h =
      Math.sin(up / 2) ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(across / 2) ** 2
    return 12742 * Math.asin(Math.min(1, Math.sqrt(h)))
  }

  test('from wherever they ask, two places of one cell answer alike: as its middle, in whole kilometres', async () => {
    const scout = await place('Scouting', { latitude: 53.3, longitude: -4.1 })
    const cell = await cellOf(scout)
    const corner = (sign: number): Point => ({
      latitude: Number((cell.latitude + sign * 0.0062).toFixed(3)),
      longitude: Number((cell.longitude + sign * 0.0104).toFixed(3))
    })
    const pair = [await place('Canary north', corner(1)), await place('Canary south', corner(-1))]
    for (const id of pair) assert.deepEqual(await cellOf(id), cell)
    assert.ok(kilometres(corner(1), corner(-1)) > 1.8)
    const distances = new Set<number>()
    for (let i = 0; i < 150; i++) {
      const reach = i % 3 ? 0.02 : 0.3
      const from = {
        latitude: cell.latitude + reach * Math.sin(i * 12.9),
        longitude: cell.longitude + reach * Math.cos(i * 78.2)
      }
      const withinKm = 0.5 + (i % 40) / 2
      const near = `near=${from.latitude.toFixed(6)},${from.longitude.toFixed(6)}&withinKm=${withinKm}&limit=200`
      const away = Math.round(Math.round(kilometres(from, cell) * 10) / 10)
      for (const query of [near, `${near}&q=canary`]) {
        const { items } = ok(await ann.get(`offers?${query}`))
        const found = items.filter((o: Json) => pair.includes(o.id))
        assert.deepEqual(
          found.map((o: Json) => o.distanceKm),
          away <= withinKm ? [away, away] : [],
          query
        )
        // in the order of writing, newest first, and never in that of their places
        if (found.length > 0)
          assert.deepEqual(
            found.map((o: Json) => o.id),
            [...pair].reverse()
          )
      }
      distances.add(away)
    }
    assert.ok(distances.size > 10)
    const cursor = ok(await ann.get(`offers?near=53.31,-4.1&limit=1`)).next
    const [score] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    assert.equal(Math.abs(score % 10), 0)
  })

  test('staff, and owners among their own, search by the place itself', async () => {
    const id = await place('Lighthouse', { latitude: 54.1, longitude: -4.5 })
    const distance = async (who: Client, query: string): Promise<number | undefined> =>
      ok(await who.get(`offers?near=54.1,-4.5&${query}`)).items.find((o: Json) => o.id === id)?.distanceKm
    assert.deepEqual([await distance(admin, 'withinKm=0.1'), await distance(bev, 'withinKm=0.1&mine=true')], [0, 0])
    assert.equal(ok(await admin.get('offers?near=54.105,-4.5')).items.find((o: Json) => o.id === id)?.distanceKm, 0.6)
    const whole = await distance(bev, 'withinKm=5')
    assert.deepEqual([whole, await distance(ann, 'withinKm=5')], [whole, whole])
  })

  test('every place has a cell of its size, at the edges of the map too, and no place has none', async () => {
    for (const [latitude, longitude] of [
      [90, 180],
      [-90, -180],
      [0, 180],
      [0, -180],
      [0, 0],
      [-33.859, 151.209],
      [69.649, 18.956]
    ] as const) {
      const cell = await cellOf(await place(`Edge ${latitude} ${longitude}`, { latitude, longitude }))
      assert.ok(kilometres({ latitude, longitude }, cell) < 1.1, JSON.stringify(cell))
      assert.ok(Math.abs(cell.latitude) < 90 && Math.abs(cell.longitude) <= 180)
    }
    const nowhere = ok(await bev.get('offers?mine=true&q=choir')).items[0].id
    assert.deepEqual(await cellOf(nowhere), { latitude: null, longitude: null })
  })
})

describe('pages', () => {
  for (const query of [
    '',
    'q=hedge',
    'q=hegde',
    'q=hedgge',
    'near=51.5,-3&withinKm=50',
    'q=hedge&near=51.5,-3&withinKm=50'
  ])
    test(`pages of "${query}" put together are the whole`, async () => {
      const whole = ok(await ann.get(`requests?${query}&limit=200`)).items.map((r: Json) => r.id)
      const parts: string[] = []
      let where: string | null = `requests?${query}&limit=4`
      while (where !== null) {
        const answer = await ann.get(where)
        const { items, next } = ok(answer)
        parts.push(...items.map((r: Json) => r.id))
        where = next === null ? null : `requests?${query}&limit=4&cursor=${next}`
        assert.equal(next === null, answer.headers['link'] === undefined)
      }
      assert.deepEqual(parts, whole)
      if (query !== 'q=hegde') assert.equal(whole.length, 23)
    })

  test('a cursor of another order is refused', async () => {
    const { next } = ok(await ann.get('requests?limit=4'))
    refused(await ann.get(`requests?limit=4&q=hedge&cursor=${next}`), 400, 'validation-failed')
    const { next: ranked } = ok(await ann.get('requests?limit=4&q=hedge'))
    refused(await ann.get(`requests?limit=4&cursor=${ranked}`), 400, 'validation-failed')
  })
})

describe('CSV', () => {
  test('has all pages, stable names, and no cell that a spreadsheet would run', async () => {
    const answer = await ann.get('offers?limit=2', { accept: 'text/csv' })
    const lines = csvLines(answer)
    assert.match(answer.headers['content-type']!, /^text\/csv/)
    assert.equal(
      lines[0],
      'id,title,description,categoryId,mode,setting,availability,languages,area,estimatedMinutes,own,ownerMemberId,ownerMemberNumber,ownerDisplayName,organisationId,organisationName,coordinatesLatitude,coordinatesLongitude,distanceKm,expiresOn,openedAt,createdAt,rowVersion,status'
    )
    assert.equal(lines.length, ok(await ann.get('offers?limit=200')).items.length + 1)
    const dangerous = lines.find((line) => line.includes('HYPERLINK'))!
    assert.ok(dangerous.includes(`"'=HYPERLINK(""http://x"")"`), dangerous)
    assert.ok(dangerous.includes(`'+1 for everybody`) && dangerous.includes(`'@Bev`))
    assert.ok(!answer.text.includes('51.5'))
  })

  test('requests have their helpers in it, in the order of the search', async () => {
    const [head, ...lines] = csvLines(await ann.get('requests?near=51.5,-3&withinKm=50', { accept: 'text/csv' }))
    const names = head!.split(',')
    assert.ok(names.includes('helpersNeeded'))
    // from the end, before which no cell holds a comma
    const distances = lines.map((line) => Number(line.split(',').at(names.indexOf('distanceKm') - names.length)))
    assert.deepEqual(
      distances,
      [...distances].sort((a, b) => a - b)
    )
  })
})
