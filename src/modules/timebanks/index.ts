export { type Policy, rules } from './policy.ts'
export {
  changePolicy,
  createPolicy,
  createTimebank,
  currentPolicy,
  dayEnd,
  everyTimebank,
  findTimebank,
  listTimebanks,
  policyAt,
  type Timebank,
  today
} from './timebanks.ts'
