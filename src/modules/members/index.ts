export { accountsOf } from './accounts.ts'
export { type AddMember, addFounder, addMember, applyForMembership } from './adding.ts'
export {
  acceptAffiliation,
  addAffiliation,
  affiliationCovering,
  endAffiliation,
  findAffiliation,
  listAffiliations,
  membersActingFor,
  organisationsActedFor,
  professionalsOf,
  refuseAffiliation
} from './affiliations.ts'
export { callerLookup, membershipsOf } from './caller.ts'
export { areFamily, familyPairs, familySql, relativesOf } from './family.ts'
export { emptyClosed } from './hours.ts'
export { addMembers } from './importing.ts'
export { erase, leave } from './leaving.ts'
export { applyPolicyLimits, limitsFor } from './limits.ts'
export { listMembers, type MemberFilter, postalMembers } from './listing.ts'
export {
  findMembership,
  getMembership,
  isVisibleToMembers,
  type Membership,
  membersByNumber,
  resolveMember
} from './memberships.ts'
export {
  addOrganisation,
  closeOrganisation,
  type Organisation,
  updateOrganisation
} from './organisations.ts'
export {
  type AccountLabel,
  accountHolder,
  accountLabels,
  labelsBeside,
  type MemberParty,
  type MembersBrought,
  memberLabels,
  memberParty,
  membersSql,
  organisationLabels,
  organisationParty,
  ownsAccount,
  type Parties,
  partiesFrom,
  partiesOf
} from './parties.ts'
export { isMinorOn, updateProfile } from './profile.ts'
export { assignBroker, changeRoles } from './roles.ts'
export { listScreenings, noteScreening } from './screening.ts'
export { activate, decline, pause, reinstate, resume, startScreening, suspend, withdraw } from './status.ts'
