/** What a module says of a thing of its own to a member who is told of it; null where there is nothing to say. */
export type Told = {
  /** display name of the other side */
  who: string | null
  /** title or category */
  what: string | null
  /** an instant, or a calendar date in the timebank's zone */
  when: Date | string | null
  /** what somebody has written, for those who want to read it in the mail itself */
  text?: string | null
  /** nobody needs to be told by mail any more */
  over?: boolean
}
