/**
 * Who a connection comes from: its peer, or, when that is a trusted proxy, the client that the proxy names.
 *
 * What proxies pass on was begun by a stranger. So it is bounded before it is split, read from the right, where the
 * nearest proxy wrote, and no further than to the first hop that is not trusted: what stands left of that was made up by
 * nobody we know, and is not even looked at.
 */
import { type AddressRanges, canonicalAddress } from '../base/ip-address.ts'

export interface Client {
  /** IPv4 as dotted, IPv6 as RFC 5952 has it; empty where the peer has none; `MALFORMED`, `UNTOLD`. */
  readonly address: string
  /** As the client saw it; null where no trusted proxy says. */
  readonly scheme: 'http' | 'https' | null
  readonly host: string | null
}

/** Headers by their lower-case names; each with all of its lines, joined by commas in the order in which they came. */
export interface ForwardedHeaders {
  readonly forwarded: string
  readonly 'x-forwarded-for': string
  readonly 'x-forwarded-proto': string
  readonly 'x-forwarded-host': string
}

/**
 * In place of an address, for the client of a trusted proxy whose headers nobody can read, or contradict each other.
 * It is in no range, so it is never taken for the proxy; limits count all such clients together, and the audit has it.
 */
export const MALFORMED = 'malformed'

/** As `MALFORMED`, for the client of a trusted proxy that does not tell whose address it has. */
const UNTOLD = 'unknown'

/** A chain of proxies is short. What is longer was written by a client, and is not even split. */
export const FORWARDED_CHARS = 1_024
const HOPS_MAX = 16

/**
 * Walks from our peer towards the client for as long as the hops are trusted; the first that is not is the client.
 *
 * `Forwarded` and `X-Forwarded-For` are both read. A proxy that writes one of them may pass the other on as a client
 * made it up, so two that differ are malformed. A hop without an address (`unknown`, `_hidden`) ends the walk: whoever it
 * is, it is not the proxy that reported it.
 */
export function clientOf(peer: string, headers: ForwardedHeaders, trusted: AddressRanges): Client {
  const direct: Client = { address: peer, scheme: null, host: null }
  if (!trusted.has(peer)) return direct
  if (isTooLong(headers)) return NOBODY_KNOWN
  const standard = headers.forwarded === '' ? null : walk(direct, standardHops(headers.forwarded), trusted)
  const customary = headers['x-forwarded-for'] === '' ? null : walk(direct, customaryHops(headers), trusted)
  if (standard === NOBODY_KNOWN || customary === NOBODY_KNOWN) return NOBODY_KNOWN
  if (standard !== null && customary !== null && standard.address !== customary.address) return NOBODY_KNOWN
  return standard ?? customary ?? direct
}

const NOBODY_KNOWN: Client = { address: MALFORMED, scheme: null, host: null }

interface Hop {
  /** Null where the proxy does not tell. */
  readonly address: string | null
  readonly scheme: 'http' | 'https' | null
  readonly host: string | null
}

function isTooLong(headers: ForwardedHeaders): boolean {
  for (const name in headers) {
    const text = headers[name as keyof ForwardedHeaders]
    if (text.length > FORWARDED_CHARS) return true
    let commas = 0
    for (let at = text.indexOf(','); at >= 0; at = text.indexOf(',', at + 1)) commas += 1
    if (commas >= HOPS_MAX) return true
  }
  return false
}

/** Input: hops from the right, each read only when it is asked for. */
function walk(peer: Client, hops: Iterable<Hop | 'malformed'>, trusted: AddressRanges): Client {
  let client = peer
  for (const hop of hops) {
    if (hop === 'malformed') return NOBODY_KNOWN
    client = {
      address: hop.address ?? UNTOLD,
      scheme: hop.scheme ?? client.scheme,
      host: hop.host ?? client.host,
    }
    if (hop.address === null || !trusted.has(hop.address)) break
  }
  return client
}

