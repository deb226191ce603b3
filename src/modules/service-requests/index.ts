export { endWithout, sayNo, sayYes } from './answering.ts'
export { blankServiceRequestsOf, closeDue, endServiceRequestsOf } from './closing.ts'
export { accept, reject } from './deciding.ts'
export { contactsOf, linkPerson, noteContact, verifyClaim } from './desk.ts'
export { emergencyRefusal, isEmergency } from './emergencies.ts'
export { attendanceOf } from './following.ts'
export { playLater, playTask } from './play.ts'
export { createServiceRequest, type NewServiceRequest, type Receipt } from './posting.ts'
export { seeing } from './seeing.ts'
export {
  listServiceRequests,
  lockServiceRequest,
  type Place,
  readServiceRequest,
  type ServiceRequest,
  textsOf
} from './service-requests.ts'
export { cancel, complete, enterInError, fail, hold } from './steps.ts'
export { serviceRequestsCron, serviceRequestsTasks } from './tasks.ts'
export { type ListedView, listedViews, type ServiceRequestView, viewOf } from './views.ts'
