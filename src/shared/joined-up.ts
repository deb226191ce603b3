/** What is open around a person. */
export const joinedUpKinds = ['service_request', 'exchange', 'arrangement', 'budget'] as const
export type JoinedUpKind = (typeof joinedUpKinds)[number]

/** Where something stands, in the words that people are told (`words/`); of all kinds alike. */
export const joinedUpStates = [
  'asked',
  'proposed',
  'with_broker',
  'agreed',
  'under_way',
  'on_hold',
  'to_confirm',
  'unclear'
] as const
export type JoinedUpState = (typeof joinedUpStates)[number]
