/** Every numbered rule of PROTOCOL.md has a test whose title begins with its id. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DOCUMENT } from '../../protocol/document.ts'

const TESTS = new URL('../../', import.meta.url)

/** Rules that no test can show, each with the reason. */
const EXEMPT: Readonly<Record<string, string>> = {
  'VN-1': 'it promises what later versions will not do',
}

/** The rules that titles of tests begin with, each with the files it was found in. */
function rulesTested(): Map<string, Set<string>> {
  const tested = new Map<string, Set<string>>()
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.ts'))
  for (const name of files) {
    const code = readFileSync(new URL(name, TESTS), 'utf8')
    for (const rule of titlesOf(code).flatMap(leadingRules)) {
      tested.set(rule, (tested.get(rule) ?? new Set()).add(name))
    }
  }
  return tested
}

const titlesOf = (code: string): string[] =>
  [...code.matchAll(/^\s*test\(\s*(['"`])(.*?)\1,/gm)].map(match => match[2]!)

const leadingRules = (title: string): string[] =>
  [...(/^(?:\[[A-Z]{2}-\d+\] )+/.exec(title)?.[0] ?? '').matchAll(/[A-Z]{2}-\d+/g)].map(([rule]) => rule)

const rules = [...DOCUMENT.matchAll(/^- \[([A-Z]{2}-\d+)\]/gm)].map(match => match[1]!)

test('every rule of PROTOCOL.md has a test, but those that no test can show', () => {
  const tested = rulesTested()
  assert.deepEqual(
    rules.filter(rule => !tested.has(rule)),
    Object.keys(EXEMPT),
  )
})

test('no title names a rule that PROTOCOL.md does not have', () => {
  const unknown = [...rulesTested()].filter(([rule]) => !rules.includes(rule))
  assert.deepEqual(
    unknown.map(([rule, files]) => `${rule} in ${[...files].join(', ')}`),
    [],
  )
})

test('a title counts by the ids that it begins with, in whatever quotes', () => {
  const code = [
    "test('[AA-1] [AA-2] one', () => {",
    '  test(`[AA-3] two`, async t => {',
    'test("[AA-4] it\'s three", () => {',
    "test('a rule [AA-5] in the middle', () => {",
    "assert.equal(x, '[AA-6] no title')",
  ]
  assert.deepEqual(titlesOf(code.join('\n')).flatMap(leadingRules), ['AA-1', 'AA-2', 'AA-3', 'AA-4'])
})
