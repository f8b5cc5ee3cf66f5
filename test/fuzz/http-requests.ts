/** HTTP requests to every route there is, from well-formed to none at all. */
import { ROUTES } from '../../src/gateway/routes/index.ts'
import type { Dice } from './dice.ts'
import type { Known } from './known.ts'
import { CLASSES, damagedAs, type FrameClass, frameOf } from './mutations.ts'
import { ODD_TEXTS } from './odd-values.ts'
import { type Credential, damagedCredential } from './tokens.ts'

/** A request as bytes. */
export interface HttpRequest {
  readonly kind: string
  readonly bytes: Buffer
  /** Its end is plain to see, so it must be answered, or its connection ended. */
  readonly isWhole: boolean
  readonly isHead: boolean
}

/** How often each class is sent. `valid` is well-formed in all its parts; the others name the part that is not. */
const KINDS = {
  valid: 24,
  body: 24,
  query: 10,
  path: 8,
  header: 12,
  credential: 12,
  length: 4,
  method: 2,
  'request-line': 4,
  bytes: 5,
} as const

/** An answer that has this header was split by what stood in the request. */
export const INJECTED = 'x-injected'
const INJECTION = `%0d%0a${INJECTED}:%201`

const ODD_PARTS: readonly string[] = [
  ...ODD_TEXTS.filter(text => typeof text === 'string').map(text => encodeURIComponent(text.slice(0, 200))),
  INJECTION,
  `a${INJECTION}%0d%0a%0d%0a`,
  '%',
  '%zz',
  '%00',
  '%c0%80',
  '%ff%fe',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..',
  '%252e',
  '+',
  '-0',
  '1e309',
  'NaN',
  '9'.repeat(30),
  '1.0000000000000000001',
  '0x10',
]
const QUERY_NAMES = [
  'region',
  'limit',
  'after',
  'lon',
  'lat',
  'k',
  'levelOfCare',
  'fromMs',
  'toMs',
  'from',
  'to',
  'role',
  '__proto__',
]

/** What is known of the engine over HTTP, and who asks. */
export interface Asker {
  readonly known: Known
  readonly credentials: readonly Credential[]
  /** ETags that were told, the newest last. */
  readonly etags: readonly string[]
  /** The body that was sent before. */
  lastBody: Uint8Array
  /** In front of each Idempotency-Key, so that those of two runs differ. */
  readonly run: string
}

interface Parts {
  method: string
  path: string
  query: [name: string, value: string][]
  headers: [name: string, value: string][]
  body: Uint8Array
}

export function requestTo(asker: Asker, dice: Dice): HttpRequest {
  const kind = dice.weighed(KINDS)
  const parts = wellFormed(asker, dice)
  let isWhole = true
  switch (kind) {
    case 'body': {
      const damage = pickDamage(dice)
      const sent = frameOf(damage, bodyOf(parts.path, asker, dice), asker.lastBody, 'json', dice)
      asker.lastBody = parts.body
      parts.body = sent
      break
    }
    case 'query':
      parts.query = oddQuery(parts.query, dice)
      break
    case 'path':
      parts.path = oddPath(parts.path, dice)
      break
    case 'header':
      for (let i = 1 + dice.below(3); i > 0; i -= 1) parts.headers.push(oddHeader(dice))
      // A header may well change where the request ends.
      isWhole = false
      break
    case 'credential':
      setHeader(parts, 'Authorization', oddAuthorization(asker, dice))
      break
    case 'method':
      parts.method = dice.pick(['HEAD', 'OPTIONS', 'TRACE', 'PATCH', 'PUT', 'DELETE', 'POST', 'get', 'FOO', 'CONNECT'])
      break
  }
  if (kind === 'length') return { kind, bytes: oddLength(parts, dice), isWhole: false, isHead: false }
  const bytes = bytesOf(parts)
  if (kind === 'request-line') return { kind, bytes: oddLine(bytes, dice), isWhole: false, isHead: false }
  if (kind === 'bytes')
    return { kind, bytes: Buffer.from(damagedAs(dice.pick(DAMAGE), bytes, bytes, dice)), isWhole: false, isHead: false }
  return { kind, bytes, isWhole, isHead: parts.method === 'HEAD' }
}

const SELDOM = /^\/v1\/(?:users|auth|devices|keys|ticket-secrets)/

