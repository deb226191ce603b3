import { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import {
  type Api,
  columnsOf,
  created,
  edited,
  everyRole,
  expectedVersion,
  idFrom,
  pageOf,
  pageQuery,
  read,
  readers,
  sendList,
  setEtag,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { hasRole, isStaff } from '../../shared/actor.ts'
import { currentPolicy, today } from '../timebanks/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import {
  type Affiliation,
  type AffiliationFilter,
  acceptAffiliation,
  addAffiliation,
  endAffiliation,
  listAffiliations,
  organisationsActedFor,
  refuseAffiliation
} from './affiliations.ts'
import { getMembership } from './memberships.ts'
import {
  addOrganisation,
  closeOrganisation,
  getOrganisation,
  listOrganisations,
  updateOrganisation
} from './organisations.ts'
import {
  affiliationParams,
  affiliationSchema,
  endAffiliationSchema,
  memberParams,
  newAffiliationSchema,
  newOrganisationSchema,
  nothing,
  organisationChangeSchema,
  organisationParams,
  organisationQuery,
  organisationSchema,
  withReason
} from './schemas.ts'
import { affiliationView, eyeOf, memberFor, organisationView } from './views.ts'

const tags = ['Members']
const organisations = '/v1/timebanks/:timebank/organisations'
const organisation = `${organisations}/:organisation`

/** Organisations that the caller acts for, and the date that this is about. */
async function own(tx: Tx): Promise<{ date: string; actsFor: string[] }> {
  const { rules } = await currentPolicy(tx)
  const date = today(tx, rules)
  return { date, actsFor: tx.actor.membershipId ? await organisationsActedFor(tx, tx.actor.membershipId, date) : [] }
}

/** An affiliation as its caller sees it after having changed it. */
async function seen(tx: Tx, affiliation: Affiliation): Promise<z.output<typeof affiliationSchema>> {
  const member = await getMembership(tx, affiliation.membershipId)
  const { name } = await getOrganisation(tx, affiliation.organisationId)
  const { actsFor } = await own(tx)
  return affiliationView(tx.actor, { ...affiliation, member, organisationName: name }, actsFor)
}

/** Organisations, and who belongs to them. */
export function organisationRoutes(app: Api): void {
  readOrganisations(app)
  changeOrganisations(app)
  readAffiliations(app)
  changeAffiliations(app)
  answerAffiliations(app)
}

function readOrganisations(app: Api): void {
  app.get(
    organisations,
    {
      config: { access: readers(everyRole), csv: true },
      schema: {
        operationId: 'listOrganisations',
        tags,
        summary: 'Organisations, oldest first',
        params: timebankParams,
        querystring: organisationQuery,
        response: { 200: pageOf(organisationSchema) }
      }
    },
    async (request, reply) => {
      const { status, ...query } = request.query
      return sendList(request, reply, {
        name: 'organisations',
        query,
        columns: columnsOf(organisationSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const { actsFor } = await own(tx)
            const page = toPage(await listOrganisations(tx, { status, after: idFrom(from) }, size), size, (row) => [
              row.id
            ])
            return { ...page, items: page.items.map((row) => organisationView(tx.actor, row, actsFor)) }
          })
      })
    }
  )

  app.get(
    organisation,
    {
      config: { access: readers(everyRole) },
      schema: {
        operationId: 'getOrganisation',
        tags,
        summary: 'One organisation',
        params: organisationParams,
        response: { 200: organisationSchema }
      }
    },
    async (request, reply) => {
      const body = await read(request, async (tx) =>
        organisationView(tx.actor, await getOrganisation(tx, request.params.organisation), (await own(tx)).actsFor)
      )
      setEtag(reply, body.rowVersion)
      return body
    }
  )
}

