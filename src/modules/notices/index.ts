export { findNotices, insertNotices, type Notice, noticesJson, removeNoticesOf } from './notices.ts'
export { noticesCron, noticesTasks } from './tasks.ts'
