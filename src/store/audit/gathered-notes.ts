/**
 * Notes of the last minute by kind, refusals or readings: the first of a kind is an entry of its own, those that follow are
 * counted.
 *
 * A kind is an actor, an action, a code (of a reading its way), where asked for the subject with its region, and where it came from: an IPv4 address, or a whole IPv6 network (/64), since its
 * holder has all of its addresses to choose from. Of an IPv6 site (/48) sixteen networks are told apart, the others are
 * counted together; and once there are too many kinds, so is what comes from anywhere else. So a stranger with any number
 * of addresses, or one who invents regions and units, makes a bounded number of entries, and none is left uncounted.
 */
import { networksOf } from '../../base/ip-address.ts'
import type { AuditEntry } from './audit.ts'

/** What was counted in a minute after the first of its kind, as one entry. */
interface Counted {
  readonly entry: AuditEntry
  readonly count: number
  readonly lastAtMs: number
}

interface Gathered {
  /** The first, which was written by itself. */
  readonly entry: AuditEntry
  /** What the kind's addresses have in common; null where they have nothing. */
  readonly from: string | null
  /** The site that this network is one of; null for all else. */
  readonly siteKind: string | null
  readonly sinceMs: number
  readonly addresses: Set<string | null>
  /** There were addresses that no room was left to tell apart. */
  hasMoreAddresses: boolean
  /** Whether all of them were about the region and subject of the first. */
  isOfOneSubject: boolean
  count: number
  firstAtMs: number
  lastAtMs: number
}

const GATHER_MS = 60_000
const NETWORKS_PER_SITE = 16
/** How many addresses are told apart, over all kinds; each is some hundred bytes. */
const ADDRESSES_MAX = 10_000

export class GatheredNotes {
  readonly #kindsMax: number
  readonly #bySubject: boolean
  readonly #kinds = new Map<string, Gathered>()
  /** Open networks of a site, by the kind that the others of it would be. */
  readonly #networks = new Map<string, number>()
  #addresses = 0

  /** Input: kinds that keep where they came from, and their subject where they go by it; as many more may be without. */
  constructor(kindsMax: number, { bySubject = false } = {}) {
    this.#kindsMax = kindsMax
    this.#bySubject = bySubject
  }

  get size(): number {
    return this.#kinds.size
  }

  /** `first`: it is to be written. `counted`: it will be, with others. `full`: nobody can tell it apart from others. */
  add(entry: AuditEntry, nowMs: number): 'first' | 'counted' | 'full' {
    const places = placesOf(entry.address)
    const subject = this.#bySubject ? `${entry.region} ${entry.subject}` : null
    const network = kindOf(entry, places.network, subject)
    const site = places.site === null ? null : kindOf(entry, places.site, subject)
    const anywhere = kindOf(entry, null, null)
    const kind = [network, site, anywhere].find(each => each !== null && this.#kinds.has(each))
    if (kind !== undefined && kind !== null) {
      this.#count(this.#kinds.get(kind)!, entry, nowMs)
      return 'counted'
    }
    if (this.#kinds.size >= this.#kindsMax * 2) return 'full'
    if (this.#kinds.size >= this.#kindsMax) this.#begin(anywhere, entry, { from: null, siteKind: null }, nowMs)
    else if (site !== null && (this.#networks.get(site) ?? 0) >= NETWORKS_PER_SITE) {
      this.#begin(site, entry, { from: places.site, siteKind: null }, nowMs)
    } else {
      this.#begin(network, entry, { from: places.network, siteKind: site }, nowMs)
    }
    return 'first'
  }

  /** Those whose minute is over, or with `everything` all of them; they are no longer gathered. */
  *end(nowMs: number, everything: boolean): Iterable<Counted> {
    // The oldest come first.
    for (const [kind, gathered] of this.#kinds) {
      if (!everything && nowMs - gathered.sinceMs < GATHER_MS) break
      this.#kinds.delete(kind)
      this.#addresses -= gathered.addresses.size
      this.#leaveSite(gathered)
      const { count, lastAtMs } = gathered
      if (count > 0) yield { entry: told(gathered), count, lastAtMs }
    }
  }

  #begin(kind: string, entry: AuditEntry, where: Pick<Gathered, 'from' | 'siteKind'>, nowMs: number): void {
    const { siteKind } = where
    if (siteKind !== null) this.#networks.set(siteKind, (this.#networks.get(siteKind) ?? 0) + 1)
    this.#addresses += 1
    this.#kinds.set(kind, {
      entry,
      ...where,
      sinceMs: nowMs,
      addresses: new Set([entry.address]),
      hasMoreAddresses: false,
      isOfOneSubject: true,
      count: 0,
      firstAtMs: nowMs,
      lastAtMs: nowMs,
    })
  }

  #count(gathered: Gathered, { address, region, subject }: AuditEntry, nowMs: number): void {
    if (gathered.count === 0) gathered.firstAtMs = nowMs
    gathered.count += 1
    gathered.lastAtMs = nowMs
    if (region !== gathered.entry.region || subject !== gathered.entry.subject) gathered.isOfOneSubject = false
    if (gathered.addresses.has(address)) return
    if (this.#addresses >= ADDRESSES_MAX) {
      gathered.hasMoreAddresses = true
    } else {
      gathered.addresses.add(address)
      this.#addresses += 1
    }
  }

  #leaveSite({ siteKind }: Gathered): void {
    if (siteKind === null) return
    const left = this.#networks.get(siteKind)! - 1
    if (left === 0) this.#networks.delete(siteKind)
    else this.#networks.set(siteKind, left)
  }
}

const kindOf = ({ actor, action, details }: AuditEntry, place: string | null, subject: string | null): string =>
  JSON.stringify([actor, action, details.code ?? details.way, place, subject])

/** Its first address is counted in, although that has an entry of its own: what is told is how many there were. */
function told({ entry, from, addresses, hasMoreAddresses, isOfOneSubject, count, ...rest }: Gathered): AuditEntry {
  const { code, way } = entry.details
  const isOfOneAddress = addresses.size === 1 && !hasMoreAddresses
  return {
    ...entry,
    ...(isOfOneSubject ? {} : { region: null, subject: null }),
    address: isOfOneAddress ? entry.address : from,
    details: {
      ...(code === undefined ? {} : { code }),
      ...(way === undefined ? {} : { way }),
      count,
      ...(isOfOneAddress ? {} : { [hasMoreAddresses ? 'addressesAtLeast' : 'addresses']: addresses.size }),
      firstAtMs: rest.firstAtMs,
      lastAtMs: rest.lastAtMs,
    },
  }
}

/** What an address counts as, and of IPv6 the site around that: `2001:db8:1:2::/64` and `2001:db8:1::/48`. */
function placesOf(address: string | null): { readonly network: string; readonly site: string | null } {
  if (address === null) return { network: '', site: null }
  const networks = networksOf(address).map(({ key }) => key)
  const site = networks.find(key => key.endsWith('::/48')) ?? null
  return { network: networks[0]!, site }
}
