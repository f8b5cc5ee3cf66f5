/** The page at `/`: it tells a person what the probes tell programs, and runs nothing. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { startGateway } from '../../../src/gateway/gateway.ts'
import { closedDoors, READY } from '../harness.ts'

async function home(t: { after(end: () => unknown): void }, options: Partial<ReturnType<typeof closedDoors>> = {}) {
  const gateway = await startGateway({ ...closedDoors(), ...options })
  t.after(() => gateway.close())
  const response = await fetch(`http://127.0.0.1:${gateway.port}/`)
  return { response, html: await response.text() }
}

test('whoever opens the address in a browser reads what this is, that it is ready, and where to go', async t => {
  const { response, html } = await home(t)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
  for (const word of [
    '<title>Goldenhour</title>',
    '<strong>ready</strong>',
    '/readyz',
    '/metrics',
    '/v1/openapi.json',
    'PROTOCOL.md',
  ]) {
    assert.ok(html.includes(word), word)
  }
  assert.ok(!html.includes('http-equiv'), 'a page that is ready stays as it is')
})

test('until it is ready the page says how things are, and looks again', async t => {
  for (const [status, words] of [
    ['starting', 'is <strong>starting</strong>'],
    ['recovering', 'is <strong>recovering</strong>'],
    ['standby', '<strong>stands by</strong>'],
    ['draining', 'is <strong>stopping</strong>'],
  ] as const) {
    const { html } = await home(t, { readiness: () => ({ ...READY, status }) })
    assert.ok(html.includes(words), status)
    assert.match(html, /<meta http-equiv="refresh" content="\d">/)
  }
  const { html } = await home(t, { store: () => ({ status: 'away', awayMs: 5, isRestarting: false }) })
  assert.match(html, /<strong>database is away<\/strong>/)
})

test('the page may run and load nothing, and its style is named by its hash', async t => {
  const { response, html } = await home(t)
  const [, style] = /<style>(.*)<\/style>/s.exec(html)!
  const hash = createHash('sha256').update(style!).digest('base64')
  assert.equal(
    response.headers.get('content-security-policy'),
    `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'`,
  )
  assert.ok(!/<script|<img|<link| style=/.test(html))
})
