export {
  type AuditEntry,
  audit,
  eventsJson,
  insertEvents,
  listEvents,
  listEventsOf,
  type ShownEvent,
  type StoredEvent,
  shownEvent,
  shownToMember,
  wasDone
} from './audit.ts'
