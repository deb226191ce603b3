export {
  communityPot,
  type Limits,
  noLimits,
  openAccount,
  openAccounts,
  openBooks,
  openingAccount,
  setAccountStatus,
  setLimits
} from './accounts.ts'
export type { OutcomeCode } from './codes.ts'
export { type AccountKind, type AccountStatus, type OperationName, type TransferKind, transferKinds } from './kinds.ts'
export {
  type Operation,
  type Outcome,
  post,
  postAll,
  type Refused,
  refusalOf,
  type SoftLimit,
  tryPost
} from './post.ts'
export {
  type Account,
  findTransfer,
  getAccount,
  getAccounts,
  type Line,
  type StatementOptions,
  statement,
  type Transfer,
  type TrialBalance,
  type TrialBalanceRow,
  trialBalance
} from './read.ts'
export { type Problem, type ProblemName, verifyBooks } from './verify.ts'
