/** Whatever a client sends, it gets a request or a typed refusal, and the refusal names what to correct. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRORS } from '../../src/protocol/errors.ts'
import { LIMITS } from '../../src/protocol/limits.ts'
import { rowOf } from '../../src/protocol/messages.ts'
import { type Parsed, parseFrame } from '../../src/protocol/parse.ts'
import {
  accepted,
  FORMATS,
  frame,
  hex,
  MAX_BYTES,
  NOW,
  OFFER,
  parse,
  refused,
  SAMPLES,
  TYPE_NAMES,
  utf8,
} from './frames.ts'

const binary = (digits: string) => parseFrame(hex(digits), 'binary', MAX_BYTES)
const json = (text: string) => parseFrame(utf8(text), 'json', MAX_BYTES)

/** The sample of a type with one element replaced; 0 is the type. */
function withElement(name: (typeof TYPE_NAMES)[number], place: number, value: unknown): unknown[] {
  const tuple: unknown[] = [...SAMPLES[name]]
  tuple[place] = value
  return tuple
}

test('a frame that was cut short is malformed, wherever it was cut', () => {
  for (const name of TYPE_NAMES) {
    for (const format of FORMATS) {
      const whole = frame(SAMPLES[name], format)
      for (let end = 0; end < whole.length; end += 1) {
        assert.equal(
          refused(parseFrame(whole.subarray(0, end), format, MAX_BYTES)),
          'malformed-frame',
          `${name} ${end}`,
        )
      }
    }
  }
})

test('[EN-5] bytes behind the message are malformed', () => {
  for (const name of TYPE_NAMES) {
    for (const format of FORMATS) {
      const whole = frame(SAMPLES[name], format)
      const longer = new Uint8Array([...whole, format === 'json' ? 0x31 : 0x01])
      assert.equal(refused(parseFrame(longer, format, MAX_BYTES)), 'malformed-frame', name)
    }
  }
})

test('a frame may be as large as its limit and not one byte larger', () => {
  for (const format of FORMATS) {
    const whole = frame(SAMPLES['enter-call'], format)
    assert.ok(parseFrame(whole, format, whole.length).ok)
    assert.equal(refused(parseFrame(whole, format, whole.length - 1)), 'frame-too-large')
  }
})

test('an empty frame, and a value that is no tuple, are malformed', () => {
  for (const digits of ['', 'c0', '02', 'a3666978', '80', '81a17802'])
    assert.equal(refused(binary(digits)), 'malformed-frame')
  for (const text of ['', ' ', 'null', '2', '"fix"', '{}', '{"0":"fix"}'])
    assert.equal(refused(json(text)), 'malformed-frame')
})

test('[ER-3] an unknown type is refused, and the command id beside it is answered', () => {
  for (const type of [0, 6, 64, 255, -1, 1.5, '1', null, true, [], {}]) {
    assert.equal(refused(json(JSON.stringify([type, 'c1']))), 'unknown-type', JSON.stringify(type))
  }
  for (const text of [
    '["toString","c1"]',
    '["__proto__","c1"]',
    '["constructor"]',
    '[]',
    '["welcome","c1"]',
    '[4,0]',
  ]) {
    assert.equal(refused(json(text)), 'unknown-type', text)
  }
  for (const digits of ['90', '92 46 a0', '92 a4 6d61726b 00', '92 ff 00'])
    assert.equal(refused(binary(digits)), 'unknown-type')
  const parsed = json('["teleport","c7"]')
  assert.ok(!parsed.ok && parsed.id === 'c7')
})

test('every field of every message refuses every wrong kind of value, and its name stands in details.path', () => {
  const wrong: unknown[] = [true, 1.5, 'no such word \u2603', '', [], {}, [[]], Number.MAX_VALUE, -Number.MAX_VALUE]
  for (const name of TYPE_NAMES) {
    for (let place = 1; place < SAMPLES[name].length; place += 1) {
      for (const value of wrong) {
        for (const format of FORMATS) {
          if (name === 'hello' && place === 2 && typeof value === 'string' && value !== '') continue // a token is any text here
          if (name === 'watch-tiles' && place === 2 && Array.isArray(value) && value.length === 0) continue // ends the watch
          if (name === 'hello' && place === 7 && Array.isArray(value) && value.length === 0) continue // no streams is fine
          if (name === 'add-note' && place === 3 && typeof value === 'string' && value !== '') continue // a note is any text
          if (name === 'find-place' && place === 2 && typeof value === 'string' && value !== '') continue // so is a place
          if (name === 'best-destinations' && place === 5 && Array.isArray(value) && value.length === 0) continue // any will do
          const label = `${name}[${place}] = ${JSON.stringify(value)} in ${format}`
          const parsed = parse(withElement(name, place, value), format)
          assert.match(refused(parsed), /^invalid-field [a-zA-Z]+/, label)
          assert.equal(!parsed.ok && parsed.id, idOf(name, place), label)
        }
      }
    }
  }
})

