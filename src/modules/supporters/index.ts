export { agencyOf, mayActFor, supportBetween, supportsSql } from './acting.ts'
