export { acceptAgreement, proposeAgreement } from './agreement-steps.ts'
export { labelsWithPartners, partnersBeside } from './labels.ts'
export { listPairs, type Pair } from './read.ts'
export { clearingCron, clearingTasks } from './tasks.ts'
