/** @public */
export { endWithout } from './answering.ts'
/** @public */
export { openAround } from './around.ts'
export { blankServiceRequestsOf, endServiceRequestsOf } from './closing.ts'
/** @public */
export { updateServiceRequest } from './editing.ts'
export { emergencyRefusal, isEmergency } from './emergencies.ts'
export { attendanceOf } from './following.ts'
/** @public */
export { createServiceRequest, type NewServiceRequest, type Receipt } from './posting.ts'
/** @public */
export {
  type Filter,
  listServiceRequests,
  type Place,
  readServiceRequest,
  type ServiceRequest
} from './service-requests.ts'
export { cancel, enterInError } from './steps.ts'
export { serviceRequestsCron, serviceRequestsTasks } from './tasks.ts'
export { type ListedView, listedViews, type ServiceRequestView, viewOf } from './views.ts'
