import type { Messages } from './types.ts'

export const en: Messages = {
  signInLink: ({ name, url, code, minutes }) => ({
    subject: 'Your sign-in link for Commonhours',
    text: `Hello ${name},

Somebody, most likely you, has asked to sign in to Commonhours with this e-mail address.
Open this link to sign in. It works once, within ${minutes} minutes:

${url}

Where you are asked for a code instead, use this one:

${code}

If it was not you, there is nothing you need to do: nobody can sign in without this mail.
`
  })
}
