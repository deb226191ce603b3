import { isIP } from 'node:net'
import { refuseFaults } from '../../shared/errors.ts'
import type { AddressRule } from './addresses.ts'

/** An address in its usual form, or a refusal. Whether it may be reached is asked again at each connection. */
export function checkedUrl(text: string, rule: AddressRule): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const detail = url === null ? 'Is not an address.' : faultOf(url, rule)
  refuseFaults(detail === null ? [] : [{ pointer: '/url', detail }])
  return url!.href
}

function faultOf(url: URL, { plain, mayReach }: AddressRule): string | null {
  const isPlain = url.protocol === 'http:'
  if (url.protocol !== 'https:' && !(isPlain && plain)) return 'Must begin with https://.'
  if (url.username !== '' || url.password !== '') return 'Must hold no user name and no password.'
  if (url.hash !== '') return 'Must not end with a # and what follows it.'
  // however it was written: in decimal, octal or hexadecimal, it stands here in its usual form
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) && !mayReach(host, isPlain)) return 'Must not be a private or reserved address.'
  return null
}
