export { blankThanksOf } from './thanks.ts'
