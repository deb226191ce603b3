/** What an API client of an agency may be allowed, one by one; each is within what is the agency's own. */
export const agencyScopeTexts = {
  'service_requests.read': 'Read its own service requests, as far as the people concerned have agreed',
  'service_requests.write': 'Post service requests, change and cancel its own',
  'consents.read': 'Read the consents given to it',
  'consents.write': 'Note that a consent given to it was withdrawn',
  'joined_up.read': 'Read what is open around the people of its own service requests, as far as they have agreed',
  'budgets.read': 'Read the hour budgets that it funds',
  'budgets.write': 'Propose hour budgets, allocate hours to them and take back what is left',
  webhooks: 'Manage its webhooks'
} as const
export type AgencyScope = keyof typeof agencyScopeTexts
export const agencyScopes = Object.keys(agencyScopeTexts) as [AgencyScope]
