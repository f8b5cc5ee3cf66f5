/** docs/simulation.md lists the judge's rules and the broken variants as they are. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { VARIANTS } from './broken/variants.ts'
import { RULES } from './judge/rules.ts'

const PAGE = readFileSync(new URL('../../docs/simulation.md', import.meta.url), 'utf8')

/** The rows of the table under a heading, without its head: the cells, less their marks of code. */
function rowsUnder(heading: string): string[][] {
  const from = PAGE.indexOf(`\n## ${heading}\n`)
  assert.ok(from >= 0, `the page has no heading ${heading}`)
  const lines = PAGE.slice(from + 1).split('\n')
  const end = lines.findIndex((line, i) => i > 0 && line.startsWith('## '))
  const table = lines.slice(0, end < 0 ? undefined : end).filter(line => line.startsWith('|'))
  return table.slice(2).map(row => row.split(' | ').map(cell => cell.replace(/^\| | \|$/g, '').trim()))
}

const code = (text: string): string => `\`${text}\``

test('the page has every rule of the judge, as it is told, and no other', () => {
  const rules = Object.entries(RULES).map(([name, says]) => [code(name), says])
  assert.deepEqual(rowsUnder('The rules of the judge'), rules)
})

test('the page has every broken variant and its mistake, found by a rule that there is', () => {
  const rows = rowsUnder('Would it find a mistake?')
  assert.deepEqual(
    rows.map(([name, breaks]) => [name, breaks]),
    VARIANTS.map(({ name, breaks }) => [code(name), breaks]),
  )
  for (const [name, , rule, runs] of rows) {
    assert.ok(Object.keys(RULES).map(code).includes(rule!), `${name} is found by ${rule}`)
    assert.match(runs!, /^[1-9]\d*$/)
  }
})
