/** @public */
export { endWithout } from './answering.ts'
/** @public */
export { openAround } from './around.ts'
export { blankServiceRequestsOf, endServiceRequestsOf } from './closing.ts'
/** @public */
export { updateServiceRequest } from './editing.ts'
/** @public */
export { emergencyRefusal, isEmergency } from './emergencies.ts'
/** @public */
export { createServiceRequest, type NewServiceRequest } from './posting.ts'
export { seeing } from './seeing.ts'
/** @public */
export {
  type Filter,
  listServiceRequests,
  type Place,
  readServiceRequest,
  type ServiceRequest
} from './service-requests.ts'
/** @public */
export { cancel, enterInError } from './steps.ts'
export { serviceRequestsCron, serviceRequestsTasks } from './tasks.ts'
