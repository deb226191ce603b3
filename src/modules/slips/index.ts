export {
  type Book,
  type BookFilter,
  blankBooksOf,
  booksFrom,
  closeBook,
  getBook,
  issueBook,
  listBooks,
  lockBook,
  type NewBook,
  slipOf,
  slipText,
  voidSlip,
  voidsOf
} from './slips.ts'
