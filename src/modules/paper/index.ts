export { blankSheetsOf } from './sheets.ts'
