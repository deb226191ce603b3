/**
 * What becomes of a referral in a sandbox, by whom it is about: by member number, or by the name in the contact block. Numbers follow
 * from the order here: the first is 4, after the admin, the broker and the professional. Whoever is named otherwise is taken for
 * the first.
 */
export const cast = [
  { name: 'Ann Agrees', path: 'helped' },
  { name: 'Ned Nowhere', path: 'never_reached' },
  { name: 'Nora Nothanks', path: 'says_no' },
  { name: 'Hal Holdon', path: 'put_on_hold' },
  { name: 'Pru Professional', path: 'needs_professional_service' },
  { name: 'Hugo Helperless', path: 'no_helper_found' },
  { name: 'Wyn Withdraws', path: 'withdraws_consent' },
  { name: 'Faye Faraway', path: 'outside_area' },
  { name: 'Quin Quiet', path: 'shares_nothing' }
] as const

export type Path = (typeof cast)[number]['path']

export const firstNumber = 4

/** They help whoever is to be helped. */
export const helpers = ['Hetty Helper', 'Hari Helper'] as const
