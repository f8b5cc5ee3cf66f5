/** `GET /`: the dispatcher's console; where it was not built, a page that says what this is. `GET /driver`: the crew's page. */
import { createHash } from 'node:crypto'
import type { Readiness } from '../../actors/region-handle.ts'
import { type HttpCall, type HttpReply, problem } from '../http.ts'
import { open, type Route } from '../route.ts'
import type { StoreView } from '../store-view.ts'
import { pageReply, type WebPorts } from './web.ts'

export interface HomePorts extends WebPorts {
  readonly readiness: () => Readiness
  /** Whether the database answers. */
  readonly store: () => StoreView
}

export const HOME_ROUTES: readonly Route<HomePorts>[] = [
  open({
    method: 'get',
    pattern: '/',
    rate: 'none',
    summary: "The dispatcher's console; where it was not built, a page that says what this is and whether it is ready",
    header: 'If-None-Match',
    reply: { 200: 'text/html' },
    handle: getHome,
  }),
  open({
    method: 'get',
    pattern: '/driver',
    rate: 'none',
    summary: "The crew's page, for a phone",
    header: 'If-None-Match',
    reply: { 200: 'text/html' },
    refusals: ['not-found'],
    handle: (ports, asked) => builtPage(ports, asked, 'driver.html'),
  }),
  open({
    method: 'get',
    pattern: '/driver-worker.js',
    rate: 'none',
    summary:
      "What keeps the crew's page on a phone: a service worker, which may only serve what lies at or below its own place",
    header: 'If-None-Match',
    reply: { 200: 'text/javascript' },
    refusals: ['not-found'],
    handle: (ports, asked) => builtPage(ports, asked, 'driver-worker.js'),
  }),
  open({
    method: 'get',
    pattern: '/console-worker.js',
    rate: 'none',
    summary: 'What keeps the console itself in a browser: a service worker, for where there is no engine',
    header: 'If-None-Match',
    reply: { 200: 'text/javascript' },
    refusals: ['not-found'],
    handle: (ports, asked) => builtPage(ports, asked, 'console-worker.js'),
  }),
]

const STYLE = `
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 }
code { font-size: 0.95em }
li { margin: 0.5rem 0 }
`
/** The page runs nothing and loads nothing; its one style is named by its hash. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'`
/** Until it is ready the page looks again by itself. */
const LOOK_AGAIN_S = 2

/** What each state of a start means to somebody who waits for it. */
const STATES = {
  ready: 'This engine is <strong>ready</strong>.',
  starting: 'This engine is <strong>starting</strong>.',
  standby: 'This engine <strong>stands by</strong>: another one has the regions.',
  recovering: 'This engine is <strong>recovering</strong> its regions.',
  draining: 'This engine is <strong>stopping</strong>.',
} as const
const DATABASE_AWAY = 'This engine is up, and its <strong>database is away</strong>.'

/** Who asks tells nothing of itself, so the page tells no more than the probes do. */
function getHome({ readiness, store, pages, mapBackground }: HomePorts, call: HttpCall): HttpReply {
  const console = pages?.get('index.html')
  if (console !== undefined) return pageReply(console, mapBackground, call)
  const isAway = store().status !== 'up'
  const { status } = readiness()
  const isReady = !isAway && status === 'ready'
  const state = isAway ? DATABASE_AWAY : STATES[status]
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body: page(state, isReady),
    headers: { 'Content-Security-Policy': POLICY },
  }
}

function builtPage({ pages, mapBackground }: WebPorts, call: HttpCall, name: string): HttpReply {
  const file = pages?.get(name)
  if (file !== undefined) return pageReply(file, mapBackground, call)
  const message = 'The pages were not built here: in the checkout, npm ci and npm run build:console build them.'
  return problem({ code: 'not-found', message })
}

const page = (state: string, isReady: boolean): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${isReady ? '' : `<meta http-equiv="refresh" content="${LOOK_AGAIN_S}">\n`}<title>Goldenhour</title>
<style>${STYLE}</style>
<h1>Goldenhour</h1>
<p>Real-time ambulance coordination. ${state}</p>
<p>The dispatcher's console was not built here: in the checkout, <code>npm ci &amp;&amp; npm run build:console</code> builds it.</p>
<ul>
<li><a href="/readyz"><code>/readyz</code></a> tells whether it serves, and how far a start is;
<a href="/healthz"><code>/healthz</code></a> whether the process runs.</li>
<li><a href="/metrics"><code>/metrics</code></a> is for Prometheus, on this machine and where the operator allows it.</li>
<li>Drivers, dispatchers and feeds connect to <code>/v1/ws</code>; the pages that tell how come with the program:
<code>README.md</code> for a tour, <code>PROTOCOL.md</code> for every message and route, <code>OPERATIONS.md</code> for
whoever runs it.</li>
<li><a href="/v1/openapi.json"><code>/v1/openapi.json</code></a> describes every route for programs (OpenAPI 3.1).</li>
</ul>
</html>
`
