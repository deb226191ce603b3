export { fundsBudget, getBudget } from './around.ts'
export { endBudgetsOf, exhausted, lockBudgetsOf, passOnReversals } from './moving.ts'
export { budgetFor, budgetStill, holdsForMember, mayCommitFrom } from './paying.ts'
export { blankBudgetsOf } from './plans.ts'
