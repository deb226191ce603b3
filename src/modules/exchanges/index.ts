export { exchangesCron, exchangesTasks } from './auto-confirm.ts'
export { type HistoryRow, recordHistory } from './history.ts'
export { reverse } from './settle.ts'
export { agree, approve, cancel, confirm, decline, propose, record, report } from './steps.ts'
