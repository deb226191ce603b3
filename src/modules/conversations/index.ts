export { blankConversationsOf, conversationsCron, conversationsTasks } from './retention.ts'
export { conversationsTold, messagesTold } from './told.ts'
export { firstReplies, unansweredConversation, unansweredConversations } from './unanswered.ts'
