/** docs/security.md and docs/asvs.md claim only what there is: every test, rule, file, setting and heading that they name. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configurationDocument } from '../../src/config/index.ts'
import { DOCUMENT } from '../protocol/document.ts'

const CHECKOUT = new URL('../../', import.meta.url)
const pageAt = (path: string): string => readFileSync(new URL(path, CHECKOUT), 'utf8')
const ASVS = pageAt('docs/asvs.md')
/** Both pages. */
const PAGE = pageAt('docs/security.md') + ASVS
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
const items = [...ASVS.matchAll(/^\| (\d+\.\d+\.\d+) (L[123]) \| (.+?) \| (.+?) \| (.+) \|$/gm)].map(
  ([, id, level, asks, verdict, evidence]) => ({
    id: id!,
    level: level!,
    asks: asks!,
    verdict: verdict!,
    evidence: evidence!,
  }),
)

/** Whether a page that quotes this, with … for what is left out at its end, means this title. */
const quotes = (quoted: string, title: string): boolean =>
  quoted.endsWith(' …') ? title.startsWith(quoted.slice(0, -2)) && title !== quoted.slice(0, -2) : title === quoted

test('every test that the pages quote is there, and no other of its file begins so', () => {
  const quoted = [...PAGE.matchAll(/"([^"]+)"\s+\(`([^`]+\.test\.ts)`\)/g)]
  assert.ok(quoted.length > 60)
  for (const [, title, file] of quoted) {
    assert.ok(FILES.includes(file!), `there is no test/${file}`)
    // A page is wrapped, and a title may be wrapped with it.
    const plain = title!.replaceAll(/\s+/g, ' ')
    const meant = titlesOf(file!).filter(each => quotes(plain, each))
    assert.equal(meant.length, 1, `"${plain}" is not one test of test/${file}: ${meant.join('; ')}`)
  }
})

test('every file of tests that a page names belongs to a quoted title', () => {
  const named = [...PAGE.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) => file!)
  const quoted = [...PAGE.matchAll(/"[^"]+"\s+\(`([^`]+\.test\.ts)`\)/g)].map(([, file]) => file!)
  assert.deepEqual(
    named.filter(file => !quoted.includes(file)),
    ['test/contract/security-doc.test.ts'],
  )
})

test('every rule that a page names is one of the protocol, which has tests for each', () => {
  const rules = new Set([...DOCUMENT.matchAll(/^- \[([A-Z]{2}-\d+)\]/gm)].map(([, rule]) => rule!))
  const named = new Set([...PAGE.matchAll(/\[([A-Z]{2}-\d+)\]/g)].map(([, rule]) => rule!))
  assert.ok(named.size > 30)
  assert.deepEqual(
    [...named].filter(rule => !rules.has(rule)),
    [],
  )
})

test('every link, source file and setting that a page names is there', () => {
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
  const rows = ASVS.split('\n').filter(line => /^\| \d+\.\d+/.test(line))
  assert.equal(items.length, rows.length, 'a row is not of the form that is read here')
  assert.equal(new Set(items.map(({ id }) => id)).size, items.length, 'an item stands twice')
  for (const { id, verdict, evidence } of items) {
    assert.ok((VERDICTS as readonly string[]).includes(verdict), `${id}: ${verdict}`)
    assert.ok(evidence.trim().length > 5, id)
  }
  const counted = VERDICTS.map(verdict => `${items.filter(item => item.verdict === verdict).length} ${verdict}`)
  assert.ok(
    ASVS.includes(`${items.length} items: ${counted.join(', ')}.`),
    `${items.length} items: ${counted.join(', ')}.`,
  )
})

test('what is met is shown by a test or a rule, or the page says why it needs none', () => {
  for (const { id, verdict, evidence } of items) {
    if (verdict !== 'met') continue
    const isShown = /\.test\.ts`\)/.test(evidence) || /\[[A-Z]{2}-\d+\]/.test(evidence)
    // What is asked for is a document, or nothing of ours is there to be tested.
    const isSaid = /\]\(security\.md#/.test(evidence) || ['4.2.2', '13.4.3'].includes(id)
    assert.ok(isShown || isSaid, `${id} is said to be met, and nothing shows it`)
  }
})
