export { makeDemo } from './demo.ts'
