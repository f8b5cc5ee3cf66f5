/** Addresses: their one form, ranges, and what limits count. */
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { AddressRanges, addressKey, canonicalAddress, isLoopbackHost, isRange } from '../../src/base/ip-address.ts'

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

test('a range is an address that Node takes for one, with no more bits than it has', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())
  fc.assert(
    fc.property(address, fc.option(fc.oneof(fc.nat(140), fc.string()), { nil: undefined }), (of, bits) => {
      const cidr = bits === undefined ? of : `${of}/${bits}`
      const [text = '', length, ...rest] = cidr.split('/')
      const family = text.includes('%') ? 0 : isIP(text)
      const hasLength =
        length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128))
      assert.equal(isRange(cidr), family !== 0 && rest.length === 0 && hasLength, cidr)
    }),
  )
})

test('this machine is one set of addresses, wherever a URL names it', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.8.7', '[::1]', '::1', '[::ffff:127.0.0.1]']) {
    assert.ok(isLoopbackHost(host), host)
  }
  for (const host of ['127.evil.org', 'localhost.evil.org', '128.0.0.1', '[::2]', '[127.0.0.1', '']) {
    assert.equal(isLoopbackHost(host), false, host)
  }
})
