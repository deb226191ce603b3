export { blankFollowUpsOf } from './changes.ts'
export { followUpsCron, followUpsTasks } from './look.ts'