/** A refusal carries the command's id, unless it is the id that was wrong or the message has none. */
function idOf(name: (typeof TYPE_NAMES)[number], place: number): string | null {
  return ['fix', 'hint', 'mark', 'feed-fixes'].includes(name) || place === 1 ? null : String(SAMPLES[name][1])
}

test('a message that lacks a field is refused, except where the field is optional by name', () => {
  for (const name of TYPE_NAMES) {
    for (let length = 1; length < SAMPLES[name].length; length += 1) {
      for (const format of FORMATS) {
        assert.match(refused(parse(SAMPLES[name].slice(0, length), format)), /^invalid-field /, `${name} ${length}`)
      }
    }
  }
})

test('[ER-2] a refusal names the field inside a nested one', () => {
  const call = SAMPLES['enter-call'][2] as unknown as Record<string, unknown>
  const refusedCall = (change: Record<string, unknown>) =>
    refused(parse(['enter-call', 'c1', { ...call, ...change }], 'binary'))
  assert.equal(refusedCall({ priority: 6 }), 'invalid-field call.priority')
  assert.equal(refusedCall({ lonE7: 1_800_000_001 }), 'invalid-field call.lonE7')
  assert.equal(refusedCall({ latE7: -900_000_001 }), 'invalid-field call.latE7')
  assert.equal(refusedCall({ needs: [] }), 'invalid-field call.needs')
  assert.equal(
    refusedCall({ needs: Array(LIMITS.needsPerCall + 1).fill({ levelOfCare: 'bls' }) }),
    'invalid-field call.needs',
  )
  assert.equal(
    refusedCall({ needs: [{ levelOfCare: 'bls' }, { levelOfCare: 'vet' }] }),
    'invalid-field call.needs.1.levelOfCare',
  )
  assert.equal(
    refusedCall({ needs: [{ levelOfCare: 'bls', capabilities: ['UPPER'] }] }),
    'invalid-field call.needs.0.capabilities.0',
  )
  assert.equal(refusedCall({ problem: 'x'.repeat(LIMITS.problemChars + 1) }), 'invalid-field call.problem')
  assert.equal(refusedCall({ receivedAtMs: -1 }), 'invalid-field call.receivedAtMs')
  assert.equal(
    refusedCall({ details: { notes: 'x'.repeat(LIMITS.notesChars + 1) } }),
    'invalid-field call.details.notes',
  )
  assert.equal(refusedCall({ details: { phone: 64 } }), 'invalid-field call.details.phone')
  const hello = SAMPLES.hello
  const streams = (list: unknown) => refused(parse([...hello.slice(0, 7), list], 'json'))
  assert.equal(streams([['s1', 'gnss', 0]]), 'invalid-field streams.0.2')
  assert.equal(streams([['s1', 'sundial', 1]]), 'invalid-field streams.0.1')
  assert.equal(
    streams([
      ['s1', 'gnss', 1],
      ['s1', 'gnss', 4],
    ]),
    'invalid-field streams',
  )
  assert.equal(streams(Array.from({ length: 9 }, (_, i) => [`s${i}`, 'gnss', 1])), 'invalid-field streams')
})

test('[HS-3] a driver names its unit in hello, and nobody else does', () => {
  const hello = (role: string, unitId: string | null) =>
    parse(['hello', 'h1', 't', 'akl', role, unitId, NOW, []], 'json')
  assert.ok(hello('driver', 'A-7').ok)
  assert.ok(hello('dispatcher', null).ok)
  assert.equal(refused(hello('driver', null)), 'invalid-field unitId')
  assert.equal(refused(hello('dispatcher', 'A-7')), 'invalid-field unitId')
})

