/** The documents hang together: each is short enough to be read, and whatever file or heading one names is there. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const CHECKOUT = new URL('../../', import.meta.url)
const MAX_BYTES = 45_000
const FIRST_READ: ReadonlyMap<string, number> = new Map([
  ['./README.md', 15_000],
  ['./ARCHITECTURE.md', 15_000],
  ['./PROTOCOL.md', 10_000],
])

const pagesIn = (folder: string): string[] =>
  readdirSync(new URL(folder, CHECKOUT))
    .filter(name => name.endsWith('.md'))
    .map(name => folder + name)

/** A history and what a release had name files as they were then. */
const HISTORY = './CHANGELOG.md'
const RELEASES = 'docs/releases/'

const FOLDERS = ['./', 'docs/', 'docs/protocol/', RELEASES, 'bench/', 'packages/client/']
const DOCUMENTS = new Map(FOLDERS.flatMap(pagesIn).map(page => [page, readFileSync(new URL(page, CHECKOUT), 'utf8')]))

/** A page without its blocks of code, in which nothing is a link or a heading. */
const prose = (text: string): string => text.replaceAll(/^```[\s\S]*?^```$/gm, '')

/** The addresses of a page's headings, as GitHub makes them. */
function addressesOf(text: string): Set<string> {
  const headings = [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!)
  return new Set(
    headings.map(heading =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

test('no document is longer than 45 kB, and what everybody reads first is shorter', () => {
  assert.ok(DOCUMENTS.size >= 20)
  const long = [...DOCUMENTS].filter(([page, text]) => Buffer.byteLength(text) > (FIRST_READ.get(page) ?? MAX_BYTES))
  assert.deepEqual(
    long.map(([page]) => page),
    [],
  )
})

test('every link from one document to another leads to a file, and to a heading where it names one', () => {
  for (const [page, text] of DOCUMENTS) {
    for (const [, link] of prose(text).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', address] = link!.split('#')
      const target = new URL(path === '' ? page : path, path === '' ? CHECKOUT : new URL(page, CHECKOUT))
      assert.ok(existsSync(target), `${page} links to ${link}, which is not there`)
      if (address === undefined) continue
      assert.ok(addressesOf(readFileSync(target, 'utf8')).has(address), `${page} links to ${link}: no such heading`)
    }
  }
})

test('every path of the checkout that a document names is there', () => {
  let named = 0
  for (const [page, text] of DOCUMENTS) {
    if (page === HISTORY || page.startsWith(RELEASES)) continue
    for (const [, path] of prose(text).matchAll(/`((?:src|test|tools|bench|docs|packages)\/[\w./-]+)`/g)) {
      named++
      assert.ok(existsSync(new URL(path!, CHECKOUT)), `${page} names ${path}, which is not there`)
    }
  }
  assert.ok(named > 100)
})

test('the changelog begins with what is unreleased, then the newest release', () => {
  const [first, ...releases] = [...DOCUMENTS.get(HISTORY)!.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!)
  assert.equal(first, 'Unreleased')
  const dates = releases.map(heading => /^\d+\.\d+\.\d+ – (\d{4}-\d{2}-\d{2})$/.exec(heading)?.[1] ?? heading)
  assert.deepEqual(dates, [...dates].sort().reverse())
  const { version } = JSON.parse(readFileSync(new URL('package.json', CHECKOUT), 'utf8'))
  assert.ok(releases[0]!.startsWith(`${version} – `), `${releases[0]} is not the version of package.json, ${version}`)
})

test('the changelog tells nothing twice', () => {
  const items = DOCUMENTS.get(HISTORY)!.split(/^- /m).slice(1)
  const starts = items.map(item => item.replaceAll(/\s+/g, ' ').slice(0, 40))
  assert.equal(new Set(starts).size, starts.length)
})