function changeOrganisations(app: Api): void {
  app.post(
    organisations,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'addOrganisation',
        tags,
        summary: 'Add an organisation, with its account',
        params: timebankParams,
        body: newOrganisationSchema,
        response: { 201: organisationSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        201,
        async (tx) => organisationView(tx.actor, await addOrganisation(tx, request.body), []),
        created(request)
      )
  )

  app.patch(
    organisation,
    {
      config: { access: writers(staff), ifMatch: true },
      schema: {
        operationId: 'updateOrganisation',
        tags,
        summary: 'Change what is said about an organisation',
        params: organisationParams,
        body: organisationChangeSchema,
        response: { 200: organisationSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) => {
          const changed = await updateOrganisation(tx, request.params.organisation, request.body, expected)
          return organisationView(tx.actor, changed, [])
        },
        edited
      )
    }
  )

  app.post(
    `${organisation}/closure`,
    {
      config: { access: writers(staff), idempotency: 'required' },
      schema: {
        operationId: 'closeOrganisation',
        tags,
        summary: 'End an organisation: hours in its account go to the pot, missing ones are written off',
        params: organisationParams,
        body: withReason,
        response: { 200: organisationSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => {
          const closed = await closeOrganisation(tx, request.params.organisation, request.body.reason)
          return organisationView(tx.actor, closed, [])
        },
        edited
      )
  )
}

type Whose = Pick<AffiliationFilter, 'organisationId' | 'membershipId'>

/** All of them for those whom they concern; to others the present ones of members whom they may see. */
async function affiliationsFor(tx: Tx, whose: Whose, after: string | null, limit: number) {
  const { actor } = tx
  const { date, actsFor } = await own(tx)
  const all =
    isStaff(actor) ||
    hasRole(actor, 'auditor') ||
    (whose.membershipId !== undefined && eyeOf(actor, whose.membershipId) === 'own') ||
    (whose.organisationId !== undefined && actsFor.includes(whose.organisationId))
  const filter = all ? whose : { ...whose, on: date, visibleTo: actor.membershipId ?? undefined }
  const page = toPage(await listAffiliations(tx, { ...filter, after }, limit), limit, (row) => [row.id])
  return { ...page, items: page.items.map((row) => affiliationView(actor, row, actsFor)) }
}

function readAffiliations(app: Api): void {
  const description =
    'Present and accepted ones of members who let themselves be seen; for those concerned, staff and auditors all of them.'

  app.get(
    `${organisation}/affiliations`,
    {
      config: { access: readers(everyRole), csv: true },
      schema: {
        operationId: 'listAffiliations',
        tags,
        summary: 'Who belongs to an organisation',
        description,
        params: organisationParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(affiliationSchema) }
      }
    },
    async (request, reply) => {
      return sendList(request, reply, {
        name: 'affiliations',
        query: request.query,
        columns: columnsOf(affiliationSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const { id } = await getOrganisation(tx, request.params.organisation)
            return affiliationsFor(tx, { organisationId: id }, idFrom(from), size)
          })
      })
    }
  )

  app.get(
    '/v1/timebanks/:timebank/members/:member/affiliations',
    {
      config: { access: readers(everyRole), csv: true },
      schema: {
        operationId: 'listMemberAffiliations',
        tags,
        summary: 'To which organisations a member belongs',
        description,
        params: memberParams,
        querystring: z.strictObject(pageQuery),
        response: { 200: pageOf(affiliationSchema) }
      }
    },
    async (request, reply) => {
      return sendList(request, reply, {
        name: 'affiliations',
        query: request.query,
        columns: columnsOf(affiliationSchema),
        page: (from, size) =>
          read(request, async (tx) => {
            const { id } = await memberFor(tx, request, request.params.member)
            return affiliationsFor(tx, { membershipId: id }, idFrom(from), size)
          })
      })
    }
  )
}

function changeAffiliations(app: Api): void {
  app.post(
    `${organisation}/affiliations`,
    {
      config: { access: writers({ member: 'own', broker: true, admin: true }) },
      schema: {
        operationId: 'addAffiliation',
        tags,
        summary: 'Add a member to an organisation, with dates',
        description:
          'For staff, and for those who act for the organisation: theirs is `proposed` until the member accepts, and does ' +
          'not begin before today.',
        params: organisationParams,
        body: newAffiliationSchema,
        response: { 201: affiliationSchema }
      }
    },
    async (request, reply) => {
      const { memberId, ...rest } = request.body
      return write(
        request,
        reply,
        201,
        async (tx) => {
          const { id } = await memberFor(tx, request, memberId)
          return seen(
            tx,
            await addAffiliation(tx, { ...rest, membershipId: id, organisationId: request.params.organisation })
          )
        },
        edited
      )
    }
  )

  app.patch(
    '/v1/timebanks/:timebank/affiliations/:affiliation',
    {
      config: { access: writers({ member: 'own', broker: true, admin: true }), ifMatch: true },
      schema: {
        operationId: 'endAffiliation',
        tags,
        summary: 'End an affiliation by its last day',
        description:
          'For staff, those who act for the organisation, and the member. It can be shortened, not lengthened or deleted.',
        params: affiliationParams,
        body: endAffiliationSchema,
        response: { 200: affiliationSchema }
      }
    },
    async (request, reply) => {
      const expected = expectedVersion(request)
      return write(
        request,
        reply,
        200,
        async (tx) => seen(tx, await endAffiliation(tx, request.params.affiliation, request.body.validTo, expected)),
        edited
      )
    }
  )
}

/** Who is proposed as belonging to an organisation answers for themselves. */
function answerAffiliations(app: Api): void {
  app.post(
    '/v1/timebanks/:timebank/affiliations/:affiliation/acceptance',
    {
      config: { access: writers({ member: 'own' }, ['active', 'paused']) },
      schema: {
        operationId: 'acceptAffiliation',
        tags,
        summary: 'Accept an affiliation that was proposed: it counts, and others see it',
        params: affiliationParams,
        body: nothing,
        response: { 200: affiliationSchema }
      }
    },
    async (request, reply) =>
      write(
        request,
        reply,
        200,
        async (tx) => seen(tx, await acceptAffiliation(tx, request.params.affiliation)),
        edited
      )
  )

  app.post(
    '/v1/timebanks/:timebank/affiliations/:affiliation/refusal',
    {
      config: { access: writers({ member: 'own' }, ['active', 'paused', 'suspended']) },
      schema: {
        operationId: 'refuseAffiliation',
        tags,
        summary: 'Refuse an affiliation that was proposed: it is gone from every list',
        description: 'No reason is asked for.',
        params: affiliationParams,
        body: nothing,
        response: { 204: z.undefined() }
      }
    },
    async (request, reply) =>
      write(request, reply, 204, async (tx) => refuseAffiliation(tx, request.params.affiliation))
  )
}
