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
  type Timebank,
  today,
  versionInForce
} from './timebanks.ts'
