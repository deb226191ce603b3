import ipaddr from 'ipaddr.js'

/** Whether a connection may be made to an address, and whether in plain text. */
export type AddressRule = { mayReach(address: string, plain: boolean): boolean; plain: boolean }

/** What is handed out to the public internet (RFC 4291); everything else in IPv6 is special. */
const global6 = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Public addresses only (`refuse`), and those that the operator has named: ranges separated by commas, or `allow` for all. Without encryption
 * to the named ones only. An IPv4 address that is written as IPv6 counts as what it is.
 */
export function addressRule(named: string): AddressRule {
  const ranges = named === 'refuse' ? [] : named === 'allow' ? ['0.0.0.0/0', '::/0'] : named.split(',')
  const open = ranges.map((range) => ipaddr.parseCIDR(range.trim()))
  return {
    plain: open.length > 0,
    mayReach: (text, plain) => {
      if (!ipaddr.isValid(text)) return false
      const address = ipaddr.process(text)
      const isNamed = open.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
      return isNamed || (!plain && isPublic(address))
    }
  }
}

const isPublic = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  address.range() === 'unicast' && (address.kind() === 'ipv4' || address.match(global6))
