export { removeMailingsOf, stopMailingsTo } from './preferences.ts'
export { mailingsCron, mailingsTasks } from './tasks.ts'
