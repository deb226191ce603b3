export { blankScheduleOf, endScheduleOf } from './leaving.ts'
export { parseRule, seriesFaults } from './rule.ts'
export { scheduleCron, scheduleTasks } from './tasks.ts'
export { appointmentsTold, arrangementsTold, sessionsTold } from './told.ts'
