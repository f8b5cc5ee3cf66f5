/** Streets and crossings, found by what a caller says of them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AddressSearch } from '../../src/roads/address/address-search.ts'
import { LIKE_ENOUGH, NameIndex } from '../../src/roads/address/name-index.ts'
import { likeness, wordsOf } from '../../src/roads/address/street-words.ts'
import type { GivenArc } from '../../src/roads/network-builder.ts'
import { given, graphWith } from './networks.ts'

/** A street of that name, both ways along these nodes. */
const street = (name: string, ...nodes: readonly number[]): GivenArc[] =>
  nodes.slice(1).flatMap((to, index) => {
    const from = nodes[index]!
    return [given(from, to, { name }), given(to, from, { name })]
  })

/**
 * Market runs from west to east, 3rd and Mission cross it, and Straße des 17. Juni goes off at its end; a second Mission lies far
 * away. A place in grains of some 10 m.
 */
const PLACES = [
  [0, 0],
  [20, 0],
  [40, 0],
  [20, 20],
  [40, 20],
  [60, 0],
  [40, 900],
  [60, 900],
] as const
const search = new AddressSearch(
  graphWith(PLACES, [
    ...street('MARKET ST', 0, 1, 2),
    ...street('03RD ST', 1, 3),
    ...street('Mission St', 2, 4),
    ...street('Straße des 17. Juni', 2, 5),
    ...street('', 4, 6),
    ...street('Mission St', 6, 7),
  ]),
)
const at = (node: number) => ({ lonDeg: 10 + PLACES[node]![0] * 1e-4, latDeg: 50 + PLACES[node]![1] * 1e-4 })

/** The first answer: what, names, and whether it is at one of these nodes. */
function first(text: string) {
  const [found] = search.search(text, 5)
  if (found === undefined) return null
  const { kind, names, confidence } = found
  return [kind, names.join(' / '), Math.round(confidence * 100)]
}

describe('a caller who names two streets', () => {
  test('means their crossing, whatever stands between the names and however they are written', () => {
    for (const text of [
      'Market St / 3rd St',
      'market street & 3rd street',
      'MARKET ST and 03rd st',
      'market st x 3rd st',
    ]) {
      assert.deepEqual(first(text), ['crossing', 'MARKET ST / 03RD ST', 100], text)
      const { lonDeg, latDeg } = search.search(text, 1)[0]!
      assert.deepEqual({ lonDeg, latDeg }, at(1))
    }
  })

  test('is understood without the kind of street, a little less surely', () => {
    assert.deepEqual(first('corner of market and mission'), ['crossing', 'MARKET ST / Mission St', 90])
  })

  test('that do not cross is told the streets, less surely', () => {
    const apart = search.search('3rd st and mission st', 9)
    assert.deepEqual(new Set(apart.flatMap(({ names }) => names)), new Set(['03RD ST', 'Mission St']))
    for (const { kind, confidence } of apart) assert.ok(kind === 'street' && confidence < 0.4)
    const found = search.search('3rd st', 5)
    assert.deepEqual(
      found.map(({ kind, names, confidence }) => [kind, names[0], confidence]),
      [['street', '03RD ST', 0.6]],
    )
  })
})

describe('a caller who names one street', () => {
  test('gets a place on it with a radius that has all of it, and each of two streets of that name', () => {
    const found = search.search('mission street', 5)
    assert.deepEqual(
      found.map(({ kind, names }) => [kind, names[0]]),
      [
        ['street', 'Mission St'],
        ['street', 'Mission St'],
      ],
    )
    for (const { radiusM } of found) assert.ok(radiusM > 100 && radiusM < 300, `${radiusM}`)
    assert.ok(Math.abs(found[0]!.latDeg - found[1]!.latDeg) > 0.05)
  })

  test('is understood with a number of a house, a slip of a finger, and marks left out', () => {
    for (const text of ['12 Market St', '12-14a, market st', 'Market St 12'])
      assert.equal(first(text)?.[1], 'MARKET ST', text)
    assert.equal(first('markt st')?.[1], 'MARKET ST')
    assert.equal(first('strasse des 17 juni')?.[1], 'Straße des 17. Juni')
    assert.deepEqual(first('marke'), ['street', 'MARKET ST', Math.round(60 * (0.6 + (0.25 * 5) / 13))])
  })

  test('of which there is nothing like it gets no answer', () => {
    for (const text of ['', '   ', '/', 'Unter den Linden', '12', '&&&', 'x'.repeat(5_000)])
      assert.equal(first(text), null, text)
  })
})

test('there are as many answers as are asked for, the surest first', () => {
  const all = search.search('market and mission', 50)
  assert.deepEqual(
    all.map(({ confidence }) => confidence),
    all.map(({ confidence }) => confidence).toSorted((a, b) => b - a),
  )
  assert.deepEqual(search.search('market and mission', 1), all.slice(0, 1))
})

describe('how well a name fits', () => {
  const like = (typed: string, name: string) => likeness(wordsOf(typed), wordsOf(name))
  test('is one for the same words, less without the kind of street, and little for other names', () => {
    assert.equal(like('Ave. of the Americas', 'AVENUE OF THE AMERICAS'), 1)
    assert.equal(like('valencia', 'VALENCIA ST'), 0.9)
    assert.equal(like('valencia ave', 'VALENCIA ST'), 0.75)
    assert.ok(like('valenca st', 'VALENCIA ST') > 0.7)
    assert.ok(like('castro st', 'VALENCIA ST') < 0.5)
    assert.equal(like('Hauptstr.', 'Hauptstraße'), 1)
  })
})

test('the index finds every name that is like enough, as a look at all names does', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'street',
      'st',
      'road',
      'rd',
      'ave',
      'market',
      'markt',
      'marker',
      'mission',
      'missie',
      '3rd',
      '03rd',
      'aa',
      'aaa',
    ),
    fc.stringMatching(/^[a-c]{1,6}$/),
  )
  const name = fc.array(word, { minLength: 1, maxLength: 4 }).map(words => wordsOf(words.join(' ')))
  fc.assert(
    fc.property(fc.array(name, { maxLength: 30 }), fc.array(name, { minLength: 1, maxLength: 5 }), (names, asked) => {
      const words = [[], ...names]
      const index = new NameIndex(words)
      for (const typed of [...asked, ...names.slice(0, 3)]) {
        const found = index.like(typed).sort((a, b) => a.number - b.number)
        const all = words
          .map((each, number) => ({ number, likeness: likeness(typed, each) }))
          .filter(each => each.number > 0 && each.likeness >= LIKE_ENOUGH)
        assert.deepEqual(found, all)
      }
    }),
    { numRuns: 300 },
  )
})
