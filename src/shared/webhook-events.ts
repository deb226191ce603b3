/** What agencies can be told of by webhook; a type keeps its meaning for good. The event names a subject by id and tells nothing of it. */
export const webhookEventTypes = [
  'service_request.changed',
  'consent.changed',
  'budget.changed',
  'client.changed'
] as const
export type WebhookEventType = (typeof webhookEventTypes)[number]
