export { removeMailingsOf, stopMailingsTo, stopTopics } from './preferences.ts'
export { mailingsCron, mailingsTasks } from './tasks.ts'
