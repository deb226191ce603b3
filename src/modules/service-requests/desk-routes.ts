import type { z } from 'zod'
import type { Tx } from '../../db/client.ts'
import { inTimebank } from '../../db/client.ts'
import { type Api, edited, staff, timebankOf, write, writers } from '../../http/index.ts'
import { type Fault, refuseFaults } from '../../shared/errors.ts'
import { sayNo, sayYes, stop, type Yes } from './answering.ts'
import { accept, reject } from './deciding.ts'
import { assign, linkPerson, noteContact, verifyClaim } from './desk.ts'
import { addMeeting } from './following.ts'
import {
  acceptanceSchema,
  answerSchema,
  arrangementSchema,
  assignmentSchema,
  collection,
  completionSchema,
  concerned,
  contactSchema,
  emptySchema,
  failureSchema,
  holdSchema,
  item,
  personSchema,
  rejectionSchema,
  serviceRequestParams,
  stateSchema,
  tags
} from './schemas.ts'
import type { ServiceRequest } from './service-requests.ts'
import { complete, fail, hold, resume } from './steps.ts'
import { stateOf } from './views.ts'

type StepOf<Body extends z.ZodType> = {
  path: string
  operationId: string
  summary: string
  description: string
  body: Body
  take(tx: Tx, id: string, body: z.output<Body>): Promise<ServiceRequest>
}

/** Keeps the shape of the body with what takes it. */
const step = <Body extends z.ZodType>(of: StepOf<Body>) => of as unknown as StepOf<z.ZodType>

/** What brokers do. */
const steps = [
  step({
    path: 'assignment',
    operationId: 'assignServiceRequest',
    summary: 'Name the broker who looks after it',
    description: 'null: nobody in particular.',
    body: assignmentSchema,
    take: (tx, id, { memberId }) => assign(tx, id, memberId)
  }),
  step({
    path: 'verification',
    operationId: 'verifyServiceRequestConsent',
    summary: 'Note that what the agency says of the consent has been looked into',
    description: 'It opens nothing: the person is asked.',
    body: emptySchema,
    take: verifyClaim
  }),
  step({
    path: 'contacts',
    operationId: 'noteServiceRequestContact',
    summary: 'Note an attempt to speak with the person',
    description: 'Seen at the desk, and gone when it is decided against or has ended.',
    body: contactSchema,
    take: noteContact
  }),
  step({
    path: 'person',
    operationId: 'linkServiceRequestPerson',
    summary: 'Say which member it is about',
    description:
      'For a contact block: an existing member, or one who has been entered for it. Until somebody has said yes it can be put right. The member is told that there is something about them.',
    body: personSchema,
    take: (tx, id, { member }) => linkPerson(tx, id, member)
  }),
  step({
    path: 'acceptance',
    operationId: 'acceptServiceRequest',
    summary: 'Take it up',
    description:
      'A referral once the person has said yes (409 `person-not-agreed` otherwise), with the words that members are to see, agreed with the person. It makes an ordinary request of the person, or of the organisation for its own need (paid from its account): from there on matching, exchanges, appointments and arrangements are as for any other (`listingId`).',
    body: acceptanceSchema,
    take: accept
  }),
  step({
    path: 'rejection',
    operationId: 'rejectServiceRequest',
    summary: 'Do not take it up, with a reason',
    description:
      'A referral that could not be arranged, whatever stood in the way, is `not_taken_up`: it waits until the end of the day and is then closed by the service, together with all others of which that is so.',
    body: rejectionSchema,
    take: (tx, id, { reason }) => reject(tx, id, reason)
  }),
  step({
    path: 'hold',
    operationId: 'holdServiceRequest',
    summary: 'Put it off, with a reason',
    description: 'Members do not see it meanwhile. What is agreed already goes on.',
    body: holdSchema,
    take: (tx, id, { reason }) => hold(tx, id, reason)
  }),
  step({
    path: 'resumption',
    operationId: 'resumeServiceRequest',
    summary: 'Go on with it',
    description: 'From on hold to in progress.',
    body: emptySchema,
    take: resume
  }),
  step({
    path: 'completion',
    operationId: 'completeServiceRequest',
    summary: 'Say what came of it',
    description:
      'One that was asked for once is completed by itself (`goal_met`) when all exchanges for it are settled; help again and again by this.',
    body: completionSchema,
    take: (tx, id, { outcome }) => complete(tx, id, outcome)
  }),
  step({
    path: 'failure',
    operationId: 'failServiceRequest',
    summary: 'Say that it could not be done, with a reason',
    description: 'Once it has been taken up.',
    body: failureSchema,
    take: (tx, id, { reason }) => fail(tx, id, reason)
  }),
  step({
    path: 'arrangements',
    operationId: 'addServiceRequestArrangement',
    summary: 'Note that an arrangement to meet belongs to it',
    description: 'One in which the person (or the organisation) is who is helped. Its sessions count as attendance.',
    body: arrangementSchema,
    take: (tx, id, { arrangementId }) => addMeeting(tx, id, arrangementId)
  })
]

