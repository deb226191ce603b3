export { clientLookup } from './caller.ts'
export type { OnClientChange } from './clients.ts'
