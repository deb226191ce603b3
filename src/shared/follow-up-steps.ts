/** What a broker is advised to do next about a follow-up, told in words by the catalogue of each language (`words/`). */
export const followUpSteps = [
  'find_helper',
  'ask_for_answer',
  'renew_offer',
  'renew_request',
  'first_contact',
  'talk_about_giving',
  'talk_about_asking',
  'remind_to_confirm',
  'confirm_in_person',
  'decide_dispute',
  'decide_query',
  'look_and_approve',
  'make_contact',
  'contact_then_leave',
  'read_report',
  'contact_person',
  'decide_service_request',
  'go_on_or_end',
  'look_for_help_again'
] as const

export type FollowUpStep = (typeof followUpSteps)[number]
