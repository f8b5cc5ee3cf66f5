/** Bodies over HTTP say each thing once, and nothing that is not known. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { repeatedKey } from '../../src/protocol/json-keys.ts'
import { parseCallBody } from './call-body.ts'

test('a key that an object has twice is found, however it is written, and no other', () => {
  assert.equal(repeatedKey('{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}'), null)
  assert.equal(repeatedKey('{"a":1,"b":"a","c":"\\"a\\":{","d":["a","a"]}'), null)
  assert.equal(repeatedKey('{"a":1,"b":2,"a":3}'), 'a')
  assert.equal(repeatedKey('{"b":[{"x":{"a":1,"\\u0061":3}}]}'), 'a')
  assert.equal(repeatedKey('{"__proto__":1,"constructor":2}'), null)
  assert.equal(repeatedKey('[1,"a",{}]'), null)
})

test('[HT-4] the body of a call has known keys only, each once', () => {
  const body = '"lonDeg":174.7,"latDeg":-36.8,"priority":1,"needs":[{"levelOfCare":"als"}]'
  const pathOf = (text: string) => {
    const parsed = parseCallBody(text)
    return parsed.ok ? null : `${parsed.refusal.code} ${parsed.refusal.details?.path}`
  }
  assert.equal(pathOf(`{${body}}`), null)
  assert.equal(pathOf(`{${body},"detials":{}}`), 'invalid-field detials')
  assert.equal(pathOf(`{${body},"details":{"callerNmae":"x"}}`), 'invalid-field details.callerNmae')
  assert.equal(pathOf(`{${body.replace('"als"', '"als","capabilites":[]')}}`), 'invalid-field needs.0.capabilites')
  assert.equal(pathOf(`{${body},"priority":5}`), 'invalid-field priority')
  assert.equal(pathOf('[]'), 'invalid-field body')
})
