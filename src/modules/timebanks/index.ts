export { type MailWay, type Policy, rules } from './policy.ts'
export {
  changePolicy,
  createPolicy,
  createTimebank,
  currentPolicy,
  dayEnd,
  everyTimebank,
  findTimebank,
  getTimebank,
  listTimebanks,
  policyAt,
  policyFor,
  policyInForce,
  type Timebank,
  timebankNames,
  today,
  versionInForce
} from './timebanks.ts'
