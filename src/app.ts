import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import type { Database } from './db/client.ts'
import { projectFolder } from './db/migrate.ts'
import {
  type Api,
  type DeclaredRoute,
  registerAccess,
  registerAuth,
  registerHealth,
  registerLimits,
  registerOpenapi,
  registerProblems,
  registerRequestLog
} from './http/index.ts'
import { clientLookup, type OnClientChange } from './modules/agencies/index.ts'
import { agencyRoutes } from './modules/agencies/routes.ts'
import { secretRoutes } from './modules/agencies/secret-routes.ts'
import { tokenRoutes } from './modules/agencies/token-routes.ts'
import { auditRoutes } from './modules/audit/routes.ts'
import { blankBudgetsOf, endBudgetsOf } from './modules/budgets/index.ts'
import { budgetRoutes } from './modules/budgets/routes.ts'
import { closeCirclesOf, forgetCirclesOf } from './modules/circles/index.ts'
import { circleRoutes } from './modules/circles/routes.ts'
import { labelsWithPartners, partnersBeside } from './modules/clearing/index.ts'
import { clearingRoutes } from './modules/clearing/routes.ts'
import { closeConsentsOf, forgetDisclosuresOf, type OnWithdrawal } from './modules/consents/index.ts'
import { consentLogRoutes } from './modules/consents/log-routes.ts'
import { consentRoutes } from './modules/consents/routes.ts'
import { inboxRoutes } from './modules/conversations/inbox-routes.ts'
import { blankConversationsOf } from './modules/conversations/index.ts'
import { conversationReportRoutes } from './modules/conversations/report-routes.ts'
import { conversationRoutes } from './modules/conversations/routes.ts'
import { groupRoutes } from './modules/exchanges/group-routes.ts'
import { blankExchangesOf, endExchangesOf } from './modules/exchanges/index.ts'
import { exchangeQueryRoutes } from './modules/exchanges/query-routes.ts'
import { exchangeRoutes } from './modules/exchanges/routes.ts'
import { exchangeStepRoutes } from './modules/exchanges/step-routes.ts'
import { fhirRoutes } from './modules/fhir/routes.ts'
import { blankFollowUpsOf } from './modules/follow-ups/index.ts'
import { followUpRoutes } from './modules/follow-ups/routes.ts'
import { foundingRoutes } from './modules/founding/routes.ts'
import { type Identity, sealKeys } from './modules/identity/index.ts'
import { identityRoutes } from './modules/identity/routes.ts'
import { joinedUpRoutes } from './modules/joined-up/routes.ts'
import { chainRoutes } from './modules/ledger/chain-routes.ts'
import type { PostingQueue } from './modules/ledger/index.ts'
import { journalRoutes } from './modules/ledger/journal-routes.ts'
import { type LedgerRoutesOptions, ledgerRoutes } from './modules/ledger/routes.ts'
import { blankListingsOf, closeListingsOf } from './modules/listings/index.ts'
import { listingRoutes } from './modules/listings/routes.ts'
import { removeMailingsOf, stopMailingsTo } from './modules/mailings/index.ts'
import { preferenceRoutes } from './modules/mailings/routes.ts'
import { unsubscribeRoutes } from './modules/mailings/unsubscribe-routes.ts'
import { closeMatchesOf } from './modules/matching/index.ts'
import { matchingRoutes } from './modules/matching/routes.ts'
import { familyRoutes } from './modules/members/family-routes.ts'
import { accountHolder, applyPolicyLimits, callerLookup, membershipsOf, ownsAccount } from './modules/members/index.ts'
import { limitsRoutes } from './modules/members/limits-routes.ts'
import { organisationRoutes } from './modules/members/organisation-routes.ts'
import { memberRoutes } from './modules/members/routes.ts'
import { standingRoutes } from './modules/members/standing-routes.ts'
import { removeNoticesOf } from './modules/notices/index.ts'
import { noticeRoutes } from './modules/notices/routes.ts'
import { openReferralRoutes } from './modules/open-referral/routes.ts'
import { bookRoutes } from './modules/paper/book-routes.ts'
import { blankSheetsOf, forgetChoiceOf } from './modules/paper/index.ts'
import { sheetRoutes } from './modules/paper/sheet-routes.ts'
import { statementRoutes } from './modules/paper/statement-routes.ts'
import { appointmentRoutes } from './modules/schedule/appointment-routes.ts'
import { feedRoutes } from './modules/schedule/feed-routes.ts'
import { groupSessionRoutes } from './modules/schedule/group-routes.ts'
import { blankScheduleOf, endScheduleOf } from './modules/schedule/index.ts'
import { arrangementRoutes } from './modules/schedule/routes.ts'
import { sessionRoutes } from './modules/schedule/session-routes.ts'
import { serviceRequestDeskRoutes } from './modules/service-requests/desk-routes.ts'
import { blankServiceRequestsOf, endServiceRequestsOf, endWithout } from './modules/service-requests/index.ts'
import { serviceRequestRoutes } from './modules/service-requests/routes.ts'
import { blankBooksOf } from './modules/slips/index.ts'
import { endSupportsOf, forgetSupportsOf } from './modules/supporters/index.ts'
import { supporterRoutes } from './modules/supporters/routes.ts'
import { blankThanksOf } from './modules/thanks/index.ts'
import { thanksRoutes } from './modules/thanks/routes.ts'
import { dayEnd } from './modules/timebanks/index.ts'
import { timebankRoutes } from './modules/timebanks/routes.ts'
import { transferRoutes } from './modules/transfers/routes.ts'
import { webhookDeliveryRoutes } from './modules/webhooks/delivery-routes.ts'
import { announce, type Webhooks } from './modules/webhooks/index.ts'
import { webhookRoutes } from './modules/webhooks/routes.ts'

