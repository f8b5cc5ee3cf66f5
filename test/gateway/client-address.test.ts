/** Whose address it is: what proxies may say, and whom we believe. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isCidr } from '../../src/config/values.ts'
import { AddressRanges, addressKey, canonicalAddress, clientOf } from '../../src/gateway/client-address.ts'

const TRUSTED = new AddressRanges(['10.0.0.0/8', '2001:db8:ffff::/48', '127.0.0.1'])
const PEER = '10.0.0.1'

const headersOf = (given: Partial<Record<'for' | 'xff' | 'proto' | 'host', string>>) => ({
  forwarded: given.for ?? '',
  'x-forwarded-for': given.xff ?? '',
  'x-forwarded-proto': given.proto ?? '',
  'x-forwarded-host': given.host ?? '',
})

const addressBy = (given: Parameters<typeof headersOf>[0], peer = PEER) => {
  const client = clientOf(peer, headersOf(given), TRUSTED)
  return client.isMalformed ? 'malformed' : client.address
}

test('an address has one form, however it is written', () => {
  for (const [text, form] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
    ['2001:0DB8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:1:1:1:1:0:1', '2001:db8:1:1:1:1:0:1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ] as const) {
    assert.equal(canonicalAddress(text), form, text)
    assert.equal(canonicalAddress(form), form)
  }
})

test('what is no address is none', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    'a.b.c.d',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    '::g',
  ]) {
    assert.equal(canonicalAddress(text), null, text)
  }
})

test('every address is read back from its own form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV6(), fc.ipV4()), text => {
      const form = canonicalAddress(text)
      assert.ok(form !== null, text)
      assert.equal(canonicalAddress(form), form)
    }),
  )
})

test('limits count an IPv6 client by its /64 and an IPv4 client by itself', () => {
  assert.equal(addressKey('2001:db8:1:2:3:4:5:6'), addressKey('2001:db8:1:2:ffff::9'))
  assert.notEqual(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'))
  assert.equal(addressKey('192.0.2.1'), '192.0.2.1')
  assert.notEqual(addressKey('192.0.2.1'), addressKey('192.0.2.2'))
})

test('a CIDR covers what it says, in both families', () => {
  const has = (cidr: string, address: string) => new AddressRanges([cidr]).has(address)
  for (const [cidr, address, expected] of [
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.1.1.1', true],
    ['192.0.2.128/25', '192.0.2.129', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1/32', '192.0.2.2', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::1', '::1', true],
    ['10.0.0.0/8', '', false],
  ] as const) {
    assert.equal(has(cidr, address), expected, `${cidr} ${address}`)
  }
  for (const bad of ['', '10.0.0.0/33', '::/129', '10.0.0/8', 'proxy', '10.0.0.0/-1', '10.0.0.0/8/8']) {
    assert.throws(() => new AddressRanges([bad]), RangeError)
  }
})

test('every CIDR that the configuration takes is one that can be used', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())
  fc.assert(
    fc.property(address, fc.option(fc.oneof(fc.nat(140), fc.string()), { nil: undefined }), (of, bits) => {
      const cidr = bits === undefined ? of : `${of}/${bits}`
      if (isCidr(cidr)) assert.doesNotThrow(() => new AddressRanges([cidr]))
      else assert.throws(() => new AddressRanges([cidr]), RangeError)
    }),
  )
})

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
    ['unknown, 10.0.0.2', '10.0.0.2'],
    ['192.0.2.7, unknown', '10.0.0.1'],
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
    ['for=_hidden', '10.0.0.1'],
    ['for=unknown, for=10.0.0.2', '10.0.0.2'],
    ['for=192.0.2.7, for="_secret:99"', '10.0.0.1'],
    ['proto=https', '10.0.0.1'],
    ['for=192.0.2.7;x="a,b;c"', '192.0.2.7'],
  ] as const) {
    assert.equal(addressBy({ for: header }), address, header)
  }
})

test('a malformed header is ignored, and told of', () => {
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
    assert.equal(addressBy({ for: header }), 'malformed', header)
    const client = clientOf(PEER, headersOf({ for: header }), TRUSTED)
    assert.deepEqual([client.address, client.scheme, client.host], [PEER, null, null])
  }
  for (const xff of ['192.0.2.7,,10.0.0.2', 'x', '192.0.2.7:', '[::1', '192.0.2.7 10.0.0.2', '"192.0.2.7"']) {
    assert.equal(addressBy({ xff }), 'malformed', xff)
  }
  assert.equal(addressBy({ xff: '192.0.2.7', proto: 'wss' }), 'malformed')
  assert.equal(addressBy({ xff: '192.0.2.7', host: 'a/b' }), 'malformed')
})

test('two headers that name different clients are both ignored: one of them may be the client’s own invention', () => {
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

test('no header makes a client out of an address that is trusted only by chance, nor throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
      const client = clientOf(PEER, headersOf({ for: a, xff: b, proto: c, host: d }), TRUSTED)
      assert.equal(canonicalAddress(client.address), client.address)
    }),
  )
})
