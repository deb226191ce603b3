export { type AuditEntry, audit, type EventFilter, listEvents, listEventsOf, type StoredEvent } from './audit.ts'