export const version = (
  JSON.parse(readFileSync(path.join(projectFolder(), 'package.json'), 'utf8')) as { version: string }
).version

export type AppOptions = {
  database: Database
  identity: Identity
  postings: PostingQueue
  webhooks: Pick<Webhooks, 'rule' | 'outcomes'>
  publicUrl: string
  /** requests a minute per person or address */
  rateLimit: number
  corsOrigins: readonly string[]
  trustProxy: string | boolean
  logger?: FastifyBaseLogger
}

export type App = Api & { declared: DeclaredRoute[] }

const exposedHeaders = [
  'ETag',
  'Link',
  'Location',
  'Request-Id',
  'Idempotency-Replayed',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After'
]

const tags = [
  { name: 'Service', description: 'Health, metrics, the list of problems' },
  { name: 'Identity', description: 'Signing in and out, the signed-in person' },
  { name: 'Timebanks', description: 'Set-up, timebanks and their policies' },
  { name: 'Members', description: 'Memberships, screening, organisations, affiliations' },
  { name: 'Agencies', description: 'API clients of partner agencies' },
  { name: 'Audit', description: 'Who did what, on whose behalf, through which source' },
  { name: 'Listings', description: 'Categories, offers and requests' },
  { name: 'Exchanges', description: 'Exchanges from proposal to settlement and reversal' },
  { name: 'Schedule', description: 'When and where: appointments, arrangements and their sessions, calendars' },
  { name: 'Budgets', description: 'Hours that an organisation sets aside for somebody or something' },
  { name: 'Service requests', description: 'What agencies ask for, what the person says, and the broker’s desk' },
  { name: 'Joined-up view', description: 'All that is open around a person across agencies, and how much it is' },
  { name: 'Circles', description: 'Rings in which everybody gives and everybody receives' },
  { name: 'Matching', description: 'Who fits a request or an offer, and who is asked' },
  { name: 'Paper', description: 'Books of slips, event sheets, statements by post' },
  { name: 'Supporters', description: 'Who stands by a member, and what they may do in the name of the member' },
  { name: 'Consents', description: 'What people allow organisations, and what agencies have read of them' },
  { name: 'Transfers', description: 'Gifts, donations, grants, batches, reversals' },
  { name: 'Between timebanks', description: 'Agreements and hours between timebanks of one installation' },
  { name: 'FHIR', description: 'Service requests of agencies as HL7 FHIR R4, by the SDOH Clinical Care guide' },
  { name: 'Follow-ups', description: 'What a broker has to look after, and what came of it' },
  { name: 'Conversations', description: 'What people write to each other about offers, requests and exchanges' },
  { name: 'Thanks', description: 'Words of thanks after an exchange, private unless both sides open them' },
  { name: 'Inbox', description: 'What is new for somebody, of messages and notices, in one list' },
  { name: 'Notices', description: 'What somebody should know of and has not done themselves' },
  { name: 'Open Referral', description: 'What a timebank as a whole offers, for directories of services' },
  { name: 'Webhooks', description: 'How systems of agencies are told of events' },
  { name: 'Ledger', description: 'Accounts, statements, trial balance, verification' }
]

/** While the service ends, an answer takes its connection with it: kept alive, it would hold up the end for over a minute. */
function closeConnections(app: Api): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
}

/** What rests on the consents of people follows when less is allowed than before; in the same transaction. */
export const onWithdrawal: OnWithdrawal = endWithout

