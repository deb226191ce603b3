export { type Policy, rules } from './policy.ts'
export {
  changePolicy,
  createPolicy,
  createTimebank,
  currentPolicy,
  everyTimebank,
  findTimebank,
  listTimebanks,
  policyAt,
  policyByVersion,
  policyFor,
  policyInForce,
  type Timebank,
  today,
  versionInForce
} from './timebanks.ts'
