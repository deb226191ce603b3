export { type Mailer, makeMailer } from './mail.ts'