function wellFormed(asker: Asker, dice: Dice): Parts {
  let route = dice.pick(ROUTES)
  // A few hashed passwords would take all of the run's time, and what an admin may make is kept for ever.
  if (SELDOM.test(route.pattern) && !dice.oneIn(6)) route = dice.pick(ROUTES)
  const { known } = asker
  const id = () => {
    // Units with a crew are left where they are: without them nothing would come of the frames.
    if (route.method === 'delete') return dice.pick(['U1', 'U2', 'S1', 'S2', 'H1', 'H2'])
    if (dice.oneIn(3)) return dice.pick([known.calls, known.trips]).any(dice)
    return dice.pick([...known.units, 'U1', 'S1', 'H1', known.region])
  }
  const path = route.pattern.replaceAll(/:\w+/g, () => encodeURIComponent(id()))
  const parts: Parts = {
    method: route.method.toUpperCase(),
    path,
    query: goodQuery(known, dice),
    headers: [],
    body: Buffer.alloc(0),
  }
  const role = dice.oneIn(3)
    ? dice.pick(asker.credentials)
    : (asker.credentials.find(({ role }) => role === 'admin') ?? dice.pick(asker.credentials))
  parts.headers.push(['Host', '127.0.0.1'], ['Authorization', `Bearer ${role.text}`])
  if (route.method !== 'get') {
    parts.headers.push(['Idempotency-Key', dice.oneIn(12) ? `${asker.run}-1` : `${asker.run}-${dice.below(1e9)}`])
    const tag = dice.oneIn(3) ? '*' : (asker.etags.at(-1) ?? '*')
    if (!dice.oneIn(8)) parts.headers.push(['If-Match', tag])
    parts.body = frameOf('valid', bodyOf(path, asker, dice), asker.lastBody, 'json', dice)
  } else if (dice.oneIn(4)) parts.headers.push(['If-None-Match', asker.etags.at(-1) ?? '"1"'])
  return parts
}

/** The classes that make sense of a body. */
function pickDamage(dice: Dice): FrameClass {
  for (;;) {
    const kind = dice.weighed(CLASSES)
    if (kind !== 'wrong-kind') return kind
  }
}

const PLACE = { lonDeg: 174.76, latDeg: -36.85 }

function bodyOf(path: string, { known }: Asker, dice: Dice): unknown {
  const [, , kind, id] = path.split('/')
  const name = (letter: string) => `${letter}${1 + dice.below(8)}`
  const isNew = id === undefined
  switch (kind) {
    case 'calls':
      return {
        ...PLACE,
        priority: 1 + dice.below(5),
        needs: [{ levelOfCare: 'als', capabilities: [] }],
        details: { notes: 'third floor' },
      }
    case 'units': {
      const unit = {
        callSign: 'Medic 1',
        levelOfCare: dice.pick(['bls', 'als']),
        capabilities: ['bariatric'],
        homeStation: dice.oneIn(2) ? null : 'S1',
      }
      return isNew ? { unitId: name('U'), ...unit } : unit
    }
    case 'stations': {
      const station = { name: 'Central', ...PLACE, capacity: 3, address: null, note: 'by the river' }
      return isNew ? { stationId: name('S'), ...station } : station
    }
    case 'hospitals': {
      if (path.endsWith('/status')) return { status: 'divert', note: 'no scanner' }
      const hospital = { name: 'General', ...PLACE, address: '1 Queen St', emergencyDepartment: true, capabilities: [] }
      return isNew ? { hospitalId: name('H'), ...hospital } : hospital
    }
    case 'regions':
      if (path.includes('/policy')) return { policy: { mode: 'offered', roundPauseMs: 15_000 }, note: 'busy' }
      return isNew ? { region: name('r'), name: 'North', timeZone: 'UTC', dispatchMode: 'offered' } : { name: 'North' }
    case 'users':
      return isNew
        ? { name: name('person-'), role: 'dispatcher', regions: [known.region] }
        : { regions: [known.region] }
    case 'devices':
      return isNew ? { name: 'tracker', role: 'feed', region: known.region } : { name: 'another tracker' }
    case 'auth':
      if (id === 'login') return { user: name('person-'), password: 'not the one that is meant' }
      return id === 'refresh'
        ? { refreshToken: 'x'.repeat(43) }
        : { current: 'not the one', next: 'nor is this the one' }
    default:
      return { name: 'a thing', region: known.region, id: 1 }
  }
}

function goodQuery(known: Known, dice: Dice): [string, string][] {
  const query: [string, string][] = [['region', known.region]]
  if (dice.oneIn(2)) query.push(['lon', '174.76'], ['lat', '-36.85'], ['k', '3'])
  if (dice.oneIn(3)) query.push(['limit', String(1 + dice.below(500))])
  if (dice.oneIn(3)) query.push(['fromMs', '0'], ['toMs', '1000'])
  return query
}

function oddQuery(query: readonly [string, string][], dice: Dice): [string, string][] {
  const odd = Array.from({ length: 1 + dice.below(4) }, (): [string, string] => [
    dice.pick(QUERY_NAMES),
    dice.pick(ODD_PARTS),
  ])
  const changed = query.map(([name, value]): [string, string] =>
    dice.oneIn(3) ? [name, dice.pick(ODD_PARTS)] : [name, value],
  )
  return dice.oneIn(2) ? [...changed, ...odd] : [...odd, ...changed]
}

