/** Names and texts of people, in whatever script: what they may hold, and how long they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LIMITS } from '../../src/protocol/limits.ts'
import { isLabel, isWithin } from '../../src/protocol/text.ts'

const FIREFIGHTER = '👩‍🚒'
const ENGLAND = '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}'

test('[EN-9] a name may have the format characters that its script or its emoji needs', () => {
  for (const name of [
    'Medic 7',
    `${FIREFIGHTER} 7`,
    `${ENGLAND} 1`,
    '❤️ 3',
    'امدادگر\u200cها',
    'נט״ן 7\u200f',
    '\u200e7 אמבולנס',
    'श्री\u200d',
    'ភ្នំ\u200bពេញ',
    '救急\u3000三号',
    'Zoë',
    '\u0600\u0661\u0662',
  ]) {
    assert.ok(isLabel(name, 120), JSON.stringify(name))
  }
})

test('[EN-9] a name has no control, nothing that hides or turns what stands beside it, and something to be seen', () => {
  for (const name of [
    '',
    ' ',
    ' Medic',
    'Medic ',
    'Medic\u00a0',
    'a\tb',
    'a\nb',
    'a\u0085b',
    'a\u2028b',
    'a\u2029b',
    ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x206a, 0xfeff, 0xad, 0x2060].map(
      code => `a${String.fromCodePoint(code)}b`,
    ),
    'a\ue000b',
    'a\ufffeb',
    'a\ud800b',
    // Tags spell what nobody sees.
    'Medic\u{E0031}\u{E0032}',
    '🏴\u{E0067}',
    '\u200d',
    '\u200f\u200b',
    '\u0301',
  ]) {
    assert.ok(!isLabel(name, 120), JSON.stringify(name))
  }
})

test('[EN-9] a text is as long as a person counts it, and no more bytes hide in it than its bound allows', () => {
  for (const one of ['a', 'é', 'e\u0301', FIREFIGHTER, '🇳🇿', '한', 'क्षि']) {
    assert.ok(isWithin(one.repeat(5), 5), one)
    assert.ok(!isWithin(one.repeat(6), 5), one)
    assert.ok(isLabel(one.repeat(5), 5) && !isLabel(one.repeat(6), 5), one)
  }
  const marked = (marks: number) => `a${'\u0301'.repeat(marks)}`
  assert.ok(isWithin(marked(5 * LIMITS.codeUnitsPerChar - 1), 5))
  assert.ok(!isWithin(marked(5 * LIMITS.codeUnitsPerChar), 5))
  assert.ok(isWithin('', 0) && !isWithin('a', 0))
})
