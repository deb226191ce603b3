export { closeMatchesOf, matchingCron, matchingTasks } from './expiry.ts'
export { matchesTold } from './told.ts'
