export { clientLookup } from './caller.ts'
