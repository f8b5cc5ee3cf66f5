/**
 * Heads of requests as they come through a trusted proxy: what a stranger wrote, well-formed or not, and behind it what the
 * proxy adds. Whatever the stranger writes, it is the one that the proxy names, or nobody; and what lies behind a head that
 * two readers could read differently is read by none.
 */
import { AddressRanges } from '../../src/base/ip-address.ts'
import { clientOf, type ForwardedHeaders, MALFORMED } from '../../src/gateway/forwarded.ts'
import type { Dice } from './dice.ts'
import type { HttpRequest } from './http-requests.ts'
import { damagedAs } from './mutations.ts'

/** Whom the proxy names: nobody who may read the metrics. */
const CLIENT = '203.0.113.9'
const PROXY = '127.0.0.1'
const TRUSTED = new AddressRanges([PROXY])
/** Only in an answer to who may read them. */
const METRICS = '# TYPE goldenhour_'

export interface FuzzedHead extends HttpRequest {
  /** As the engine will see them; null where the bytes were damaged afterwards. */
  readonly forwarded: ForwardedHeaders | null
  /** Two readers could see its end differently, so nothing of it may be answered. */
  readonly isAmbiguous: boolean
}

/** How often each kind is sent. */
const KINDS = { plain: 20, forwarded: 40, length: 15, large: 5, preflight: 5, upgrade: 5, damaged: 10 } as const

export function fuzzedHead(dice: Dice): FuzzedHead {
  const kind = dice.weighed(KINDS)
  const path = dice.pick([
    '/metrics',
    '/metrics',
    '/healthz',
    '/readyz',
    '/v1/trips/x',
    '/nowhere',
    '/v1/units/nearest',
  ])
  const lines = [`Host: ${dice.pick(['127.0.0.1', 'localhost', 'evil.example', 'a:1'])}`]
  let line = `GET ${path}`
  if (kind === 'preflight') {
    line = 'OPTIONS /v1/calls'
    lines.push(`Origin: ${dice.pick(['https://evil.example', 'http://127.0.0.1', 'null'])}`)
    lines.push('Access-Control-Request-Method: POST')
  } else if (kind === 'upgrade') {
    line = 'GET /v1/ws'
    lines.push('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13')
    lines.push(`Sec-WebSocket-Key: ${dice.pick(['dGhlIHNhbXBsZSBub25jZQ==', 'x'.repeat(24)])}`)
    // None that is spoken: a WebSocket would have no answer to wait for.
    lines.push(`Sec-WebSocket-Protocol: ${dice.pick(['mqtt', 'x, '.repeat(dice.below(2_000)), ''])}`)
  } else if (kind === 'large') {
    if (dice.oneIn(2)) line += `?${dice.pick(['a=1&', '%', '?'])}`.repeat(1 + dice.below(6_000))
    for (let i = dice.below(90); i > 0; i -= 1) lines.push(`X-${i}: ${'a'.repeat(dice.below(400))}`)
  }
  const forwarded = forwardedBy(dice, kind === 'plain' ? 0 : kind === 'forwarded' ? 4 : 1)
  for (const [name, value] of forwarded) lines.push(`${dice.oneIn(3) ? name.toLowerCase() : name}: ${value}`)
  let body = ''
  let isAmbiguous = false
  if (kind === 'length' || dice.oneIn(12)) {
    const odd = ambiguity(dice)
    lines.push(...odd.lines)
    body = odd.body
    isAmbiguous = true
  }
  const whole = Buffer.from(`${line} HTTP/1.1\r\n${shuffled(lines, dice).join('\r\n')}\r\n\r\n${body}`, 'latin1')
  const isDamaged = kind === 'damaged'
  const damage = dice.pick(['flipped', 'inserted', 'deleted', 'duplicated', 'truncated'] as const)
  return {
    kind,
    bytes: isDamaged ? Buffer.from(damagedAs(damage, whole, whole, dice)) : whole,
    isWhole: !isDamaged,
    isHead: false,
    forwarded: isDamaged ? null : joined(forwarded),
    isAmbiguous: isAmbiguous && !isDamaged,
  }
}

/** What is wrong with an answer to a head, or with what is made of it here; null when nothing is. */
export function wrongWith({ forwarded, isAmbiguous }: FuzzedHead, answered: string): string | null {
  if (isAmbiguous && answered.includes(' 200 ')) return 'a request that two readers could read differently was answered'
  if (forwarded === null) return null
  if (answered.includes(METRICS)) return `metrics were shown to a client of a proxy: ${JSON.stringify(forwarded)}`
  const { address } = clientOf(PROXY, forwarded, TRUSTED)
  return address === CLIENT || address === MALFORMED || address === 'unknown'
    ? null
    : `a client was taken for ${address}: ${JSON.stringify(forwarded)}`
}

