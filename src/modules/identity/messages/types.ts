export type SignInLink = { name: string; url: string; code: string; minutes: number }

/** What this module writes to people; one file for each language. */
export type Messages = {
  signInLink(values: SignInLink): { subject: string; text: string }
}
