export { defaultPolicy, type Policy, type RuleName, rules } from './policy.ts'
export {
  changePolicy,
  createPolicy,
  createTimebank,
  currentPolicy,
  everyTimebank,
  findTimebank,
  getTimebank,
  listPolicyVersions,
  listTimebanks,
  type PolicyVersion,
  policyAt,
  renameTimebank,
  type Timebank,
  today
} from './timebanks.ts'
