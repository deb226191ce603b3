export { blankThanksOf } from './thanks.ts'
export { thanksTold } from './told.ts'
