import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { parseCsv } from '../../src/base/csv.ts'

/** A delimiter is as good as another. */
const DELIMITERS = [',', ';', '\t']
const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`
const needsQuotes = (field: string): boolean => /[",;\t\r\n]/.test(field)

test('whatever the fields hold, what was written is what is read, with the line each row begins on', () => {
  const field = fc.string({ unit: fc.constantFrom('a', 'ü', ' ', ',', '"', '\n', '\r', ';', '\t') })
  const row = fc.array(field, { minLength: 2, maxLength: 4 })
  const lineEnd = fc.constantFrom('\n', '\r\n')
  fc.assert(
    fc.property(
      fc.array(row),
      lineEnd,
      fc.boolean(),
      fc.constantFrom(...DELIMITERS),
      (rows, end, quoteAll, delimiter) => {
        const lines = rows.map(fields => fields.map(f => (quoteAll || needsQuotes(f) ? quoted(f) : f)).join(delimiter))
        const read = parseCsv(lines.map(line => line + end).join(''), delimiter)
        assert.deepEqual(
          read.map(({ fields }) => fields),
          rows,
        )
        let line = 1
        for (const [index, written] of lines.entries()) {
          assert.equal(read[index]!.line, line)
          assert.equal(read[index]!.problem, null)
          line += written.split('\n').length
        }
      },
    ),
  )
})

test('any text at all is read to its end, or its quoting is reported', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r') })
  fc.assert(
    fc.property(text, source => {
      const read = parseCsv(source)
      const characters = read.flatMap(({ fields }) => fields).join('').length
      assert.ok(characters <= source.length)
      if (!source.includes('"'))
        assert.equal(
          read.every(({ problem }) => problem === null),
          true,
        )
    }),
  )
})

test('a quote in a plain field, text after a closing quote and a quote never closed are named', () => {
  for (const source of ['a"b,c', '"a"b,c', 'a,"b']) {
    assert.match(parseCsv(source)[0]!.problem ?? 'none', /quote/)
  }
})

test('a damaged row is named with the line on which it begins, and the rows behind it are read', () => {
  for (const damaged of ['x"y,2', '"x"y,2', '1,"x"y', '"x" ,2']) {
    const read = parseCsv(`a,b\n${damaged}\n"3\n3",4\n5,6\n`)
    assert.deepEqual(
      read.map(({ line, problem }) => [line, problem !== null]),
      [
        [1, false],
        [2, true],
        [3, false],
        [5, false],
      ],
      damaged,
    )
  }
  const [, , open] = parseCsv('a,b\n1,2\n3,"never\n5,6\n')
  assert.deepEqual([open!.line, open!.problem], [3, 'a quoted field is never closed'])
})