const PAIR = /^([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)")$/

/** RFC 7239 §4: elements by commas, pairs by semicolons, values as tokens or quoted strings. */
function* standardHops(text: string): Generator<Hop | 'malformed'> {
  for (const element of splitOutsideQuotes(text, ',').reverse()) {
    const pairs = pairsOf(element)
    if (pairs === null) yield 'malformed'
    else {
      const node = pairs.get('for')
      const scheme = pairs.get('proto')
      const host = pairs.get('host')
      yield hopOf(
        node === undefined ? null : nodeOf(node),
        scheme === undefined ? null : schemeOf(scheme),
        host === undefined ? null : hostOf(host),
      )
    }
  }
}

function pairsOf(element: string): Map<string, string> | null {
  const pairs = new Map<string, string>()
  for (const pair of splitOutsideQuotes(element, ';')) {
    const match = PAIR.exec(pair.trim())
    if (match === null) return null
    const name = match[1]!.toLowerCase()
    if (pairs.has(name)) return null
    pairs.set(name, match[2] ?? match[3]!.replace(/\\(.)/g, '$1'))
  }
  return pairs
}

/** A list of addresses; scheme and host are lists beside it, or one value that is the client's own. */
function* customaryHops(headers: ForwardedHeaders): Generator<Hop | 'malformed'> {
  const addresses = listOf(headers['x-forwarded-for'])
  const schemes = listOf(headers['x-forwarded-proto'])
  const hosts = listOf(headers['x-forwarded-host'])
  for (let i = addresses.length - 1; i >= 0; i -= 1) {
    const scheme = besideOf(schemes, i, addresses.length)
    const host = besideOf(hosts, i, addresses.length)
    yield hopOf(nodeOf(addresses[i]!), scheme === null ? null : schemeOf(scheme), host === null ? null : hostOf(host))
  }
}

type Read<T> = T | null | 'malformed'

function hopOf(address: Read<string>, scheme: Read<'http' | 'https'>, host: Read<string>): Hop | 'malformed' {
  if (address === 'malformed' || scheme === 'malformed' || host === 'malformed') return 'malformed'
  return { address, scheme, host }
}

function besideOf(list: readonly string[], index: number, length: number): string | null {
  if (list.length === 0) return null
  return list.length === length ? list[index]! : list.at(-1)!
}

const listOf = (text: string): string[] => (text === '' ? [] : text.split(',').map(each => each.trim()))

const HIDDEN = /^(?:unknown|_[\w.-]+)(?::(?:\d{1,5}|_[\w.-]+))?$/i
const BRACKETED = /^\[([0-9a-f:.]+)\](?::(?:\d{1,5}|_[\w.-]+))?$/i
const DOTTED = /^([0-9.]+)(?::(?:\d{1,5}|_[\w.-]+))?$/

/** `1.2.3.4`, `1.2.3.4:80`, `[::1]`, `[::1]:80`, a bare IPv6 address, `unknown`, `_hidden`. */
function nodeOf(text: string): Read<string> {
  if (HIDDEN.test(text)) return null
  const bracketed = BRACKETED.exec(text)?.[1]
  const dotted = DOTTED.exec(text)?.[1]
  const address = canonicalAddress(bracketed ?? dotted ?? text)
  const isBracketedIpv4 = bracketed !== undefined && !bracketed.includes(':')
  return address === null || isBracketedIpv4 ? 'malformed' : address
}

function schemeOf(text: string): 'http' | 'https' | 'malformed' {
  const scheme = text.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : 'malformed'
}

const HOST = /^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i
const hostOf = (text: string): string => (HOST.test(text) ? text : 'malformed')

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = []
  let from = 0
  let isQuoted = false
  for (let i = 0; i < text.length; i += 1) {
    if (isQuoted && text[i] === '\\') i += 1
    else if (text[i] === '"') isQuoted = !isQuoted
    else if (text[i] === separator && !isQuoted) {
      parts.push(text.slice(from, i))
      from = i + 1
    }
  }
  parts.push(text.slice(from))
  return parts
}
