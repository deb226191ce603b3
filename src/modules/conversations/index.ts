export { blankConversationsOf, conversationsCron, conversationsTasks } from './retention.ts'
export { firstReplies, unansweredConversation, unansweredConversations } from './unanswered.ts'
