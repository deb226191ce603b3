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
export { type Moment, positionAt, summaryOf, trialBalanceAt } from './as-of.ts'
export { findTransfer, journal } from './journal.ts'
export { type AccountStatus, transferKinds } from './kinds.ts'
export {
  type Operation,
  type Outcome,
  post,
  postAll,
  tryPost
} from './post.ts'
export {
  getAccount,
  getAccounts,
  type Line,
  statement,
  type TrialBalance,
  trialBalance
} from './read.ts'
export { type Problem, verifyBooks } from './verify.ts'
