export { holdUnread, insertNotices, markKnown, noticesJson, removeNoticesOf } from './notices.ts'
export { noticesCron, noticesTasks } from './tasks.ts'
