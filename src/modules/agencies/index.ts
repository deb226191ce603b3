export { clientLookup } from './caller.ts'
export { addClient, type OnClientChange } from './clients.ts'
export { isAgency } from './standing.ts'
