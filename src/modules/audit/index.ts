export { type AuditEntry, audit, listEvents, listEventsOf, type StoredEvent } from './audit.ts'
