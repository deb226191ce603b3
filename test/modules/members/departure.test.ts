import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addMember, type Client, makeStage, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client

before(async () => {
  stage = await makeStage('departure')
  admin = await setUp(stage)
})

after(() => stage.close())

test('who leaves takes their listings with them, and erasure blanks what they wrote', async () => {
  const ann = await addMember(stage, admin)
  const categoryId = (await admin.get('categories/gardening')).body.id
  const listing = { categoryId, title: 'Roses of Rosewood Lane', mode: 'do', setting: 'provider_home', open: true }
  const offer = (await ann.post('offers', { ...listing, latitude: 51.5, longitude: -3.5 })).body
  const request = (await ann.post('requests', listing)).body
  assert.ok(offer.id && request.id)
  assert.equal((await ann.post('members/me/departure', {})).status, 200)
  assert.equal((await admin.get(`offers/${offer.id}`)).body.status, 'closed')
  assert.equal((await admin.get(`requests/${request.id}`)).body.status, 'withdrawn')
  assert.equal((await admin.post(`members/${ann.memberId}/erasure`, { reason: 'Asked for it' })).status, 200)
  const blank = (await admin.get(`offers/${offer.id}`)).body
  assert.ok(!JSON.stringify(blank).includes('Rose'))
  assert.equal(blank.coordinates, null)
})

test('a broker who is suspended at the moment of being named is nobody’s broker', async () => {
  const ann = await addMember(stage, admin, { login: false })
  for (let round = 0; round < 6; round += 1) {
    const broker = await addMember(stage, admin, { roles: ['broker'], login: false })
    const { rowVersion } = (await admin.get(`members/${ann.memberId}`)).body
    await Promise.all([
      admin.put(`members/${ann.memberId}/broker`, { brokerId: broker.memberId }, { 'if-match': `"${rowVersion}"` }),
      admin.post(`members/${broker.memberId}/suspension`, { reason: 'At the same moment' })
    ])
    assert.equal((await admin.get(`members/${broker.memberId}`)).body.status, 'suspended')
    assert.equal((await admin.get(`members/${ann.memberId}`)).body.brokerId, null)
  }
})
