export {
  type Book,
  blankBooksOf,
  booksFrom,
  closeBook,
  getBook,
  issueBook,
  listBooks,
  lockBook,
  slipOf,
  slipText,
  voidSlip,
  voidsOf
} from './slips.ts'
