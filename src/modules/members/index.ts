export { type AddMember, addFounder, addMember, applyForMembership, type NewMember } from './adding.ts'
export {
  type Affiliation,
  type AffiliationSeen,
  type AffiliationWanted,
  addAffiliation,
  affiliationCovering,
  endAffiliation,
  findAffiliation,
  listAffiliations,
  type NewAffiliation,
  organisationsActedFor
} from './affiliations.ts'
export { type Caller, callerOf, membershipsOf, type OwnMembership } from './caller.ts'
export { addMembers, type ImportedMember } from './importing.ts'
export { type Departure, erase, leave } from './leaving.ts'
export { limitsFor } from './limits.ts'
export { listMembers, type MemberFilter } from './listing.ts'
export {
  findMembership,
  getMembership,
  isVisibleToMembers,
  type Membership,
  type MembershipStatus,
  membersByNumber,
  membershipStatuses,
  resolveMember
} from './memberships.ts'
export {
  addOrganisation,
  closeOrganisation,
  getOrganisation,
  listOrganisations,
  type NewOrganisation,
  type Organisation,
  type OrganisationKind,
  organisationKinds,
  updateOrganisation
} from './organisations.ts'
export {
  type AccountLabel,
  accountLabels,
  type MemberParty,
  memberLabels,
  memberParty,
  type OrganisationParty,
  organisationLabels,
  organisationParty,
  ownsAccount
} from './parties.ts'
export { isMinorOn, type Profile, type ProfileInput, updateProfile } from './profile.ts'
export { assignBroker, changeRoles, setSupported } from './roles.ts'
export { listScreenings, type NewScreening, noteScreening, type Screening } from './screening.ts'
export { activate, decline, pause, reinstate, resume, startScreening, suspend, withdraw } from './status.ts'
