/** The files of the web pages: an exact table, compressed as the client takes it, kept as long as its name stands. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { startGateway } from '../../../src/gateway/gateway.ts'
import { type MapBackground, packedFor, pagesIn, WebFiles } from '../../../src/gateway/web-files.ts'
import { createLogger } from '../../../src/telemetry/log.ts'
import { closedDoors } from '../harness.ts'

const PAGE = '<!doctype html><title>A console</title>'
const SCRIPT = `console.log(${JSON.stringify('x'.repeat(2_000))})`

async function built(t: TestContext): Promise<URL> {
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-pages-'))
  t.after(() => rm(dir, { recursive: true }))
  const list: Record<string, object> = {}
  for (const [name, contentType, text] of [
    ['index.html', 'text/html; charset=utf-8', PAGE],
    ['app-ABCDEFGH.js', 'text/javascript; charset=utf-8', SCRIPT],
    ['licenses.txt', 'text/plain; charset=utf-8', 'MIT'],
  ] as const) {
    await writeFile(path.join(dir, name), text)
    await writeFile(path.join(dir, `${name}.br`), brotliCompressSync(text))
    await writeFile(path.join(dir, `${name}.gz`), gzipSync(text))
    list[name] = { contentType, etag: `"${name}-1"`, codings: ['br', 'gzip'] }
  }
  await writeFile(path.join(dir, 'files.json'), JSON.stringify(list))
  // Beside the list, so nobody is served it.
  await writeFile(path.join(dir, 'secret.js'), 'not listed')
  return pathToFileURL(`${dir}/`)
}

async function serving(t: TestContext, mapBackground: MapBackground | null = null) {
  const gateway = await startGateway({ ...closedDoors(), pages: WebFiles.read(await built(t)), mapBackground })
  t.after(() => gateway.close())
  /** Not `fetch`, which would unpack what it gets and tidy up the path. */
  return (asked: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number; headers: Record<string, string | undefined>; body: Buffer }>((resolve, reject) => {
      const to = { host: '127.0.0.1', port: gateway.port, path: asked, headers, agent: false as const }
      const request = get(to, answer => {
        const chunks: Buffer[] = []
        answer.on('data', chunk => chunks.push(chunk))
        answer.on('end', () => {
          resolve({ status: answer.statusCode!, headers: answer.headers as never, body: Buffer.concat(chunks) })
        })
      })
      request.on('error', reject)
    })
}

test('the page is asked for each time and sent once; a file whose name has its hash is kept for ever', async t => {
  const ask = await serving(t)
  const page = await ask('/')
  assert.deepEqual([page.status, page.body.toString()], [200, PAGE])
  assert.equal(page.headers['cache-control'], 'no-cache')
  const again = await ask('/', { 'if-none-match': page.headers.etag! })
  assert.deepEqual([again.status, again.body.length], [304, 0])
  const script = await ask('/assets/app-ABCDEFGH.js')
  assert.deepEqual([script.status, script.body.toString()], [200, SCRIPT])
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal((await ask('/assets/licenses.txt')).headers['cache-control'], 'no-cache')
})

test('a page may ask the owner of the pictures under its map for these, and nobody else, nor any where none are configured', async t => {
  const policyOf = async (background: MapBackground | null, path: string) =>
    (await (await serving(t, background))(path)).headers['content-security-policy']!
  const background = { tiles: 'https://tiles.example.org:8443/{z}/{x}/{y}.png?key=1', attribution: '© somebody' }
  for (const path of ['/', '/assets/app-ABCDEFGH.js']) {
    assert.doesNotMatch(await policyOf(null, path), /https?:/)
    const policy = await policyOf(background, path)
    assert.match(
      policy,
      /img-src 'self' https:\/\/tiles\.example\.org:8443; connect-src 'self' https:\/\/tiles\.example\.org:8443;/,
    )
    assert.match(policy, /script-src 'self';/)
  }
})

test('a client gets the coding that it takes, the smaller one first', async t => {
  const ask = await serving(t)
  const of = async (taken: string) => {
    const { headers, body } = await ask('/assets/app-ABCDEFGH.js', { 'accept-encoding': taken })
    assert.match(headers.vary!, /Accept-Encoding/)
    assert.equal(Number(headers['content-length']), body.length)
    return [headers['content-encoding'], body] as const
  }
  const [br, packed] = await of('gzip, deflate, br')
  assert.deepEqual([br, brotliDecompressSync(packed).toString()], ['br', SCRIPT])
  const [gzip, zipped] = await of('gzip;q=1.0, br;q=0')
  assert.deepEqual([gzip, gunzipSync(zipped).toString()], ['gzip', SCRIPT])
  assert.equal((await of('identity'))[0], undefined)
  const plain = { plain: Buffer.from('a'), packed: new Map() }
  assert.equal(packedFor(plain, 'br, gzip').coding, null)
})

test('what is not in the table is not there, whatever path is tried', async t => {
  const ask = await serving(t)
  for (const tried of [
    '/assets/secret.js',
    '/assets/files.json',
    '/assets/app-ABCDEFGH.js.br',
    '/assets/../index.html',
    '/assets/..%2findex.html',
    '/assets/..%2f..%2f..%2fetc%2fpasswd',
    '/assets/%00',
    '/assets/__proto__',
    '/assets/constructor',
    '/assets/',
    '/index.html',
  ]) {
    const { status, body } = await ask(tried)
    assert.equal(status, 404, tried)
    assert.equal(JSON.parse(body.toString()).code, 'not-found', tried)
  }
})

test('a page may run what comes with it and speak to its engine, and nothing else; nobody may frame it', async t => {
  const ask = await serving(t)
  for (const asked of ['/', '/assets/app-ABCDEFGH.js']) {
    const { headers } = await ask(asked)
    const policy = new Map(
      headers['content-security-policy']!.split('; ').map(each => {
        const [name, ...sources] = each.split(' ')
        return [name, sources.join(' ')]
      }),
    )
    assert.deepEqual(
      ['default-src', 'script-src', 'connect-src', 'frame-ancestors', 'base-uri', 'form-action'].map(name =>
        policy.get(name),
      ),
      ["'none'", "'self'", "'self'", "'none'", "'none'", "'none'"],
    )
    assert.ok(![...policy.values()].some(sources => /unsafe|https?:|\*/.test(sources)))
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
  }
})

test('without pages the address says what this is', async t => {
  assert.equal(WebFiles.read(new URL('file:///nonexistent/')), null)
  const broken = await built(t)
  await rm(new URL('licenses.txt.gz', broken))
  assert.throws(() => WebFiles.read(broken), /licenses/)
  assert.equal(pagesIn(broken, createLogger({ level: 'silent' })), null, 'an engine starts all the same')
  const gateway = await startGateway(closedDoors())
  t.after(() => gateway.close())
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/`)
  assert.match(await answer.text(), /console was not built/)
})
