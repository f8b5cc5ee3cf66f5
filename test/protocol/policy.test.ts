/** What a policy may be: ranges, defaults, numbers that go together, and names that nobody knows. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_POLICY, type Policy, policyEntries } from '../../src/domain/policy.ts'
import { parseJson } from '../../src/protocol/parse.ts'
import { POLICY, POLICY_SHOWN } from '../../src/protocol/policy.ts'
import { POLICY_RANGES } from '../../src/protocol/policy-ranges.ts'

/** The policy that a text makes, or what is wrong with it: the field that is named, and what it must be. */
function read(given: unknown): Policy | readonly [path: unknown, problem: string] {
  const result = parseJson(Buffer.from(typeof given === 'string' ? given : JSON.stringify(given)), POLICY)
  if (result.ok) return result.value
  const { details, message } = result.refusal
  return [details?.path, message.replace(/^`[^`]*` /, '').replace('; correct it and send the message again.', '')]
}
const refused = (given: unknown): unknown => {
  const answer = read(given)
  return Array.isArray(answer) ? answer[0] : 'taken'
}

/** One number of the default policy set to another value. */
function withNumber(name: string, value: unknown): Record<string, unknown> {
  const [group, part] = name.split('.') as [keyof Policy, string | undefined]
  return { [group]: part === undefined ? value : { ...(DEFAULT_POLICY[group] as object), [part]: value } }
}
const NUMBERS = policyEntries(DEFAULT_POLICY).filter(([, value]) => typeof value === 'number')
const rangeOf = (name: string) => POLICY_RANGES[name.split('.')[0] as keyof typeof POLICY_RANGES]

test('nothing given is the default policy, which is in its own ranges', () => {
  assert.deepEqual(read({}), DEFAULT_POLICY)
  assert.deepEqual(read(DEFAULT_POLICY), DEFAULT_POLICY)
  for (const [name, value] of NUMBERS) {
    const [from, to] = rangeOf(name)
    assert.ok(from <= Number(value) && Number(value) <= to, name)
  }
})

test('what is left out has its default, a part of a group, too', () => {
  assert.deepEqual(read({ mode: 'offered', offerTimeoutMs: { 3: 20_000 }, cadenceMs: { parked: 60_000 } }), {
    ...DEFAULT_POLICY,
    mode: 'offered',
    offerTimeoutMs: { ...DEFAULT_POLICY.offerTimeoutMs, 3: 20_000 },
    cadenceMs: { ...DEFAULT_POLICY.cadenceMs, parked: 60_000 },
  })
})

test('what is not known is refused by its name', () => {
  assert.deepEqual(read({ orderWarnS: 20 }), ['orderWarnS', 'is no key of this body'])
  assert.deepEqual(read({ offerTimeoutMs: { 6: 20_000 } }), ['offerTimeoutMs.6', 'is no key of this body'])
  assert.deepEqual(read({ cadenceMs: { driving: 20_000 } }), ['cadenceMs.driving', 'is no key of this body'])
  assert.equal(refused('{"roundPauseMs": 20000, "roundPauseMs": 30000}'), 'roundPauseMs')
})

describe('each number', () => {
  for (const [name] of NUMBERS) {
    test(`${name} is refused by its name below and beyond its range, and where it is no whole number`, () => {
      const [from, to] = rangeOf(name)
      for (const bad of [from - 1, to + 1, from + 0.5, String(from), null, -from - 1, [from]]) {
        assert.equal(refused(withNumber(name, bad)), name, JSON.stringify(bad))
      }
    })
  }
})

test('a mode is one of those there are', () => {
  assert.deepEqual(read({ mode: 'asked' }), ['mode', 'must be one of ordered, offered'])
})

describe('numbers go together', () => {
  const told = (given: unknown) => {
    const answer = read(given)
    return Array.isArray(answer) ? answer.join(' ') : 'taken'
  }

  test('an order is warned of before it ends', () => {
    assert.equal(
      told({ orderWarnMs: { 3: 45_000 } }),
      'orderTimeoutMs.3 must be more than orderWarnMs.3, which is 45000',
    )
    assert.equal(told({ orderWarnMs: { 3: 44_999 } }), 'taken')
  })

  test('a unit that reports as often as it is asked is not stale between two reports', () => {
    assert.equal(
      told({ cadenceMs: { moving: 45_000 } }),
      'staleAfterMs.moving must be more than cadenceMs.moving, which is 45000',
    )
    assert.equal(told({ cadenceMs: { moving: 45_000 }, staleAfterMs: { moving: 45_001 } }), 'taken')
  })

  test('a position is stale before it is lost', () => {
    assert.equal(told({ lostAfterMs: 90_000 }), 'lostAfterMs must be more than staleAfterMs.parked, which is 90000')
    assert.equal(told({ lostAfterMs: 90_001 }), 'taken')
  })
})

test('whatever is taken is shown as it was given, and taken again', () => {
  const number = (name: keyof typeof POLICY_RANGES) => {
    const [min, max] = POLICY_RANGES[name]
    return fc.integer({ min, max })
  }
  const group = (name: 'offerTimeoutMs' | 'cadenceMs' | 'staleAfterMs') =>
    fc.record(Object.fromEntries(Object.keys(DEFAULT_POLICY[name]).map(part => [part, number(name)])), {
      requiredKeys: [],
    })
  const single = Object.keys(POLICY_RANGES).filter(name => typeof DEFAULT_POLICY[name as keyof Policy] === 'number')
  const given = fc.record(
    {
      mode: fc.constantFrom('ordered', 'offered'),
      ...Object.fromEntries(single.map(name => [name, number(name as keyof typeof POLICY_RANGES)])),
      offerTimeoutMs: group('offerTimeoutMs'),
      cadenceMs: group('cadenceMs'),
      staleAfterMs: group('staleAfterMs'),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(given, policy => {
      const taken = POLICY.safeParse(policy)
      if (!taken.success) return
      assert.deepEqual(POLICY_SHOWN.parse(taken.data), taken.data)
      assert.deepEqual(POLICY.parse(taken.data), taken.data)
      assert.deepEqual({ ...taken.data, ...policy, ...groupsOf(taken.data) }, taken.data)
    }),
  )
})

const groupsOf = ({ offerTimeoutMs, cadenceMs, staleAfterMs }: Policy) => ({ offerTimeoutMs, cadenceMs, staleAfterMs })
