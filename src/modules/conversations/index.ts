export { firstReplies, unansweredConversation, unansweredConversations } from './unanswered.ts'
