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
  wasDone
} from './audit.ts'
