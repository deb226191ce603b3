import { type Api, agenciesOnly, read, readers, readLogged, staff } from '../../http/index.ts'
import { serviceRequestParams } from '../service-requests/schemas.ts'
import { timebankParams } from '../timebanks/schemas.ts'
import { agencyPageOf } from './agency-page.ts'
import { figuresOf } from './figures.ts'
import { pageOf } from './page.ts'
import { agencyViewSchema, concerned, figuresSchema, joinedUpSchema, memberParams, tags } from './schemas.ts'

const timebank = '/v1/timebanks/:timebank'

/** What is open around a person: for them, for an agency as far as they allow, and in figures. */
export function joinedUpRoutes(app: Api): void {
  app.get(
    `${timebank}/members/:member/joined-up`,
    {
      config: { access: readers(concerned) },
      schema: {
        operationId: 'getJoinedUpView',
        tags,
        summary: 'All that is open around one person, across agencies, on one page',
        description:
          'For the person, who supports them in the scope view, and staff; to others it is not there. Referrals of every agency, exchanges under way that somebody gives for their work or for an organisation or that came of a referral, arrangements to meet them, budgets for them. What came of a referral or an arrangement belongs to it (`partOf`) and is counted with it. Overlap: two or more that count by themselves are open in one category, of whatever organisations; several exchanges and arrangements of one provider are one.',
        params: memberParams,
        response: { 200: joinedUpSchema }
      }
    },
    (request) => read(request, (tx) => pageOf(tx, request.params.member))
  )

  app.get(
    `${timebank}/service-requests/:serviceRequest/joined-up`,
    {
      config: { access: agenciesOnly('joined_up.read') },
      schema: {
        operationId: 'getAgencyJoinedUpView',
        tags,
        summary: 'What is open around the person of a referral of your own, as far as they allow it now',
        description:
          'Your own contributions by the consents that hold at this moment, and of other organisations the name and category only, where the person has given you see_others_involved. Overlap is told of what you see here. Until the person has said yes to this referral it is the referral alone. Each read is written down for the person. 409 wrong-state for a need of your own.',
        params: serviceRequestParams,
        response: { 200: agencyViewSchema }
      }
    },
    (request) => readLogged(request, (tx) => agencyPageOf(tx, request.params.serviceRequest))
  )

  app.get(
    `${timebank}/joined-up/figures`,
    {
      config: { access: readers(staff) },
      schema: {
        operationId: 'getJoinedUpFigures',
        tags,
        summary: 'How many agencies and people are around people, as things stand now',
        description:
          'Over people with at least one open contribution (`people` = P). severalAgencies: those with two or more organisations / P. withOverlap: those with two or more contributions in one category / P. meanAgencies: Σ different organisations around each / P. meanPeopleInvolved: Σ different people who ask or give around each / P. Combinations that fewer people than smallestPublishedCell make up are left out and counted.',
        params: timebankParams,
        response: { 200: figuresSchema }
      }
    },
    (request) => read(request, figuresOf)
  )
}