/** The one list of plugins and modules, in order. */
export async function buildApp(options: AppOptions): Promise<App> {
  const { database, identity, publicUrl } = options
  const app = Fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    trustProxy: options.trustProxy,
    bodyLimit: 1_048_576,
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    requestTimeout: 60_000
  }) as unknown as Api

  app.decorate('database', database)
  // many clients name the type of a body that they do not send; where one is needed, its absence is told as such
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body === '' ? done(null, undefined) : parseJson(request, String(body), done)
  )
  registerProblems(app)
  const declared = registerAccess(app)
  registerRequestLog(app)
  await app.register(helmet, { hsts: publicUrl.startsWith('https:') })
  await app.register(cors, { origin: [...options.corsOrigins], exposedHeaders })
  registerAuth(app, {
    verify: (token) => identity.verify(token),
    look: callerLookup(database),
    lookAtClient: clientLookup(database)
  })
  closeConnections(app)
  await registerLimits(app, options.rateLimit)
  await registerOpenapi(app, { version, publicUrl, declared, tags })
  registerHealth(app, [
    {
      name: 'postings_under_way',
      help: 'Postings that wait for their turn in the queue, or are being posted',
      read: () => options.postings.size()
    },
    {
      name: 'webhook_attempts_total',
      help: 'Attempts to send a webhook, challenges among them, by outcome',
      label: 'outcome',
      count: () => options.webhooks.outcomes()
    }
  ])

  identityRoutes(app, {
    identity,
    membershipsOf: async (personId) =>
      (await membershipsOf(database, personId)).map(({ timebankName, ...m }) => ({ ...m, timebank: timebankName }))
  })
  foundingRoutes(app)
  timebankRoutes(app, { onPolicyChange: applyPolicyLimits })
  auditRoutes(app)
  memberRoutes(app)
  standingRoutes(app, {
    onDeparture: async (tx, membershipId) => {
      // first, so that what a circle begins at the same moment is ended with the rest
      await closeCirclesOf(tx, membershipId)
      await endExchangesOf(tx, membershipId)
      // after what they had committed was let go
      await endBudgetsOf(tx, membershipId)
      await endScheduleOf(tx, membershipId)
      await closeListingsOf(tx, membershipId)
      await forgetChoiceOf(tx, membershipId)
      await closeMatchesOf(tx, membershipId)
      await stopMailingsTo(tx, membershipId)
      await endSupportsOf(tx, membershipId)
      // consents are locked before what rests on them
      await closeConsentsOf(tx, membershipId, onWithdrawal)
      await endServiceRequestsOf(tx, membershipId)
    },
    onErasure: async (tx, membershipId) => {
      await forgetSupportsOf(tx, membershipId)
      await forgetDisclosuresOf(tx, membershipId)
      await forgetCirclesOf(tx, membershipId)
      await blankServiceRequestsOf(tx, membershipId)
      await blankListingsOf(tx, membershipId)
      await blankExchangesOf(tx, membershipId)
      await blankBudgetsOf(tx, membershipId)
      await blankFollowUpsOf(tx, membershipId)
      await blankScheduleOf(tx, membershipId)
      await blankBooksOf(tx, membershipId)
      await blankSheetsOf(tx, membershipId)
      await blankConversationsOf(tx, membershipId)
      await blankThanksOf(tx, membershipId)
      await removeNoticesOf(tx, membershipId)
      await removeMailingsOf(tx, membershipId)
    }
  })
  familyRoutes(app)
  supporterRoutes(app)
  consentRoutes(app, { onWithdrawal })
  consentLogRoutes(app)
  organisationRoutes(app)
  limitsRoutes(app)
  const onChange: OnClientChange = (tx, { organisationId, clientId }) =>
    announce(tx, [{ organisationId, type: 'client.changed', subject: { type: 'agency_client', id: clientId } }])
  agencyRoutes(app, { onChange })
  secretRoutes(app, { onChange })
  tokenRoutes(app, { identity, publicUrl })
  listingRoutes(app)
  exchangeRoutes(app)
  exchangeStepRoutes(app)
  exchangeQueryRoutes(app)
  groupRoutes(app)
  appointmentRoutes(app)
  arrangementRoutes(app)
  sessionRoutes(app)
  groupSessionRoutes(app)
  feedRoutes(app, { publicUrl })
  budgetRoutes(app)
  serviceRequestRoutes(app)
  serviceRequestDeskRoutes(app)
  circleRoutes(app)
  matchingRoutes(app)
  bookRoutes(app)
  sheetRoutes(app)
  statementRoutes(app)
  followUpRoutes(app)
  transferRoutes(app, { queue: options.postings })
  clearingRoutes(app)
  fhirRoutes(app, { publicUrl, version })
  webhookRoutes(app, { rule: options.webhooks.rule })
  webhookDeliveryRoutes(app)
  noticeRoutes(app)
  preferenceRoutes(app)
  unsubscribeRoutes(app)
  conversationRoutes(app)
  conversationReportRoutes(app)
  inboxRoutes(app)
  thanksRoutes(app)
  joinedUpRoutes(app)
  openReferralRoutes(app, { publicUrl })
  const reading: LedgerRoutesOptions = {
    ownsAccount: (tx, _request, accountId) => ownsAccount(tx, { membershipId: tx.actor.membershipId, accountId }),
    labelsOf: labelsWithPartners,
    labelsBeside: partnersBeside,
    holderOf: accountHolder,
    dayEnd
  }
  ledgerRoutes(app, reading)
  journalRoutes(app, reading)
  chainRoutes(app, { ...reading, sealKeys: () => sealKeys(database) })

  await app.ready()
  return Object.assign(app, { declared })
}