const PARTS = [
  '127.0.0.1',
  '10.0.0.1',
  '::1',
  '[::1]',
  '[::1]:80',
  '1.2.3.4:abc',
  '::ffff:127.0.0.1',
  'unknown',
  '_x',
  'for=',
  'For="',
  'for=127.0.0.1',
  'for="[::1]"',
  ';proto=https',
  ';host=a',
  ';by=',
  ',',
  ', ',
  ';',
  '"',
  '\\',
  '=',
  ' ',
  '\t',
  'https',
  'http',
  'x',
] as const

/** Lines of the four headers: what a stranger wrote, and behind it what the proxy says of the stranger. */
function forwardedBy(dice: Dice, linesMax: number): [name: string, value: string][] {
  const names = ['X-Forwarded-For', 'Forwarded', 'X-Forwarded-Proto', 'X-Forwarded-Host'] as const
  const written: [string, string][] = Array.from({ length: dice.below(linesMax + 1) }, () => [
    dice.pick(names),
    strangersText(dice),
  ])
  const [own, says] = dice.pick([
    ['X-Forwarded-For', CLIENT],
    ['X-Forwarded-For', `${CLIENT}:4711`],
    ['Forwarded', `for=${CLIENT};proto=https`],
    ['Forwarded', `for="${CLIENT}:4711"`],
  ] as const)
  // Some proxies add a line, and some add to the last one that is there.
  const last = written.findLast(([name]) => name === own)
  if (last !== undefined && dice.oneIn(2)) last[1] += `, ${says}`
  else written.push([own, says])
  return written
}

function strangersText(dice: Dice): string {
  const size = dice.oneIn(20) ? dice.below(3_000) : dice.below(12)
  let text = ''
  for (let i = 0; i < size && text.length < 12_000; i += 1) text += dice.pick(PARTS)
  return text.trim()
}

/** As the engine joins lines of one name; a head keeps the order of such lines. */
function joined(lines: readonly (readonly [string, string])[]): ForwardedHeaders {
  const of = (name: string) =>
    lines
      .filter(([each]) => each.toLowerCase() === name)
      .map(([, value]) => value.trim())
      .reduce((all, value) => (all === '' ? value : `${all},${value}`), '')
  return {
    forwarded: of('forwarded'),
    'x-forwarded-for': of('x-forwarded-for'),
    'x-forwarded-proto': of('x-forwarded-proto'),
    'x-forwarded-host': of('x-forwarded-host'),
  }
}

const INNER = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** Lines that make the end of a request a matter of who reads it, and what stands where the one or the other sees it. */
function ambiguity(dice: Dice): { lines: string[]; body: string } {
  const coding = dice.pick(['chunked', 'Chunked', 'xchunked', 'gzip, chunked', 'identity', 'chunked;x=1'])
  const chunk = dice.pick(['5', '5;a', '5\n', '0x5', '+5', '5 ', 'g', '0', 'ffffffffffffffff', '00000005', '5;a="b'])
  const lines = dice.pick([
    [`Transfer-Encoding: ${coding}`],
    [`Transfer-Encoding: ${coding}`, 'Transfer-Encoding: chunked'],
    [`Transfer-Encoding: ${coding}`, `Content-Length: ${dice.below(80)}`],
    [`Content-Length: ${dice.below(80)}`, `Content-Length: ${dice.below(80)}`],
    ['Host: b'],
  ])
  const body = dice.pick([
    `${chunk}\r\nhello\r\n0\r\n\r\n${INNER}`,
    `${chunk}\r\n${INNER}\r\n0\r\n\r\n`,
    `0\r\n\r\n${INNER}`,
    INNER,
  ])
  return { lines: [...lines], body }
}

/** In an order by chance, but lines of one name in theirs. */
function shuffled(lines: readonly string[], dice: Dice): string[] {
  const nameOf = (line: string) => line.slice(0, line.indexOf(':')).toLowerCase()
  const names = lines.map(line => ({ name: nameOf(line), at: dice.below(1_000) })).sort((a, b) => a.at - b.at)
  const left = [...lines]
  return names.map(
    ({ name }) =>
      left.splice(
        left.findIndex(line => nameOf(line) === name),
        1,
      )[0]!,
  )
}
