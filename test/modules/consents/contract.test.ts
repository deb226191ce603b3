import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { inTimebank, type Tx } from '../../../src/db/client.ts'
import { listConsents } from '../../../src/modules/consents/given.ts'
import {
  adoptDisclosures,
  type ConsentPurpose,
  type ConsentScope,
  consentScopes,
  consentSql,
  type Disclosed,
  disclose,
  type Giving,
  giveConsent,
  holdConsents,
  type OnWithdrawal,
  scopesGiven,
  type Withdrawn,
  withdrawConsent
} from '../../../src/modules/consents/index.ts'
import { addWording } from '../../../src/modules/consents/wordings.ts'
import { mayActFor, supportsSql } from '../../../src/modules/supporters/index.ts'
import { type Actor, systemActor } from '../../../src/shared/actor.ts'
import { addMember, type Client, makeStage, ok, type Stage, setUp } from '../../support/app.ts'

let stage: Stage
let admin: Client
let ann: Client
let council: string
let timebank: string

before(async () => {
  stage = await makeStage('consents_contract')
  admin = await setUp(stage)
  ann = await addMember(stage, admin, { name: 'Ann' })
  timebank = ok(await admin.get('/v1/timebanks/rivertown')).id
  council = ok(await admin.post('organisations', { name: 'Council', kind: 'council' }), 201).id
})

after(() => stage.close())

const as = <T>(actor: Actor, work: (tx: Tx) => Promise<T>): Promise<T> =>
  inTimebank(stage.database, timebank, actor, work)
const actorOf = (client: Client, more: Partial<Actor> = {}): Actor => ({
  personId: client.personId,
  membershipId: client.memberId,
  roles: ['member'],
  operator: false,
  source: 'api',
  ...more
})
const broker = () => actorOf(admin, { roles: ['member', 'broker', 'admin'] })
const given = (by: Client) =>
  as(systemActor, async (tx) => [
    ...(await scopesGiven(tx, { organisationId: council, membershipIds: [by.memberId] })).get(by.memberId)!
  ])
const asked = async (tx: Tx, member: Client, scope: string) => {
  const { rows } = await tx.client.query(`SELECT ${consentSql('$1', '$2', '$3', '$4', '$5')} AS given`, [
    timebank,
    member.memberId,
    council,
    scope,
    tx.now
  ])
  return rows[0].given as boolean
}

test('what a broker writes down is in force at once, and what is withdrawn is not', async () => {
  const told: Withdrawn[] = []
  const purpose: ConsentPurpose = 'referral'
  const scopes: ConsentScope[] = ['contact', 'share_status']
  const giving: Giving = { membershipId: ann.memberId, organisationId: council, purpose, scopes, wordingVersion: 1 }
  const subject = { type: 'service_request', id: randomUUID() }
  const consent = await as(broker(), async (tx) => {
    await holdConsents(tx, ann.memberId, council)
    return giveConsent(tx, { ...giving, how: 'phone', subject })
  })
  assert.deepEqual((await given(ann)).sort(), ['contact', 'share_status'])
  assert.equal(await as(systemActor, (tx) => asked(tx, ann, 'contact')), true)
  assert.equal(await as(systemActor, (tx) => asked(tx, ann, 'share_outcome')), false)
  const onWithdrawal: OnWithdrawal = async (_, withdrawn) => {
    told.push(withdrawn)
  }
  await as(actorOf(ann), (tx) => withdrawConsent(tx, { consentId: consent.id, scopes: ['contact'] }, onWithdrawal))
  assert.deepEqual(await given(ann), ['share_status'])
  await as(actorOf(ann), (tx) => withdrawConsent(tx, { consentId: consent.id }, onWithdrawal))
  assert.deepEqual(await given(ann), [])
  assert.deepEqual(
    told.map(({ scopes, remaining, subject }) => [scopes, [...remaining], subject]),
    [
      [['contact'], ['share_status'], subject],
      [['share_status'], [], subject]
    ]
  )
})

test('who supports nobody may act for nobody', async () => {
  for (const scope of ['view', 'consents', 'budget'] as const)
    assert.equal(await as(actorOf(ann), (tx) => mayActFor(tx, admin.memberId, scope)), false)
  const { rows } = await as(systemActor, (tx) =>
    tx.client.query(`SELECT ${supportsSql('$1', '$2', '$3', '$4', '$5')} AS supports`, [
      timebank,
      ann.memberId,
      admin.memberId,
      'view',
      tx.now
    ])
  )
  assert.equal(rows[0].supports, false)
})

test('reads of agencies are logged, also of somebody who becomes a member later; those of others are not', async () => {
  const agency = { clientId: randomUUID(), organisationId: council, affiliationId: randomUUID(), scopes: [] }
  const subject = { type: 'service_request', id: randomUUID() }
  const rowsOf = async () =>
    (await as(systemActor, async (tx) => tx.client.query('SELECT * FROM consents.disclosures'))).rows
  await as(broker(), (tx) => disclose(tx, [{ membershipId: ann.memberId, subject, parts: ['status'] }]))
  assert.deepEqual(await rowsOf(), [])
  const read: Disclosed[] = [
    { membershipId: null, subject, parts: ['status'] },
    { membershipId: ann.memberId, subject, parts: ['status', 'outcome'] },
    { membershipId: ann.memberId, subject, parts: [] }
  ]
  await as({ ...actorOf(admin), roles: [], agency } as Actor, (tx) => disclose(tx, read))
  assert.deepEqual(
    (await rowsOf()).map((row) => [row.membership_id, row.organisation_id, row.client_id, row.parts]),
    [
      [null, council, agency.clientId, ['status']],
      [ann.memberId, council, agency.clientId, ['status', 'outcome']]
    ]
  )
  await as(systemActor, (tx) => adoptDisclosures(tx, subject, ann.memberId))
  assert.ok((await rowsOf()).every((row) => row.membership_id === ann.memberId))
  for (const text of ['DELETE FROM consents.disclosures', "UPDATE consents.disclosures SET parts = '{}'"])
    await assert.rejects(
      as(systemActor, (tx) => tx.client.query(text)),
      { code: '42501' }
    )
})

test('the scopes are those of the specification', () => {
  assert.deepEqual(consentScopes, [
    'contact',
    'share_status',
    'share_attendance',
    'share_outcome',
    'see_others_involved'
  ])
})

test('later words are a version of their own, and a consent names one that there is', async () => {
  const texts = [{ language: 'en', text: 'In other words.' }]
  const [wording] = await as(broker(), (tx) => addWording(tx, 'joined_up', texts))
  assert.equal(wording!.version, 2)
  const giving = { membershipId: ann.memberId, organisationId: council, purpose: 'joined_up', how: 'phone' } as const
  const give = (wordingVersion: number) =>
    as(broker(), (tx) => giveConsent(tx, { ...giving, scopes: ['see_others_involved'], wordingVersion }))
  await assert.rejects(give(3), { code: 'validation-failed' })
  assert.equal((await give(2)).wordingLanguage, 'en')
  const listed = await as(systemActor, (tx) => listConsents(tx, { membershipId: ann.memberId, before: null }, 50))
  assert.deepEqual(
    listed.map(({ purpose, status }) => [purpose, status]),
    [
      ['joined_up', 'given'],
      ['referral', 'withdrawn']
    ]
  )
})
