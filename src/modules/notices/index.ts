export {
  addNotices,
  countUnread,
  findNotices,
  holdUnread,
  insertNotices,
  listNotices,
  markKnown,
  type Notice,
  noticesJson,
  removeNoticesOf
} from './notices.ts'
export { noticesCron, noticesTasks } from './tasks.ts'
