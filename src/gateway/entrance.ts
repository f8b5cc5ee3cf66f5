/**
 * What the engine finds out about a request before it does anything for it: client, scheme, host, and whether its page may
 * come.
 */

import { AddressRanges, addressKey, canonicalAddress, LOOPBACK } from '../base/ip-address.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { corsHeaders, isAllowedOrigin } from './cors.ts'
import type { DoorPolicy } from './door-policy.ts'
import { clientOf, MALFORMED } from './forwarded.ts'
import type { Head } from './head.ts'
import type { DoorRequest } from './transport/transport.ts'

export interface Visitor {
  /** The client's, or of the nearest proxy that is trusted; empty where the peer has none; `malformed` where a trusted
   * proxy passed on what nobody can read. */
  readonly address: string
  /** What limits by address count it as. */
  readonly addressKey: string
  /** Empty for programs. */
  readonly origin: string
  /** As the client calls us, with the port where it gave one. */
  readonly host: string
  readonly mayCome: boolean
  /** Headers of every HTTP answer to it. */
  readonly headers: Readonly<Record<string, string>>
}

/** An API has nothing to show in a frame, to run, or to leak to another site. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}
/** A year, which is what browsers expect of a site that means it. */
const STRICT_TRANSPORT = { 'Strict-Transport-Security': 'max-age=31536000' }

export class Entrance {
  readonly #allowedOrigins: readonly string[]
  readonly #proxies: AddressRanges
  readonly #metricsReaders: AddressRanges
  readonly #ownNames: readonly string[]
  readonly #ownScheme: 'http' | 'https'
  readonly #metrics: Metrics

  /** Errors: RangeError for a trusted proxy or a reader of metrics that is no CIDR. */
  constructor(door: DoorPolicy, isTls: boolean, metrics: Metrics) {
    this.#allowedOrigins = door.allowedOrigins
    this.#proxies = new AddressRanges(door.trustedProxies)
    this.#metricsReaders = new AddressRanges(door.metricsFrom)
    this.#ownNames = door.ownNames.map(name => name.toLowerCase())
    this.#ownScheme = isTls ? 'https' : 'http'
    this.#metrics = metrics
  }

  /** Whether a connection of this peer is one of its own, and not one of many that a proxy brings. */
  isProxy(peer: string): boolean {
    return this.#proxies.has(peer)
  }

  /**
   * Whether a client may see how much goes on here: this machine, and whom the operator lists. Programs read metrics: a
   * page never does, not even one of a name that leads to this machine for as long as an attack lasts.
   */
  mayReadMetrics({ address, origin, host }: Pick<Visitor, 'address' | 'origin' | 'host'>): boolean {
    const isHere = LOOPBACK.has(address)
    if (origin !== '' || !(isHere || this.#metricsReaders.has(address))) return false
    if (this.#ownNames.length > 0) return this.#isOwnName(host)
    // A browser of this machine may have been led here by a name that is anybody's; other machines are listed.
    return isNobodysName(host) || !isHere
  }

  /** Input: a request that uWebSockets.js has just handed over. */
  visitor(req: DoorRequest, head: Head): Visitor {
    const client = clientOf(head.peer, head.forwarded, this.#proxies)
    if (client.address === MALFORMED) this.#metrics.badForwarded()
    const scheme = client.scheme ?? this.#ownScheme
    const origin = req.getHeader('origin')
    const host = client.host ?? req.getHeader('host')
    const own = this.#isOwnName(host) ? { scheme, host } : null
    const mayCome = isAllowedOrigin(origin, own, this.#allowedOrigins)
    return {
      address: client.address,
      addressKey: addressKey(client.address),
      origin,
      host,
      mayCome,
      headers: {
        ...SECURITY_HEADERS,
        ...(scheme === 'https' ? STRICT_TRANSPORT : {}),
        ...corsHeaders(mayCome ? origin : ''),
      },
    }
  }

  /** Whether we are reached by this name. Where the operator lists none, every name is believed. */
  #isOwnName(host: string): boolean {
    return this.#ownNames.length === 0 || isNobodysName(host) || this.#ownNames.includes(nameOf(host))
  }
}

/** An address, or this machine's own name: no stranger can make it lead elsewhere. */
function isNobodysName(host: string): boolean {
  const name = nameOf(host)
  return name === 'localhost' || canonicalAddress(name.replace(/^\[(.*)\]$/, '$1')) !== null
}

/** Without the port, in lower case. */
const nameOf = (host: string): string => host.replace(/:\d{1,5}$/, '').toLowerCase()
