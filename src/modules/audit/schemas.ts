import { z } from 'zod'

export const eventSchema = z
  .object({
    id: z.uuid(),
    at: z.date(),
    action: z.string().describe('`subject.verb`, such as membership.activated'),
    subjectType: z.string(),
    subjectId: z.string(),
    actorPersonId: z
      .uuid()
      .nullable()
      .optional()
      .describe('Who did it, where it was no member; null: the service itself. For staff and auditors'),
    actorMembershipId: z.uuid().nullable(),
    onBehalfOf: z.uuid().nullable().describe('Member for whom it was done, where somebody else did it'),
    source: z.string().describe('Through what it arrived'),
    slipNumber: z.string().nullable(),
    changes: z
      .record(z.string(), z.unknown())
      .describe('States and figures before and after; personal fields by name only'),
    reason: z.string().nullable(),
    agencyId: z
      .uuid()
      .nullable()
      .describe('Organisation through whose own system the actor did it; null: through none'),
    agencyClientId: z.uuid().nullable().optional().describe('The API client that called. For staff and auditors')
  })
  .meta({ id: 'AuditEvent' })
