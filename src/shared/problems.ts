/**
 * The documented list of everything that the service refuses, with its HTTP status and a title for people.
 * A code never changes its meaning; clients branch on `code`, never on texts. Served at `/problems`.
 */
export const problems = {
  // the request itself
  'validation-failed': [400, 'Parts of the request are not as described'],
  'malformed-body': [400, 'The body is not valid JSON'],
  'idempotency-key-required': [400, 'This request moves hours and needs an Idempotency-Key header'],
  'not-acceptable': [406, 'None of the asked media types can be given'],
  'payload-too-large': [413, 'The body is larger than allowed'],
  'unsupported-media-type': [415, 'The body must be application/json'],
  'rate-limited': [429, 'Too many requests; try again after the time given in Retry-After'],
  'bad-request': [400, 'The request cannot be understood'],
  // who is asking
  unauthenticated: [401, 'Sign in first'],
  'token-invalid': [401, 'The access token is invalid or has expired'],
  'credentials-wrong': [401, 'E-mail and password do not fit together'],
  'link-invalid': [401, 'The link has been used, has expired or never was'],
  'refresh-token-invalid': [401, 'The refresh token is invalid; sign in again'],
  'too-many-guesses': [429, 'Too many wrong guesses; try again later'],
  forbidden: [403, 'You may not do this'],
  'not-active': [403, 'Your membership is not active'],
  'scope-missing': [403, 'The API client has not been given the scope for this'],
  'professional-needed': [
    400,
    'Name the professional who asks: Commonhours-Professional with the id of their affiliation'
  ],
  'professional-not-covered': [403, 'The affiliation covers no professional of this agency today'],
  'not-found': [404, 'There is no such thing here'],
  'route-not-found': [404, 'There is no such address'],
  'method-not-allowed': [405, 'This address does not know that method'],
  // concurrency
  'precondition-failed': [412, 'It has been changed since you read it'],
  'precondition-required': [428, 'Send If-Match with the ETag that you read'],
  'idempotency-key-in-use': [409, 'A request with this key is still running'],
  'idempotency-key-reused': [422, 'This key was used for another request'],
  conflict: [409, 'It cannot be done in the present state'],
  'wrong-state': [409, 'It cannot be done in the present state'],
  'already-exists': [409, 'There is one already'],
  // set-up and timebanks
  'setup-code-wrong': [403, 'The set-up code is wrong or has been used'],
  'slug-taken': [409, 'Another timebank has this short name'],
  // service requests
  'not-for-emergencies': [422, 'A timebank must not promise what cannot wait; nothing of this was kept'],
  'person-not-agreed': [409, 'The person whom it is about has not said yes'],
  // conversations
  'own-listing': [422, 'It is your own: somebody else has to write first'],
  'nobody-there': [422, 'Nobody else takes part in this conversation any more'],
  // rules of exchanges
  'same-party': [422, 'Provider and receiver must be different (R1)'],
  'own-confirmation': [403, 'Who reports cannot confirm for the other side (R2)'],
  'future-service-date': [422, 'A service date in the future cannot be reported (R3)'],
  'recording-not-allowed': [403, "The timebank's policy does not let you record this"],
  'broker-approval-needed': [422, 'A broker has to approve exchanges of this risk or length: ask them to confirm it'],
  'capacity-not-covered': [422, 'The capacity is not covered by an affiliation on the service date'],
  'party-not-active': [422, 'One side of the exchange is not active'],
  'slip-not-issued': [422, 'The slip is in no book that this timebank has issued'],
  'slip-void': [422, 'The slip has been declared void'],
  'category-closed': [422, 'The category is not in use'],
  'stale-quote': [409, 'Something else holds now than what this rests on; read the figures again'],
  'vetting-needed': [422, 'Who gives time in this category is vetted first: ask a broker to note it'],
  'guardian-consent-needed': [422, 'A guardian has to consent first: ask a broker to note it'],
  'minors-not-allowed': [422, "The timebank's policy has no exchanges of people under 18"],
  'family-unofficial-only': [422, 'Exchanges within a family are noted as unofficial hours here'],
  'dispute-too-late': [422, 'It was settled too long ago for its sides to question it: ask a broker'],
  'part-of-group': [409, 'It was recorded with others: take back the group, and record the right ones'],
  'budget-needs-plan': [409, 'The plan of the budget is written first, in the words of the person that it is for'],
  'budget-not-active': [422, 'Nothing is agreed from this budget: it is not active, or not on that day'],
  'budget-not-for-receiver': [422, 'The budget is for somebody or something else'],
  'budget-word-needed': [403, 'Who holds the budget has to say yes to it, or a broker'],
  'budget-exhausted': [422, 'There is not so much available in the budget'],
  'budget-not-settled': [409, 'Something of the budget is still committed or available'],
  'gifts-not-allowed': [422, "The timebank's policy does not allow gifts"],
  'transfer-not-allowed': [422, 'These hours may not be moved so'],
  'reversal-needs-reason': [422, 'A reversal needs a reason'],
  'screening-incomplete': [422, 'References and interview asked for by the policy are not complete'],
  // the ledger's answers
  'transfer-id-reused': [422, 'This transfer id was used for another transfer'],
  'unknown-account': [422, 'There is no such account'],
  'account-not-open': [422, 'The account is not open'],
  'below-floor': [422, 'The balance would fall below the hard floor'],
  'above-ceiling': [422, 'The balance would rise above the hard ceiling'],
  'malformed-operation': [422, 'The ledger operation is malformed'],
  'unknown-ref': [422, 'There is no such transfer or hold'],
  'already-resolved': [409, 'It has been settled, released or reversed already'],
  'exceeds-hold': [422, 'More than was held'],
  'not-chained-yet': [409, 'The transfer is not in the hash chain yet; try again in some minutes'],
  'leg-failed': [422, 'Another leg of the group was refused'],
  // between timebanks
  'no-clearing-agreement': [422, 'No agreement with that timebank is in force'],
  'clearing-limit': [422, 'More than the two timebanks have agreed that one may owe the other'],
  'statement-too-long': [422, 'One document would be too long: ask for a shorter period, or for CSV'],
  // moving in
  'import-faulty': [422, 'The file has faulty rows; nothing was imported'],
  // the service
  'internal-error': [500, 'Something went wrong on our side'],
  unavailable: [503, 'The service cannot answer now; try again after the time given in Retry-After']
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof problems
