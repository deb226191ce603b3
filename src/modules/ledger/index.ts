export {
  communityPot,
  followLimits,
  type Limits,
  noLimits,
  openAccount,
  openAccounts,
  openBooks,
  openingAccount,
  setAccountStatus,
  setLimits
} from './accounts.ts'
export { problemFor } from './codes.ts'
export { type Leg, legsOf } from './groups.ts'
export { type AccountKind, type AccountStatus, transferKinds } from './kinds.ts'
export { currentLimits, type LimitVersion, limitVersions } from './limit-versions.ts'
export {
  type Operation,
  type Outcome,
  post,
  postAll,
  tryPost
} from './post.ts'
export {
  findTransfer,
  getAccount,
  getAccounts,
  type Line,
  statement,
  type TrialBalance,
  trialBalance
} from './read.ts'
export { type Problem, verifyBooks } from './verify.ts'
