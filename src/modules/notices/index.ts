export {
  countUnread,
  holdUnread,
  insertNotices,
  listNotices,
  markKnown,
  type NewNotice,
  type Notice,
  noticesJson,
  removeNoticesOf
} from './notices.ts'
export { noticesCron, noticesTasks } from './tasks.ts'
