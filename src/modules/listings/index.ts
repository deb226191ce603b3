export { listingsById, type OpenListing, openListings } from './bulk.ts'
export {
  type Category,
  categoryNames,
  createStarterCategories,
  type Flags,
  type FlagsPath,
  findCategory,
  flagsInForce,
  flagsPath,
  getCategory,
  listCategories
} from './categories.ts'
export { type Cell, offerCells } from './cells.ts'
export { createDraftRequests, type DraftRequest } from './drafts.ts'
export { expireListings, listingsExpiringWithin, noteExpiryNotices } from './expiry.ts'
export { followTask } from './follow.ts'
export { blankListingsOf, closeListingsOf } from './leaving.ts'
export {
  createListing,
  getOffer,
  getRequest,
  isOwn,
  type Listing,
  lockListing,
  type NewListing,
  type Request,
  readListing
} from './listings.ts'
export { markRequest, moveListing } from './moves.ts'
export { listingsCron, listingsTasks } from './tasks.ts'
export { listingsTold } from './told.ts'
export { type Setting, type Slot, slots } from './vocabulary.ts'
export { rebuildWords } from './words.ts'