test('[OF-3] a unit is set unavailable with a reason, and available without one', () => {
  const set = (status: string, reason: string | null) => parse(['set-status', 'c1', status, reason, NOW], 'binary')
  assert.ok(set('available', null).ok)
  assert.ok(set('unavailable', 'break').ok)
  assert.equal(refused(set('unavailable', null)), 'invalid-field reason')
  assert.equal(refused(set('available', 'break')), 'invalid-field reason')
  assert.equal(refused(set('off-duty', null)), 'invalid-field status')
})

test('[DK-8] the desk sets a unit unavailable with a reason, and available or off duty without one', () => {
  const set = (status: string, reason: string | null) =>
    parse(['set-unit-status', 'c1', 'A-7', status, reason, NOW], 'binary')
  assert.ok(set('off-duty', null).ok)
  assert.ok(set('available', null).ok)
  assert.ok(set('unavailable', 'breakdown').ok)
  assert.equal(refused(set('unavailable', null)), 'invalid-field reason')
  assert.equal(refused(set('off-duty', 'break')), 'invalid-field reason')
  assert.equal(refused(set('offered', null)), 'invalid-field status')
})

test('[DK-1] an amendment changes something, and of the place both coordinates', () => {
  for (const format of FORMATS) {
    const amend = (changes: unknown) => parse(['amend-call', 'c1', OFFER, changes], format)
    assert.deepEqual(accepted(amend({ priority: 2 })), {
      type: 'command',
      id: 'c1',
      command: { type: 'amend-call', callId: OFFER, priority: 2 },
    })
    assert.deepEqual(accepted(amend({ problem: null, details: null })), {
      type: 'command',
      id: 'c1',
      command: { type: 'amend-call', callId: OFFER, problem: null, details: null },
    })
    assert.equal(refused(amend({})), 'invalid-field changes')
    assert.equal(refused(amend({ weather: 'rain' })), 'invalid-field changes')
    assert.equal(refused(amend({ lonE7: 1 })), 'invalid-field changes')
    assert.equal(refused(amend({ priority: null })), 'invalid-field changes.priority')
    assert.equal(refused(amend({ details: { phone: 64 } })), 'invalid-field changes.details.phone')
  }
})

test('[FD-1] a feed names each channel once in an attach', () => {
  const attach = (...channels: unknown[]) => parse(['attach', 'c1', channels], 'json')
  const channel = [0, 'A-7', 's1', 'gnss', 1]
  assert.ok(attach(channel, [999_999, 'A-8', 's1', 'device', 7, 'later']).ok)
  assert.equal(refused(attach()), 'invalid-field channels')
  assert.equal(refused(attach(channel, [0, 'A-8', 's1', 'gnss', 1])), 'invalid-field channels')
  assert.equal(refused(attach([1_000_000, 'A-7', 's1', 'gnss', 1])), 'invalid-field channels.0.0')
  assert.equal(refused(attach([1, 'A 7', 's1', 'gnss', 1])), 'invalid-field channels.0.1')
  assert.equal(refused(attach([1, 'A-7', 's1', 'sundial', 1])), 'invalid-field channels.0.3')
  assert.equal(refused(attach([1, 'A-7', 's1', 'gnss', 0])), 'invalid-field channels.0.4')
  const many = Array.from({ length: LIMITS.channelsPerAttach + 1 }, (_, i) => [i, 'A-7', 's1', 'gnss', 1])
  assert.ok(attach(...many.slice(1)).ok)
  assert.equal(refused(attach(...many)), 'invalid-field channels')
})

test("no phase but those of a crew's buttons can be reported", () => {
  for (const phase of ['assigned', 'pending', 'offered', 'closed', 'cancelled']) {
    assert.equal(refused(parse(['report-phase', 'c1', OFFER, phase, NOW], 'json')), 'invalid-field phase')
  }
})

test('[EN-6] NUL is refused in every string, also one that is otherwise ignored', () => {
  const call = SAMPLES['enter-call'][2] as unknown as Record<string, unknown>
  for (const format of FORMATS) {
    const notes = parse(['enter-call', 'c8', { ...call, details: { notes: 'a\0b' } }], format)
    assert.equal(refused(notes), 'invalid-field call.details.notes')
    assert.equal(!notes.ok && notes.id, 'c8')
    assert.equal(
      refused(parse(['enter-call', 'c8', { ...call, details: { notes: 'Māori \0' } }], format)),
      'invalid-field call.details.notes',
    )
    assert.equal(refused(parse(['enter-call', 'c8', { ...call, '\0': 1 }], format)), 'invalid-field call')
    assert.equal(refused(parse(['sign-on', 'c8', NOW, 'later\0'], format)), 'invalid-field 3')
    assert.equal(refused(parse([...SAMPLES.fix, { note: '\0' }], format)), 'invalid-field 4.note')
  }
})

