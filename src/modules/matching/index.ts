export { closeMatchesOf, matchingCron, matchingTasks } from './expiry.ts'
