export {
  accountKindsOf,
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
export type { Operation, Outcome } from './call.ts'
export { extendChain, ledgerCron, ledgerTasks } from './chain.ts'
export { outcomeCodes } from './codes.ts'
export {
  type CrossingTally,
  closeCrossings,
  openCrossingsSql,
  openCrossingTallies
} from './crossings.ts'
export { forgetRefusals, releaseExpiredHolds } from './expiry.ts'
export { type Flow, flowsOf } from './flows.ts'
export { type Leg, legsOf } from './groups.ts'
export { findTransfer, journal, type Transfer } from './journal.ts'
export { type AccountKind, type AccountStatus, operationNames, type TransferKind, transferKinds } from './kinds.ts'
export { currentLimits, type LimitVersion, limitVersions } from './limit-versions.ts'
export { paperOf } from './paper/make.ts'
export { type Paper, statementsPaper } from './paper/statement.ts'
export { post, postAll, refusalOf, tryPost } from './post.ts'
export { makePostingQueue, type PostingQueue } from './queue.ts'
export {
  type Account,
  type Beside,
  getAccount,
  getAccounts,
  kindsOf,
  type Line,
  statement,
  statementHeld,
  type TrialBalance,
  trialBalance
} from './read.ts'
export { type Problem, verifyBooks } from './verify.ts'
export { verifyChain, verifyLedger } from './verify-chain.ts'