test('[EN-6] a lone surrogate is refused: in JSON as a bad field, in MessagePack as invalid UTF-8', () => {
  for (const half of ['\\ud83d', '\\uDE91', '\\ude91\\ud83d']) {
    assert.equal(refused(json(`["hello","h1","t${half}","akl","driver","A-7",1,[]]`)), 'invalid-field token')
  }
  assert.ok(json('["hello","h1","t\\ud83d\\ude91","akl","driver","A-7",1,[]]').ok)
  for (const bytes of ['eda0bd', 'edb891'])
    assert.equal(refused(binary(`93 0a a2 6331 a3 ${bytes}`)), 'malformed-frame')
})

test('invalid UTF-8 is malformed in both formats', () => {
  for (const bad of ['80', 'c0af', 'c3', 'e28082f0', 'f4908080', 'ff', 'f8888080']) {
    const length = bad.length / 2
    assert.equal(refused(binary(`92 0a a${length} ${bad}`)), 'malformed-frame', bad)
    const text = new Uint8Array([...utf8('["sign-on","'), ...hex(bad), ...utf8('",1]')])
    assert.equal(refused(parseFrame(text, 'json', MAX_BYTES)), 'malformed-frame', bad)
  }
})

test('NaN, infinities and out-of-range numbers are refused in whatever width they come', () => {
  const position = (digits: string) => refused(binary(`96 16 a1 63 ${digits} 00 05 c0`))
  for (const digits of [
    'cb 7ff8000000000000',
    'cb 7ff0000000000000',
    'cb fff0000000000000',
    'ca 7fc00000',
    'ca 7f800000',
    'cf ffffffffffffffff',
    'd3 8000000000000000',
    'cb 3fe0000000000000',
    'd2 80000000',
  ]) {
    assert.equal(position(digits), 'invalid-field lonE7', digits)
  }
  assert.equal(refused(json('["nearest","c",1e999,0,5,null]')), 'invalid-field lonE7')
  assert.equal(refused(json('["nearest","c",NaN,0,5,null]')), 'malformed-frame')
  assert.equal(refused(json('["watch-board","c",9007199254740993]')), 'invalid-field fromPosition')
  assert.equal(refused(binary('93 17 a163 cf 0020000000000001')), 'invalid-field fromPosition')
})

test('[EN-5] an integer counts by its value, not by its width', () => {
  for (const five of [
    '05',
    'cc05',
    'cd0005',
    'ce00000005',
    'cf0000000000000005',
    'd005',
    'd10005',
    'd200000005',
    'd30000000000000005',
    'ca40a00000',
    'cb4014000000000000',
  ]) {
    assert.deepEqual(accepted(binary(`93 17 a163 ${five}`)), { type: 'watch-board', id: 'c', fromPosition: 5 }, five)
    assert.deepEqual(accepted(binary(`92 04 ${five}`)), { type: 'mark', streamIndex: 5 }, five)
  }
})

test('[EN-3] elements and keys of a later version are ignored', () => {
  for (const format of FORMATS) {
    for (const name of TYPE_NAMES) {
      if (name === 'fix' || name === 'feed-fixes') continue
      assert.deepEqual(
        accepted(parse([...SAMPLES[name], 'new', 7, [1]], format)),
        accepted(parse(SAMPLES[name], format)),
        name,
      )
    }
    const call = SAMPLES['enter-call'][2] as object
    assert.deepEqual(
      accepted(parse(['enter-call', 'c8', { ...call, weather: { rain: true } }], format)),
      accepted(parse(SAMPLES['enter-call'], format)),
    )
    const fix = SAMPLES.fix[3] as readonly unknown[]
    assert.deepEqual(
      accepted(parse(['fix', 0, 15_000, [...fix, 12, 'hdop']], format)),
      accepted(parse(SAMPLES.fix, format)),
    )
  }
})

