export {
  type AuditEntry,
  audit,
  listEvents,
  listEventsOf,
  type ShownEvent,
  type StoredEvent,
  shownEvent,
  wasDone
} from './audit.ts'
