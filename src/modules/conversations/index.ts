export {
  type FirstReply,
  firstReplies,
  type Unanswered,
  unansweredConversation,
  unansweredConversations
} from './unanswered.ts'
