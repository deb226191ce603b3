export { transfersCron, transfersTasks } from './tasks.ts'
