export { closeCirclesOf, forgetCirclesOf } from './closing.ts'
export { circlesCron, circlesTasks } from './tasks.ts'
export { circlesTold } from './told.ts'
