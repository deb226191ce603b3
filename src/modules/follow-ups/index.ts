export { blankFollowUpsOf } from './follow-ups.ts'
