export { clientLookup } from './caller.ts'
export { addClient } from './clients.ts'
