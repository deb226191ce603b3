import type { z } from 'zod'
import type { supportSchema } from './schemas.ts'
import type { Support } from './supports.ts'

export function supportView(support: Support): z.output<typeof supportSchema> {
  const { id, member, supporter, kind, status, scopes, validTo, authority, authoritySeen, authoritySeenOn } = support
  const { proposedAt, proposedBy, activeSince, closedAt, rowVersion } = support
  return {
    ...{ id, member, supporter, kind, status, scopes, validTo },
    authority:
      authority !== null && authoritySeen !== null && authoritySeenOn !== null
        ? { from: authority, seen: authoritySeen, seenOn: authoritySeenOn }
        : null,
    ...{ proposedAt, proposedBy, activeSince, closedAt, rowVersion }
  }
}
