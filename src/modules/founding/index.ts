export { foundTimebank } from './founding.ts'