test('[EN-3] behind the fixes of a frame only a map may stand, so that no fix is left unread', () => {
  for (const format of FORMATS) {
    assert.ok(parse([...SAMPLES.fix, {}], format).ok)
    assert.equal(refused(parse([...SAMPLES.fix, 'x'], format)), 'invalid-field fixes.1')
    assert.equal(refused(parse([...SAMPLES.fix, {}, SAMPLES.fix[3]], format)), 'invalid-field fixes.1')
    assert.equal(refused(parse(['fix', 0, 1, {}], format)), 'invalid-field fixes.0')
    const feed = SAMPLES['feed-fixes']
    assert.ok(parse([...feed, {}], format).ok)
    assert.equal(refused(parse([...feed, 'x'], format)), 'invalid-field fixes.1')
    assert.equal(refused(parse([...feed, {}, feed[2]], format)), 'invalid-field fixes.1')
    assert.equal(refused(parse(['feed-fixes', 1, {}], format)), 'invalid-field fixes.0')
  }
})

test('[EN-4] a well-formed traceparent is taken from behind the fields or from the end, and any other is ignored', () => {
  const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const trace = (tuple: readonly unknown[]) => {
    const traces = FORMATS.map(format => {
      const parsed = parse(tuple, format)
      assert.ok(parsed.ok)
      return parsed.traceparent
    })
    assert.equal(traces[0], traces[1])
    return traces[0]
  }
  for (const name of TYPE_NAMES) {
    assert.equal(trace([...SAMPLES[name], { traceparent: good }]), good, name)
    assert.equal(trace(SAMPLES[name]), null, name)
    if (name === 'fix' || name === 'feed-fixes') continue
    assert.equal(trace([...SAMPLES[name], { traceparent: good }, 7]), good, name)
    assert.equal(trace([...SAMPLES[name], 7, 'x', { traceparent: good }]), good, name)
  }
  for (const bad of [
    '',
    good.toUpperCase(),
    `${good}0`,
    good.replace('4bf9', 'zzzz'),
    `ff${good.slice(2)}`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    7,
    null,
    {},
  ]) {
    assert.equal(trace([...SAMPLES['sign-on'], { traceparent: bad }]), null, String(bad))
  }
  assert.equal(trace([...SAMPLES['sign-on'], { tracestate: 'a=b' }]), null)
})

