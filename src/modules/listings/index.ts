export {
  type Category,
  type CategoryChange,
  type CategoryInput,
  closeCategory,
  createCategory,
  createStarterCategories,
  findCategory,
  getCategory,
  listCategories,
  updateCategory
} from './categories.ts'
export { expireListings, listingsExpiringWithin, noteExpiryNotices } from './expiry.ts'
export {
  createListing,
  getOffer,
  getRequest,
  type Listing,
  type ListingChange,
  type ListingFields,
  type MoveName,
  markRequest,
  moveListing,
  type NewListing,
  type Offer,
  type Request,
  readListing,
  updateListing
} from './listings.ts'
export { type Found, isRanked, type ListingFilter, listListings, type Place } from './search.ts'
export { listingsCron, listingsTasks, type NotifyExpiry } from './tasks.ts'
export {
  type Kind,
  type Mode,
  modes,
  type OfferStatus,
  offerStatuses,
  type RequestStatus,
  type Risk,
  requestStatuses,
  risks,
  type Setting,
  type Slot,
  settings,
  slots
} from './vocabulary.ts'
