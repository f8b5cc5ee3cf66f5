/** docs/security.md claims only what there is: every test, rule, file, setting and heading that it names exists. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configurationDocument } from '../../src/config/index.ts'
import { DOCUMENT } from '../protocol/document.ts'

const CHECKOUT = new URL('../../', import.meta.url)
const PAGE = readFileSync(new URL('docs/security.md', CHECKOUT), 'utf8')
const FILES = readdirSync(new URL('test/', CHECKOUT), { recursive: true, encoding: 'utf8' })

const VERDICTS = ['met', 'partly', 'not met', 'n/a'] as const

const MIGRATIONS = new URL('src/store/migrations/', CHECKOUT)
const TABLES = new Set(
  readdirSync(MIGRATIONS).flatMap(file =>
    [...readFileSync(new URL(file, MIGRATIONS), 'utf8').matchAll(/CREATE TABLE ([a-z_.]+)/g)].map(([, name]) => name!),
  ),
)

/** The titles of a test file, with … for what varies. */
function titlesOf(file: string): string[] {
  const code = readFileSync(new URL(`test/${file}`, CHECKOUT), 'utf8')
  return [...code.matchAll(/^\s*test\(\s*(['"`])(.*?)\1,/gm)].map(([, quote, title]) =>
    quote === '`' ? title!.replaceAll(/\$\{[^}]*\}/g, '…') : title!,
  )
}

/** The rows of the tables of the ASVS: item, what it asks for, verdict, evidence. */
const items = [...PAGE.matchAll(/^\| (\d+\.\d+\.\d+) (L[123]) \| (.+?) \| (.+?) \| (.+) \|$/gm)].map(
  ([, id, level, asks, verdict, evidence]) => ({
    id: id!,
    level: level!,
    asks: asks!,
    verdict: verdict!,
    evidence: evidence!,
  }),
)

test('every test that the page quotes is there, under its very title', () => {
  const quoted = [...PAGE.matchAll(/"([^"]+)"\s+\(`([^`]+\.test\.ts)`\)/g)]
  assert.ok(quoted.length > 60)
  for (const [, title, file] of quoted) {
    assert.ok(FILES.includes(file!), `there is no test/${file}`)
    // The page is wrapped, and a title may be wrapped with it.
    const plain = title!.replaceAll(/\s+/g, ' ')
    assert.ok(titlesOf(file!).includes(plain), `test/${file} has no test "${plain}"`)
  }
})

test('every file of tests that the page names belongs to a quoted title', () => {
  const named = [...PAGE.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) => file!)
  const quoted = [...PAGE.matchAll(/"[^"]+"\s+\(`([^`]+\.test\.ts)`\)/g)].map(([, file]) => file!)
  assert.deepEqual(
    named.filter(file => !quoted.includes(file)),
    ['test/contract/security-doc.test.ts'],
  )
})

test('every rule that the page names is one of PROTOCOL.md, which has tests for each', () => {
  const rules = new Set([...DOCUMENT.matchAll(/^- \[([A-Z]{2}-\d+)\]/gm)].map(([, rule]) => rule!))
  const named = new Set([...PAGE.matchAll(/\[([A-Z]{2}-\d+)\]/g)].map(([, rule]) => rule!))
  assert.ok(named.size > 30)
  assert.deepEqual(
    [...named].filter(rule => !rules.has(rule)),
    [],
  )
})

test('every link, source file and setting that the page names is there', () => {
  const headings = new Set(
    [...PAGE.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
  for (const [, anchor] of PAGE.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(headings.has(anchor!), `no heading #${anchor}`)
  for (const [, path] of PAGE.matchAll(/\]\((\.\.\/[^)]+)\)/g)) {
    assert.ok(existsSync(new URL(path!, new URL('docs/', CHECKOUT))), path)
  }
  for (const [, path] of PAGE.matchAll(/`((?:src|docs)\/[^`]+)`/g))
    assert.ok(existsSync(new URL(path!, CHECKOUT)), path)
  const settings = configurationDocument()
  for (const [, name] of PAGE.matchAll(/`((?:auth|limits|log)\.\w+|metricsFrom|GOLDENHOUR_\w+)`/g)) {
    assert.ok(settings.includes(`\`${name}\``) || TABLES.has(name!), `${name} is neither setting nor table`)
  }
})

test('every item of the ASVS has one verdict with its reason, and the counts are those of the tables', () => {
  const rows = PAGE.split('\n').filter(line => /^\| \d+\.\d+/.test(line))
  assert.equal(items.length, rows.length, 'a row is not of the form that is read here')
  assert.equal(new Set(items.map(({ id }) => id)).size, items.length, 'an item stands twice')
  for (const { id, verdict, evidence } of items) {
    assert.ok((VERDICTS as readonly string[]).includes(verdict), `${id}: ${verdict}`)
    assert.ok(evidence.trim().length > 5, id)
  }
  const counted = VERDICTS.map(verdict => `${items.filter(item => item.verdict === verdict).length} ${verdict}`)
  assert.ok(
    PAGE.includes(`${items.length} items: ${counted.join(', ')}.`),
    `${items.length} items: ${counted.join(', ')}.`,
  )
})

test('what is met is shown by a test or a rule, or the page says why it needs none', () => {
  for (const { id, verdict, evidence } of items) {
    if (verdict !== 'met') continue
    const isShown = /\.test\.ts`\)/.test(evidence) || /\[[A-Z]{2}-\d+\]/.test(evidence)
    // What is asked for is a document, or nothing of ours is there to be tested.
    const isSaid = /\]\(#/.test(evidence) || ['4.2.2', '13.4.3'].includes(id)
    assert.ok(isShown || isSaid, `${id} is said to be met, and nothing shows it`)
  }
})
