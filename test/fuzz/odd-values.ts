/** Values that do not belong where they are put: extreme, of another kind, or written as nobody would. */
import type { Dice } from './dice.ts'
import { Pairs, Raw } from './writers.ts'

export const ODD_NUMBERS: readonly unknown[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e-7,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 50 - 1,
  2 ** 50,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  -Number.MAX_SAFE_INTEGER,
  2 ** 62,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MIN_VALUE,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  253_402_300_799_999,
  253_402_300_800_000,
  1_800_000_000,
  1_800_000_001,
  -1_800_000_000,
  900_000_000,
  -900_000_001,
  // The greatest and the least integers, and small ones in the longest form.
  new Raw('cfffffffffffffffff', '18446744073709551615'),
  new Raw('d38000000000000000', '-9223372036854775808'),
  new Raw('d37fffffffffffffff', '9223372036854775807'),
  new Raw('cf0000000000000001', '1.0'),
  new Raw('d3ffffffffffffffff', '-1e0'),
  new Raw('cd0001', '1E0'),
  new Raw('cc05', '0.5e1'),
  // Floats that are whole numbers, and those that JSON has no form for.
  new Raw('ca3f800000', '10e-1'),
  new Raw('ca7fc00000', '1e999'),
  new Raw('ca7f800000', '-1e999'),
  new Raw('cb3ff0000000000000', '1e-999'),
  new Raw('cb8000000000000000', '-0'),
  new Raw('cbfff8000000000001', '1e400000000000'),
  new Raw('cb0000000000000001', `1${'0'.repeat(400)}`),
  new Raw('cd00', '01'),
  new Raw('ce000000', '+1'),
  new Raw('cb00', '.5'),
  new Raw('d2ff', '1.'),
  new Raw('cf00', '0x10'),
]

export const ODD_TEXTS: readonly unknown[] = [
  '',
  ' ',
  'a',
  '\0',
  'a\0b',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'akl',
  'other',
  '..',
  '.',
  '/',
  "'; DROP TABLE log.records; --",
  '\u202e\u0627',
  '\ufeff',
  '\uffff',
  '😀'.repeat(20),
  'e\u0301'.repeat(30),
  'x'.repeat(31),
  'x'.repeat(32),
  'x'.repeat(33),
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(240),
  'x'.repeat(2_001),
  'ä'.repeat(4_096),
  'x'.repeat(8_192),
  'x'.repeat(8_193),
  // Lone surrogates, cut and overlong UTF-8, and what is no UTF-8 at all.
  new Raw('a3eda080', '"\\ud800"'),
  new Raw('a3edb080', '"\\udc00\\ud800"'),
  new Raw('a2c328', '"\xc3\x28"'),
  new Raw('a1ff', '"\xff"'),
  new Raw('a2c080', '"\xc0\x80"'),
  new Raw('a4f8888080', '"\\u0000"'),
  new Raw('a3e28ced', '"\\u00"'),
  new Raw('a5f09f98', '"\\x41"'),
  new Raw('a161', '"a\nb"'),
  new Raw('d90161', "'a'"),
  new Raw('da000161', '"a'),
  new Raw('db0000000161', '"\\"'),
]

/** Of MessagePack what this protocol never uses, and of JSON what is none. */
export const ODD_KINDS: readonly unknown[] = [
  new Raw('c1', 'undefined'),
  new Raw('c403616263', 'NaN'),
  new Raw('c50003616263', 'Infinity'),
  new Raw('c6ffffffff', '/* */ 1'),
  new Raw('d4ff00', 'new Date'),
  new Raw('d6ff00000000', '1,'),
  new Raw('d7ffffffffffffffffff', ',1'),
  new Raw('c70cff000000000000000000000000', '1 2'),
  new Raw('d47240', '{,}'),
  new Raw('d57300a0', '{"a"}'),
  new Raw('d8720102030405060708090a0b0c0d0e0f10', '{a:1}'),
  new Raw('c7017800', '[,]'),
  new Raw('c703730193', '[1,]'),
  new Raw('c8ffff01', '{"a":1,}'),
  new Raw('c9ffffffff01', '\xef\xbb\xbf1'),
  new Raw('d46501', 'true false'),
  new Raw('d47800', 'nul'),
  new Raw('d56900', 'TRUE'),
]

/** Declared sizes that the frame does not hold. */
export const LYING_SIZES: readonly unknown[] = [
  new Raw('ddffffffff', '['),
  new Raw('dfffffffff', '{'),
  new Raw('dbffffffff', '"'),
  new Raw('dd000fffff', '[['),
  new Raw('dcffff', ']'),
  new Raw('deffff', '}'),
  new Raw('daffff61', '"\\'),
  new Raw('d9ff', '{"a":'),
  new Raw('9f', '[1'),
  new Raw('8f', '{"a"'),
  new Raw('bf61', '[1,2'),
  new Raw('dd80000000', '[[],'),
  new Raw('dd00000000', ']['),
  new Raw('df00000000', '}{'),
]

const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'lonE7', 'needs', 'details', 'traceparent', '', 'a']

/** Maps whose keys repeat, or name what every object has. */
export function oddMap(dice: Dice): unknown {
  const entries = Array.from({ length: 1 + dice.below(6) }, (): [string, unknown] => [
    dice.pick(KEYS),
    dice.oneIn(3) ? new Pairs([['polluted', 1]]) : dice.pick(ODD_NUMBERS),
  ])
  return new Pairs(dice.oneIn(2) ? [...entries, ...entries] : entries)
}

/** Arrays or maps inside each other, as deep as no message is. */
export function deep(dice: Dice, inner: unknown = 1): unknown {
  let value = inner
  const levels = dice.pick([2, 7, 8, 9, 31, 32, 33, 100, 1_000])
  const kind = dice.below(3)
  for (let i = 0; i < levels; i += 1) {
    value = kind === 0 || (kind === 2 && i % 2 === 0) ? [value] : new Pairs([['a', value]])
  }
  return value
}

export function oddValue(dice: Dice): unknown {
  switch (dice.below(9)) {
    case 0:
    case 1:
    case 2:
      return dice.pick(ODD_NUMBERS)
    case 3:
    case 4:
      return dice.pick(ODD_TEXTS)
    case 5:
      return dice.pick<unknown>([null, true, false, [], {}, [[]], [null], { a: null }, undefined])
    case 6:
      return oddMap(dice)
    case 7:
      return dice.pick(ODD_KINDS)
    default:
      return Array.from({ length: dice.below(12) }, () => dice.pick(dice.oneIn(2) ? ODD_NUMBERS : ODD_TEXTS))
  }
}
