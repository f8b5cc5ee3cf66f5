/** Whose address it is: what proxies may say, and whom we believe. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AddressRanges, canonicalAddress } from '../../src/base/ip-address.ts'
import { clientOf, MALFORMED } from '../../src/gateway/forwarded.ts'

const TRUSTED = new AddressRanges(['10.0.0.0/8', '2001:db8:ffff::/48', '127.0.0.1'])
const PEER = '10.0.0.1'

const headersOf = (given: Partial<Record<'for' | 'xff' | 'proto' | 'host', string>>) => ({
  forwarded: given.for ?? '',
  'x-forwarded-for': given.xff ?? '',
  'x-forwarded-proto': given.proto ?? '',
  'x-forwarded-host': given.host ?? '',
})

const addressBy = (given: Parameters<typeof headersOf>[0], peer = PEER) => {
  return clientOf(peer, headersOf(given), TRUSTED).address
}

test('headers of a peer that is not trusted are not looked at', () => {
  assert.equal(addressBy({ xff: '192.0.2.7', for: 'for=192.0.2.7' }, '203.0.113.1'), '203.0.113.1')
  assert.equal(addressBy({ xff: 'rubbish' }, '203.0.113.1'), '203.0.113.1')
  assert.equal(addressBy({ xff: '192.0.2.7' }, '::ffff:10.0.0.1'), '192.0.2.7')
})

test('the walk goes from the right, through trusted hops, to the first that is not', () => {
  for (const [xff, address] of [
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7, 10.0.0.2, 10.0.0.3', '192.0.2.7'],
    // What the client itself wrote into the header stands left of its own address.
    ['198.51.100.1, 192.0.2.7, 10.0.0.2', '192.0.2.7'],
    ['10.9.9.9, 192.0.2.7', '192.0.2.7'],
    ['10.0.0.5, 10.0.0.4', '10.0.0.5'],
    ['192.0.2.7:4711', '192.0.2.7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['192.0.2.7, 2001:db8:ffff::9', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['unknown, 10.0.0.2', 'unknown'],
    ['192.0.2.7, unknown', 'unknown'],
  ] as const) {
    assert.equal(addressBy({ xff }), address, xff)
  }
})

test('Forwarded is read as RFC 7239 has it', () => {
  for (const [header, address] of [
    ['for=192.0.2.7', '192.0.2.7'],
    ['For="192.0.2.7:4711"', '192.0.2.7'],
    ['for="[2001:db8::7]"', '2001:db8::7'],
    ['FOR="[2001:db8::7]:4711";proto=https', '2001:db8::7'],
    ['for="[2001:db8::7]:_port"', '2001:db8::7'],
    ['for=192.0.2.7;by=10.0.0.2;host=x, for=10.0.0.2', '192.0.2.7'],
    ['for=198.51.100.9, for=192.0.2.7', '192.0.2.7'],
    ['for="192\\.0.2.7"', '192.0.2.7'],
    ['for=_hidden', 'unknown'],
    ['for=unknown, for=10.0.0.2', 'unknown'],
    ['for=192.0.2.7, for="_secret:99"', 'unknown'],
    ['proto=https', 'unknown'],
    ['for=192.0.2.7;x="a,b;c"', '192.0.2.7'],
  ] as const) {
    assert.equal(addressBy({ for: header }), address, header)
  }
})

test('who comes with a malformed header has no address, and is never the proxy', () => {
  for (const header of [
    'for',
    'for=',
    'for="192.0.2.7',
    'for=[2001:db8::7]',
    'for="[192.0.2.7]"',
    'for=192.0.2.7;for=192.0.2.8',
    'for=300.0.2.7',
    'for=192.0.2.7,',
    'for=192.0.2.7;proto=gopher',
    'for=192.0.2.7;host="a b"',
    'for = 192.0.2.7',
    'for=192.0.2.7:999999',
  ]) {
    const client = clientOf(PEER, headersOf({ for: header }), TRUSTED)
    assert.deepEqual(client, { address: MALFORMED, scheme: null, host: null }, header)
  }
  for (const xff of ['192.0.2.7,,10.0.0.2', 'x', '192.0.2.7:', '[::1', '192.0.2.7 10.0.0.2', '"192.0.2.7"']) {
    assert.equal(addressBy({ xff }), 'malformed', xff)
  }
  assert.equal(addressBy({ xff: '192.0.2.7', proto: 'wss' }), 'malformed')
  assert.equal(addressBy({ xff: '192.0.2.7', host: 'a/b' }), 'malformed')
})

test('two headers that name different clients are malformed: one of them may be the client’s own invention', () => {
  assert.equal(addressBy({ for: 'for=192.0.2.7', xff: '192.0.2.7' }), '192.0.2.7')
  assert.equal(addressBy({ for: 'for=198.51.100.1', xff: '192.0.2.7' }), 'malformed')
})

test('scheme and host come from the hop that is believed', () => {
  const of = (given: Parameters<typeof headersOf>[0]) => {
    const { scheme, host } = clientOf(PEER, headersOf(given), TRUSTED)
    return [scheme, host]
  }
  assert.deepEqual(of({ xff: '192.0.2.7', proto: 'HTTPS', host: 'desk.example:8443' }), ['https', 'desk.example:8443'])
  assert.deepEqual(of({ xff: '192.0.2.7, 10.0.0.2', proto: 'https', host: 'a.example' }), ['https', 'a.example'])
  assert.deepEqual(of({ xff: '192.0.2.7, 10.0.0.2', proto: 'https, http' }), ['https', null])
  assert.deepEqual(of({ xff: '198.51.100.1, 192.0.2.7', proto: 'https, http' }), ['http', null])
  assert.deepEqual(of({ for: 'for=192.0.2.7;proto=https;host="a.example:1"' }), ['https', 'a.example:1'])
  assert.deepEqual(of({ proto: 'https', host: 'a.example' }), [null, null])
})

test('what stands left of the first hop that is not trusted is not looked at, whatever it is', () => {
  for (const [given, address] of [
    [{ xff: 'x, 203.0.113.9' }, '203.0.113.9'],
    [{ xff: ', 203.0.113.9' }, '203.0.113.9'],
    [{ xff: '1.2.3.4:abc, 203.0.113.9, 10.0.0.2' }, '203.0.113.9'],
    [{ xff: 'x, 203.0.113.9', proto: 'x, https', host: 'a/b, a.example' }, '203.0.113.9'],
    [{ for: 'x, for=203.0.113.9' }, '203.0.113.9'],
    [{ for: 'for=x;proto=gopher, for=203.0.113.9;proto=https' }, '203.0.113.9'],
    // A quote that a client leaves open, or that would end in what the proxy wrote, hides nothing of it.
    [{ for: 'for="6.6.6.6, for=203.0.113.9' }, MALFORMED],
    [{ for: 'for=6.6.6.6;x=", for="[2001:db8::7]"' }, MALFORMED],
    [{ for: 'for=6.6.6.6;x=", for="203.0.113.9:80"' }, MALFORMED],
  ] as const) {
    assert.equal(addressBy(given), address, JSON.stringify(given))
  }
})

test('more than 1 kB or 16 elements is malformed', () => {
  const chain = (hops: number) => ['192.0.2.7', ...Array.from({ length: hops - 1 }, () => '10.0.0.2')].join(',')
  assert.equal(addressBy({ xff: chain(16) }), '192.0.2.7')
  assert.equal(addressBy({ xff: chain(17) }), MALFORMED)
  const padded = (length: number) => `${' '.repeat(length - 9)}192.0.2.7`
  assert.equal(addressBy({ xff: padded(1_024) }), '192.0.2.7')
  assert.equal(addressBy({ xff: padded(1_025) }), MALFORMED)
  assert.equal(addressBy({ for: `for=192.0.2.7;x="${'a'.repeat(1_024)}"` }), MALFORMED)
  assert.equal(addressBy({ xff: '192.0.2.7', host: 'a'.repeat(1_025) }), MALFORMED)
  assert.equal(addressBy({ xff: '192.0.2.7', proto: Array(17).fill('https').join(',') }), MALFORMED)
})

test('headers as long as they may come cost less than a millisecond', () => {
  for (const given of [
    { xff: `${Array(22_000).fill('::').join(',')}, 203.0.113.9` },
    { for: Array(4_000).fill('for="[::1]";x="\\"').join(',') },
    { xff: '192.0.2.7', proto: 'http,'.repeat(13_000), host: ','.repeat(65_536) },
    { xff: `${Array(15).fill('[::1]:_a').join(',')}, 10.0.0.9` },
    { for: `${';'.repeat(500)}${'"'.repeat(500)}` },
  ]) {
    const headers = headersOf(given)
    const runs = Array.from({ length: 20 }, () => {
      const before = process.cpuUsage()
      clientOf(PEER, headers, TRUSTED)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    })
    assert.ok(Math.min(...runs) < 1, `${Math.min(...runs)} ms`)
  }
})

test('whatever a client writes before what its proxy adds, it is the one that the proxy names, or nobody', () => {
  const parts = fc.constantFrom(
    'for=',
    '"',
    '\\',
    ',',
    ';',
    '[',
    '::1',
    ']',
    '10.0.0.5',
    '127.0.0.1',
    'proto=',
    ':',
    ' ',
    'x',
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(parts, { maxLength: 40 }).map(all => all.join('')),
  )
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      const byList = addressBy({ xff: `${a}, 203.0.113.9`, proto: b, host: c })
      assert.ok(byList === '203.0.113.9' || byList === MALFORMED, byList)
      for (const node of ['203.0.113.9', '"203.0.113.9:4711"']) {
        const byPairs = addressBy({ for: `${a}, for=${node}` })
        assert.ok(byPairs === '203.0.113.9' || byPairs === MALFORMED, byPairs)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('no header makes a client of what is no address, nor throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
      const { address } = clientOf(PEER, headersOf({ for: a, xff: b, proto: c, host: d }), TRUSTED)
      assert.ok(address === MALFORMED || address === 'unknown' || canonicalAddress(address) === address)
    }),
  )
})
