export { blankScheduleOf, endScheduleOf } from './leaving.ts'
export { scheduleCron, scheduleTasks } from './tasks.ts'
export { appointmentsTold, arrangementsTold, sessionsTold } from './told.ts'
