export { blankSheetsOf } from './sheets.ts'
export { forgetChoiceOf } from './statements.ts'
