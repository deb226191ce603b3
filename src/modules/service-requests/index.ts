export { endWithout, sayNo, sayYes } from './answering.ts'
/** @public */
export { openAround } from './around.ts'
export { blankServiceRequestsOf, closeDue, endServiceRequestsOf } from './closing.ts'
export { accept, reject } from './deciding.ts'
export { contactsOf, linkPerson, noteContact, verifyClaim } from './desk.ts'
/** @public */
export { updateServiceRequest } from './editing.ts'
/** @public */
export { emergencyRefusal, isEmergency } from './emergencies.ts'
export { playLater, playTask } from './play.ts'
/** @public */
export { createServiceRequest, type NewServiceRequest } from './posting.ts'
/** @public */
export {
  type Filter,
  listServiceRequests,
  type Place,
  readServiceRequest,
  type ServiceRequest,
  textsOf
} from './service-requests.ts'
/** @public */
export { cancel, complete, enterInError, fail, hold } from './steps.ts'
export { serviceRequestsCron, serviceRequestsTasks } from './tasks.ts'
