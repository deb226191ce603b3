import {
  type Api,
  alsoAgencies,
  columnsOf,
  everyRole,
  idFrom,
  pageOf,
  read,
  readers,
  sendList,
  staff,
  toPage,
  write,
  writers
} from '../../http/index.ts'
import { addDays } from '../../shared/clock.ts'
import { dayEnd } from '../timebanks/index.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { listDisclosures } from './disclosures.ts'
import { personFor } from './persons.ts'
import {
  disclosureQuery,
  disclosureSchema,
  memberParams,
  newWordingSchema,
  wordingQuery,
  wordingsSchema
} from './schemas.ts'
import { addWording, listWordings } from './wordings.ts'

const timebank = '/v1/timebanks/:timebank'
const tags = ['Consents']
const columns = columnsOf(disclosureSchema)

/** What agencies have read of a person, and the words that people are shown. */
export function consentLogRoutes(app: Api): void {
  app.get(
    `${timebank}/members/:member/disclosures`,
    {
      config: { access: readers({ member: 'own', ...staff }, 'any'), csv: true },
      schema: {
        operationId: 'listDisclosures',
        tags,
        summary: 'What agencies have read of a member: who, when, and which parts; newest first',
        description: 'For the member, who supports them in the scope view, and staff. Nothing of it can be changed.',
        params: memberParams,
        querystring: disclosureQuery,
        response: { 200: pageOf(disclosureSchema) }
      }
    },
    async (request, reply) => {
      const { limit, cursor, organisationId, from, to } = request.query
      return sendList(request, reply, {
        name: 'disclosures',
        query: { limit, cursor },
        columns,
        page: (at, size) =>
          read(request, async (tx) => {
            const { id } = await personFor(tx, request.params.member, 'view')
            const filter = {
              organisationId,
              from: from === undefined ? undefined : await dayEnd(tx, addDays(from, -1)),
              until: to === undefined ? undefined : await dayEnd(tx, to),
              before: idFrom(at)
            }
            return toPage(await listDisclosures(tx, id, filter, size), size, (row) => [row.id])
          })
      })
    }
  )

  app.get(
    `${timebank}/consent-wordings`,
    {
      config: { access: alsoAgencies('consents.read', readers(everyRole)) },
      schema: {
        operationId: 'listConsentWordings',
        tags,
        summary: 'The words that people are shown who are asked for consent, the newest version first',
        params: timebankParams,
        querystring: wordingQuery,
        response: { 200: wordingsSchema }
      }
    },
    (request) => read(request, async (tx) => ({ items: await listWordings(tx, request.query.purpose) }))
  )

  app.post(
    `${timebank}/consent-wordings`,
    {
      config: { access: writers(staff) },
      schema: {
        operationId: 'addConsentWording',
        tags,
        summary: 'Add the next version of the words for a purpose',
        description: 'Consents keep the version that was shown: nothing that was added is ever changed.',
        params: timebankParams,
        body: newWordingSchema,
        response: { 201: wordingsSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 201, async (tx) => ({
        items: await addWording(tx, request.body.purpose, request.body.texts)
      }))
  )
}
