import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../../src/telemetry/log.ts'
import { lineForPeople } from '../../src/telemetry/people.ts'

function linesOf(say: (log: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = []
  say(createLogger({ level: 'trace', isForPeople: true, sink: { write: line => void lines.push(line) } }))
  return lines
}

test('a line for people has the time of day, what is said and what was noted, and a word when it is bad', () => {
  const [ready, slow] = linesOf(log => {
    log.info({ port: 9001, regions: ['sf'], took: 1.23456 }, 'ready')
    log.child({ part: 'gateway' }).warn({ reason: 'two words' }, 'slow')
  })
  assert.match(ready!, /^\d\d:\d\d:\d\d ready port=9001 regions=\["sf"\] took=1\.235\n$/)
  assert.match(slow!, /^\d\d:\d\d:\d\d warning slow part=gateway reason="two words"\n$/)
})

test('an error has its stack below', () => {
  const [line] = linesOf(log => log.error({ err: new Error('It broke.') }, 'a handler threw'))
  assert.match(line!, /^\S+ error a handler threw\n {4}Error: It broke\.\n {4} +at /)
})

test('nothing that a stranger said acts on the terminal or makes a line of its own', () => {
  const bad = 'a\u001b[2Jb\nc\u2028d'
  const [line] = linesOf(log => log.info({ name: bad }, bad))
  assert.doesNotMatch(line!.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
})

test('what is no JSON stays as it is', () => {
  for (const line of ['not json\n', '[1]\n', '\n']) assert.equal(lineForPeople(line), line)
})