/** The broker's desk, and what the person says. */
export function serviceRequestDeskRoutes(app: Api): void {
  for (const { path, body, take, ...about } of steps)
    app.post(
      `${collection}/:serviceRequest/${path}`,
      {
        config: { access: writers(staff) },
        schema: { ...about, tags, params: serviceRequestParams, body, response: { 200: stateSchema } }
      },
      async (request, reply) =>
        write(
          request,
          reply,
          200,
          async (tx) => stateOf(tx, await take(tx, request.params.serviceRequest, request.body)),
          edited
        )
    )

  app.post(
    `${item}/answer`,
    {
      config: { access: writers(concerned) },
      schema: {
        operationId: 'answerServiceRequest',
        tags,
        summary: 'Say yes or no to a referral about you',
        description:
          'By the person, by who supports them in the scope `consents` or is their guardian, or by a broker whom they have told. A yes says what the agency is allowed (`scopes`, `wordingVersion`), whatever the agency has claimed. A no needs no reason. It is closed as not taken up at the end of the day, as is all that could not be arranged, and nothing kept anywhere tells the one from the other.',
        params: serviceRequestParams,
        body: answerSchema,
        response: { 200: stateSchema }
      }
    },
    async (request, reply) => {
      const { serviceRequest: id } = request.params
      const { answer, ...yes } = request.body
      refuseFaults(answerFaults(request.body))
      if (answer === 'yes')
        return write(request, reply, 200, async (tx) => stateOf(tx, await sayYes(tx, id, yes as Yes)), edited)
      // an answer that is kept would tell what was said; again it changes nothing
      const timebank = timebankOf(request)
      const state = await inTimebank(
        request.server.database,
        timebank.id,
        request.actor,
        async (tx) => stateOf(tx, await sayNo(tx, id, yes.how)),
        timebank
      )
      return reply.headers(edited(state)).send(state)
    }
  )

  app.post(
    `${item}/stop`,
    {
      config: { access: writers({ member: 'own' }) },
      schema: {
        operationId: 'stopServiceRequest',
        tags,
        summary: 'Stop what was asked for you',
        description:
          'By the person, or who may say it for them, at any time after it was taken up and without a reason; before that they say no. What has been agreed with helpers stays theirs.',
        params: serviceRequestParams,
        body: emptySchema,
        response: { 200: stateSchema }
      }
    },
    async (request, reply) =>
      write(request, reply, 200, async (tx) => stateOf(tx, await stop(tx, request.params.serviceRequest)), edited)
  )
}

function answerFaults({ answer, ...yes }: z.output<typeof answerSchema>): Fault[] {
  const fault = (field: string, detail: string) => ({ pointer: `/${field}`, detail: `${field}: ${detail}` })
  if (answer === 'yes')
    return (['scopes', 'wordingVersion'] as const)
      .filter((field) => yes[field] === undefined)
      .map((field) => fault(field, 'goes with a yes.'))
  return Object.keys(yes)
    .filter((field) => field !== 'how')
    .map((field) => fault(field, 'goes with a yes.'))
}
