/** IP addresses: their one form, ranges of them, and what limits count them as. */

/** An IP address as eight 16-bit groups; IPv4 lies in ::ffff:0:0/96. */
type Groups = readonly number[]

/** A set of addresses, as a list of CIDRs: proxies that are trusted, programs that may read the metrics. */
export class AddressRanges {
  readonly #ranges: readonly { groups: Groups; bits: number }[]

  /** Errors: RangeError for a CIDR that is none. */
  constructor(cidrs: readonly string[]) {
    this.#ranges = cidrs.map(rangeOf)
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0
  }

  has(address: string): boolean {
    const groups = groupsOf(address)
    return groups !== null && this.#ranges.some(range => isWithin(groups, range.groups, range.bits))
  }
}

/** This machine. */
export const LOOPBACK = new AddressRanges(['127.0.0.0/8', '::1/128'])

/** Input: the host of a URL, an IPv6 address in brackets. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || LOOPBACK.has(host.replace(/^\[(.*)\]$/, '$1'))

/** What an address counts as: an IPv6 client has a whole /64 to choose from. */
export function addressKey(address: string): string {
  const groups = groupsOf(address)
  if (groups === null || isMapped(groups)) return address
  return networkOf(groups, 64)
}

/** Input: a length that ends within the first four groups, and on a whole byte. */
function networkOf(groups: Groups, bits: number): string {
  const shown = groups.slice(0, Math.ceil(bits / 16))
  if (bits % 16 !== 0) shown.push(shown.pop()! & 0xff00)
  return `${shown.map(group => group.toString(16)).join(':')}::/${bits}`
}

/** A network that an address lies in, and how many times the failures of one address are usual there. */
export interface Network {
  readonly key: string
  readonly share: number
}

/** What an address lies in, from the narrowest: IPv6 /64, /56 and /48, which one subscriber may have; IPv4, and its /24. */
export function networksOf(address: string): readonly Network[] {
  const groups = groupsOf(address)
  if (groups === null) return [{ key: address, share: 1 }]
  if (isMapped(groups))
    return [
      { key: address, share: 1 },
      { key: `${textOf(groups).replace(/\.\d+$/, '')}.0/24`, share: 4 },
    ]
  return [
    { key: networkOf(groups, 64), share: 1 },
    { key: networkOf(groups, 56), share: 2 },
    { key: networkOf(groups, 48), share: 4 },
  ]
}

/** The address in its one form; null for text that is none. */
export function canonicalAddress(text: string): string | null {
  const groups = groupsOf(text)
  return groups === null ? null : textOf(groups)
}

function rangeOf(cidr: string): { groups: Groups; bits: number } {
  const range = parseRange(cidr)
  if (range === null) throw new RangeError(`${cidr} is not a CIDR; write one such as 10.0.0.0/8 or 2001:db8::/32.`)
  return range
}

/** An address, or an address with how many of its bits count. */
export const isRange = (text: string): boolean => parseRange(text) !== null

function parseRange(cidr: string): { groups: Groups; bits: number } | null {
  const match = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(cidr)
  const groups = match === null ? null : groupsOf(match[1]!)
  if (groups === null) return null
  const isDotted = !match![1]!.includes(':')
  const bits = Number(match![2] ?? (isDotted ? 32 : 128)) + (isDotted ? 96 : 0)
  return bits <= 128 ? { groups, bits } : null
}

function isWithin(address: Groups, range: Groups, bits: number): boolean {
  for (let i = 0; i < 8 && i * 16 < bits; i += 1) {
    const shift = Math.max(0, 16 - (bits - i * 16))
    if (address[i]! >> shift !== range[i]! >> shift) return false
  }
  return true
}

const isMapped = (groups: Groups): boolean => groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff

function groupsOf(text: string): Groups | null {
  if (!text.includes(':')) {
    const pair = ipv4Pair(text)
    return pair === null ? null : [0, 0, 0, 0, 0, 0xffff, ...pair]
  }
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [head, tail] = halves.map(half => (half === '' ? [] : half.split(':')))
  const before = groupList(head!, tail === undefined)
  const after = tail === undefined ? [] : groupList(tail, true)
  if (before === null || after === null) return null
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  return [...before, ...Array<number>(missing).fill(0), ...after]
}

/** The groups of one side of `::`; only the last of an address may be written in the manner of IPv4. */
function groupList(parts: readonly string[], isLast: boolean): number[] | null {
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const pair = isLast && index === parts.length - 1 ? ipv4Pair(part) : null
      if (pair === null) return null
      groups.push(...pair)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else {
      return null
    }
  }
  return groups
}

function ipv4Pair(text: string): [number, number] | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return null
  const bytes = match.slice(1).map(Number)
  // A leading zero is octal to some readers, so such an address may name two machines.
  if (match.slice(1).some(part => part.length > 1 && part.startsWith('0')) || bytes.some(byte => byte > 255))
    return null
  return [bytes[0]! * 256 + bytes[1]!, bytes[2]! * 256 + bytes[3]!]
}

function textOf(groups: Groups): string {
  if (isMapped(groups)) return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.')
  const text = groups.map(group => group.toString(16)).join(':')
  // RFC 5952 §4.2: the longest run of at least two zero groups, the first of several, is left out.
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)]
  const longest = runs.reduce<RegExpExecArray | null>(
    (best, run) => (best === null || zeros(run[0]) > zeros(best[0]) ? run : best),
    null,
  )
  if (longest === null) return text
  return `${text.slice(0, longest.index)}::${text.slice(longest.index + longest[0].length + 1)}`
}

const zeros = (run: string): number => run.split('0').length - 1
