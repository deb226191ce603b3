export { foundTimebank, type NewTimebank, setUp } from './founding.ts'