test('a `__proto__` key changes nothing', () => {
  const call = '"lonE7":1,"latE7":2,"priority":3,"needs":[{"levelOfCare":"bls","capabilities":[]}]'
  const parsed = accepted(
    json(
      `["enter-call","c1",{${call},"__proto__":{"problem":"x","polluted":1},"constructor":1},{"__proto__":{"traceparent":"x"}}]`,
    ),
  )
  assert.deepEqual(parsed, {
    type: 'command',
    id: 'c1',
    command: {
      type: 'enter-call',
      lonDeg: 1e-7,
      latDeg: 2e-7,
      priority: 3,
      problem: null,
      needs: [{ levelOfCare: 'bls', capabilities: [] }],
      receivedAtMs: null,
      details: null,
    },
  })
  accepted(binary('94 0a a163 00 81 a9 5f5f70726f746f5f5f 81 a8 706f6c6c75746564 01'))
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('a refusal uses a code of the table and says what to do', () => {
  for (const parsed of [binary(''), json('["x"]'), json('["mark",-1]'), parseFrame(hex('92 04 00'), 'binary', 2)]) {
    assert.ok(!parsed.ok)
    assert.ok(Object.hasOwn(ERRORS, parsed.refusal.code))
    assert.match(parsed.refusal.message, /\b(send|correct|split|type is)\b/i)
  }
})

test('a field that may be null says so when it is refused, and no other does', () => {
  const wrong = [[], {}, 'no such word', -1.5]
  // Whether these may be null goes by another field.
  const byAnother = new Set([
    ...['hello.unitId', 'set-status.reason', 'set-unit-status.reason', 'best-destinations.tripId', 'reach.unitId'],
  ])
  for (const name of TYPE_NAMES) {
    const sample = SAMPLES[name] as readonly unknown[]
    const fields = rowOf(name).shape?.fields ?? []
    for (const [index, field] of fields.entries()) {
      const changed = (value: unknown) => json(JSON.stringify(sample.with(index + 1, value)))
      const mayBeNull = changed(null).ok
      for (const value of wrong) {
        const answer = changed(value)
        if (answer.ok || answer.refusal.details?.path !== field) continue
        const { message } = answer.refusal
        assert.equal(
          /null/.test(message),
          mayBeNull || byAnother.has(`${name}.${field}`),
          `${name}.${field}: ${message}`,
        )
      }
    }
  }
  const message = (parsed: Parsed) => (parsed.ok ? '' : parsed.refusal.message)
  assert.match(message(json('["watch-board","c1",-1]')), /`fromPosition` must be an integer from 0 to \d+, or null;/)
  assert.match(message(json('["nearest","c1",0,0,1,"vet"]')), /`levelOfCare` must be one of .*, cct, or null;/)
  assert.match(
    message(json('["hint",0,0,[1,0,0,0,-1,0,0]]')),
    /accuracyDm` must be an integer from 0 to 65535, or null;/,
  )
  assert.match(message(json('["hint",0,0,[1,0,0,9e9,0,0,0]]')), /latE7` must be an integer from -9\d+ to 9\d+;/)
  const [, , sample] = SAMPLES['enter-call'] as readonly [unknown, unknown, object]
  const call = (more: object) => json(JSON.stringify(withElement('enter-call', 2, { ...sample, ...more })))
  assert.match(message(call({ problem: 7 })), /`call.problem` must be a string of 1 to 32 characters, or null;/)
  assert.match(message(call({ details: { phone: 7 } })), /`call.details.phone` must be .*, or null;/)
})

test('[ER-3] an empty message is said to be empty', () => {
  for (const answer of [json('[]'), binary('90')]) {
    assert.equal(answer.ok ? '' : answer.refusal.code, 'unknown-type')
    assert.match(answer.ok ? '' : answer.refusal.message, /^The message is empty;/)
  }
})

test('a long list is read as its elements are, and what is wrong in it is named', () => {
  const read = (message: unknown) => parseFrame(utf8(JSON.stringify(message)), 'json', MAX_BYTES)
  const many = <T>(make: (i: number) => T, changed: T | unknown = undefined): unknown[] => {
    const elements: unknown[] = Array.from({ length: 200 }, (_, i) => make(i))
    if (changed !== undefined) elements[100] = changed
    return elements
  }
  const channel = (i: number) => [i, `A-${i}`, 's1', 'gnss', 1]
  const tile = (i: number) => [`12/${i}/0`, null, null]
  const attach = (changed?: unknown) => read(['attach', 'm1', many(channel, changed)])
  const detach = (changed?: unknown) => read(['detach', 'm1', many(i => i, changed)])
  const watch = (changed?: unknown) => read(['watch-tiles', 'm1', many(tile, changed)])

  // Elements that a later version adds to a row are left aside, and minus zero is zero.
  const attached = accepted(attach([7_000, 'A-7', 's7', 'device', 9, 'more']))
  assert.ok(attached.type === 'attach')
  assert.deepEqual(attached.channels[100], [7_000, 'A-7', 's7', 'device', 9])
  const detached = accepted(
    parseFrame(utf8(JSON.stringify(['detach', 'm1', [0]]).replace('[0]', '[-0]')), 'json', MAX_BYTES),
  )
  assert.ok(detached.type === 'detach' && Object.is(detached.channels[0], 0))
  const watched = accepted(watch(['6/1/1', 's1', 4, 'more']))
  assert.ok(watched.type === 'watch-tiles')
  assert.deepEqual(watched.tiles[100], ['6/1/1', 's1', 4])

  assert.equal(refused(attach([1_000_000, 'A-7', 's1', 'gnss', 1])), 'invalid-field channels.100.0')
  assert.equal(refused(attach([1, 'A 7', 's1', 'gnss', 1])), 'invalid-field channels.100.1')
  assert.equal(refused(attach([1, 'A-7', 's~1', 'gnss', 1])), 'invalid-field channels.100.2')
  assert.equal(refused(attach([1, 'A-7', 's1', 'sundial', 1])), 'invalid-field channels.100.3')
  assert.equal(refused(attach([1, 'A-7', 's1', 'gnss', 0])), 'invalid-field channels.100.4')
  assert.equal(refused(attach('A-7')), 'invalid-field channels.100')
  assert.equal(refused(attach(channel(5))), 'invalid-field channels')
  assert.equal(refused(detach(1.5)), 'invalid-field channels.100')
  assert.equal(refused(watch(['13/0/0', null, null])), 'invalid-field tiles.100.0')
  assert.equal(refused(watch(['12/0/1', 's1', null])), 'invalid-field tiles.100')
  assert.equal(refused(watch(['12/0/1', null, -1])), 'invalid-field tiles.100.2')
  assert.equal(refused(watch(tile(5))), 'invalid-field tiles')
  assert.equal(refused(read(['attach', 'm1', []])), 'invalid-field channels')
  assert.equal(refused(read(['attach', 'm1'])), 'invalid-field channels')
})
