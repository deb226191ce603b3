export { type Announcement, announce } from './announce.ts'
export { makeWebhooks, type WebhookLine, type Webhooks, webhooksCron } from './tasks.ts'