function oddPath(path: string, dice: Dice): string {
  const segments = path.split('/')
  segments[1 + dice.below(segments.length - 1)] = dice.pick(ODD_PARTS)
  const joined = segments.join(dice.oneIn(10) ? '//' : '/')
  return dice.oneIn(6) ? `${joined}/${dice.pick(ODD_PARTS)}` : joined
}

const HEADER_NAMES = [
  'If-Match',
  'If-None-Match',
  'Idempotency-Key',
  'traceparent',
  'Origin',
  'Host',
  'Forwarded',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'Content-Type',
  'Content-Length',
  'Transfer-Encoding',
  'Connection',
  'Upgrade',
  'Expect',
  'Accept',
  'Access-Control-Request-Method',
  'Sec-WebSocket-Key',
  'Cookie',
]
const HEADER_VALUES = [
  '',
  '*',
  '"1"',
  'W/"1"',
  '"',
  ',',
  '"1", "2"',
  'null',
  'chunked',
  'gzip, chunked',
  '0',
  '-1',
  '99999999999',
  'upgrade',
  'websocket',
  '100-continue',
  'http://127.0.0.1',
  'for=1.2.3.4;proto=https',
  'for="[::1]:7"',
  '1.2.3.4, ::1',
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(3_000),
  '\xe4\xff',
  '\t',
  '\0',
  `a\r\n${INJECTED}: 1`,
]

const oddHeader = (dice: Dice): [string, string] => [dice.pick(HEADER_NAMES), dice.pick(HEADER_VALUES)]

function oddAuthorization(asker: Asker, dice: Dice): string {
  const credential = dice.pick(asker.credentials)
  // What is written into a head must not end it.
  const damaged = damagedCredential(credential, asker.credentials, dice).replaceAll(/[\0\r\n]/g, ' ')
  const latin = Buffer.from(damaged).toString('latin1')
  switch (dice.below(6)) {
    case 0:
      return `Basic ${latin}`
    case 1:
      return `bearer  ${latin}`
    case 2:
      return latin
    default:
      return `Bearer ${latin}`
  }
}

function setHeader(parts: Parts, name: string, value: string): void {
  parts.headers = parts.headers.filter(([other]) => other !== name)
  parts.headers.push([name, value])
}

function headOf({ method, path, query, headers }: Parts): string {
  const target = query.length === 0 ? path : `${path}?${query.map(([name, value]) => `${name}=${value}`).join('&')}`
  return `${method} ${target} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`
}

function bytesOf(parts: Parts): Buffer {
  const length = parts.body.length > 0 ? `Content-Length: ${parts.body.length}\r\n` : ''
  return Buffer.concat([Buffer.from(`${headOf(parts)}${length}\r\n`, 'latin1'), parts.body])
}

/** Lengths and codings that say something else than the body does. */
function oddLength(parts: Parts, dice: Dice): Buffer {
  const size = parts.body.length
  const chunk = `${size.toString(16)}\r\n`
  const line = dice.pick([
    `Content-Length: ${size + 1}\r\n`,
    `Content-Length: ${Math.max(0, size - 1)}\r\n`,
    `Content-Length: -${size}\r\n`,
    `Content-Length: ${size}, ${size}\r\n`,
    `Content-Length: 0${size}\r\n`,
    'Content-Length: 18446744073709551616\r\n',
    'Content-Length: 70000\r\n',
    'Transfer-Encoding: chunked\r\n',
    `Transfer-Encoding: chunked\r\nContent-Length: ${size}\r\n`,
    'Transfer-Encoding: xchunked\r\n',
  ])
  const chunked = dice.oneIn(2) ? [Buffer.from(chunk), parts.body, Buffer.from('\r\n0\r\n\r\n')] : [parts.body]
  return Buffer.concat([Buffer.from(`${headOf(parts)}${line}\r\n`, 'latin1'), ...chunked])
}

function oddLine(bytes: Buffer, dice: Dice): Buffer {
  const rest = bytes.subarray(bytes.indexOf('\r\n'))
  const line = dice.pick([
    'GET /healthz HTTP/1.0',
    'GET /healthz',
    'GET  /healthz HTTP/1.1',
    'GET http://other/healthz HTTP/1.1',
    'GET /healthz HTTP/9.9',
    '/healthz',
    ' GET /healthz HTTP/1.1',
    `GET /${'a'.repeat(5_000)} HTTP/1.1`,
    'GET /heal\0thz HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'PRI * HTTP/2.0',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    '',
  ])
  return Buffer.concat([Buffer.from(line, 'latin1'), rest])
}

const DAMAGE = ['flipped', 'inserted', 'deleted', 'duplicated', 'truncated'] as const
