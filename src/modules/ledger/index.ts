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
export { extendChain, ledgerCron, ledgerTasks } from './chain.ts'
export { type AccountStatus, transferKinds } from './kinds.ts'
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
export { verifyChain } from './verify-chain.ts'
