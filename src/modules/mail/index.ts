export { type Mail, type Mailer, makeMailer, refusalIn } from './mail.ts'
