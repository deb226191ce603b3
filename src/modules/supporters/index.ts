export { mayActFor, supportBetween, supportsSql } from './acting.ts'
export { endSupportsOf, forgetSupportsOf } from './ending.ts'
export { supportersCron, supportersTasks } from './tasks.ts'
export { supportsTold } from './telling.ts'
