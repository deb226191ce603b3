import { type AgencyScope, agencyScopes } from '../../src/shared/agency-scopes.ts'
import { addMember, type Client, clientOf, ok, type Stage } from './app.ts'

/** A partner agency with a professional, and its system as a client of the API. */
export type Agency = {
  organisationId: string
  affiliationId: string
  clientId: string
  clientSecret: string
  /** the professional as a member, with a login of their own */
  professional: Client
  /** calls as the agency's system, in the name of that professional */
  client: Client
}

let made = 0

/** An access token for the credentials of a client. */
export async function clientToken(stage: Stage, id: string, secret: string): Promise<string> {
  const body = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
  return ok(await stage.anonymous.post('/oauth/token', body)).access_token
}

/** An organisation with an API client (all scopes, unless told otherwise) and a professional for all that it asks. */
export async function makeAgency(
  stage: Stage,
  admin: Client,
  { name, scopes = agencyScopes }: { name?: string; scopes?: readonly AgencyScope[] } = {}
): Promise<Agency> {
  made += 1
  const organisation = ok(
    await admin.post('organisations', { name: name ?? `Agency ${made}`, kind: 'health_board' }),
    201
  )
  const professional = await addMember(stage, admin, { name: `Professional ${made}` })
  const affiliation = ok(
    await admin.post(`organisations/${organisation.id}/affiliations`, {
      memberId: professional.memberId,
      professional: true,
      actsFor: true
    }),
    201
  )
  const { id: clientId, clientSecret } = ok(
    await admin.post(`organisations/${organisation.id}/clients`, {
      name: 'System',
      scopes,
      professionalId: affiliation.id
    }),
    201
  )
  const token = await clientToken(stage, clientId, clientSecret)
  return {
    organisationId: organisation.id,
    affiliationId: affiliation.id,
    clientId,
    clientSecret,
    professional,
    client: clientOf(stage.app, admin.timebank, token)
  }
}
