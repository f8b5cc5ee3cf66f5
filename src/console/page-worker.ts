/**
 * Keeps a page itself for where there is no engine: the page at this worker's place and the files that it comes with, nothing else.
 * What the engine answers, and so all that is of patients, goes past it.
 */

/** What a worker has beside what a page has. */
interface LifeEvent extends Event {
  waitUntil(done: Promise<unknown>): void
}
interface RequestEvent extends LifeEvent {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
type Worker = typeof globalThis & {
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  readonly registration: { readonly scope: string }
}

const worker = globalThis as Worker
/** `/driver` of the crew's page, `/` of the console. */
const PAGE = new URL(worker.registration.scope).pathname
const CACHE = PAGE === '/driver' ? 'goldenhour-crew-page' : 'goldenhour-console'
/** Answers vary by coding alone, and a file is kept unpacked. */
const KEPT = { cacheName: CACHE, ignoreVary: true } as const
/** A connection that is hardly one must not keep a crew from its page. */
const PATIENCE_MS = 4_000

/** The files that a page names by what is in them; the manifest is none of these, and is asked for when a phone installs the page. */
const namedIn = (html: string): string[] => [...new Set(html.match(/\/assets\/[\w-]+-[A-Z0-9]{8}\.\w+/g) ?? [])]

/** The parts that a script loads, which lie beside it. */
const partsIn = (script: string): string[] =>
  [...new Set(script.match(/part-[A-Z0-9]{8}\.js/g) ?? [])].map(name => `/assets/${name}`)

/** Keeps what is not kept yet of a page's files. Output: all of them. */
async function keepFiles(cache: Cache, html: string): Promise<readonly string[]> {
  const files = namedIn(html)
  for (const file of files) {
    if ((await cache.match(file, KEPT)) === undefined) await cache.add(file)
    const script = file.endsWith('.js') ? await cache.match(file, KEPT) : undefined
    // The list grows as it is read.
    for (const more of partsIn((await script?.text()) ?? '')) if (!files.includes(more)) files.push(more)
  }
  return files
}

/** Keeps a page with all that it names, and forgets what only a former one did. Only a whole one replaces the former. */
async function keep(page: Response): Promise<void> {
  const cache = await caches.open(CACHE)
  const files = await keepFiles(cache, await page.clone().text())
  await cache.put(PAGE, page)
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url)
    if (pathname !== PAGE && !files.includes(pathname)) await cache.delete(url)
  }
}

async function fetched(): Promise<Response> {
  const answer = await fetch(PAGE, { signal: AbortSignal.timeout(PATIENCE_MS), cache: 'no-cache' })
  if (!answer.ok) throw new Error(`The page was answered ${answer.status}.`)
  return answer
}

async function pageFor(event: RequestEvent): Promise<Response> {
  try {
    const answer = await fetched()
    event.waitUntil(keep(answer.clone()).catch(() => undefined))
    return answer
  } catch (error) {
    const kept = await caches.match(PAGE, KEPT)
    if (kept === undefined) throw error
    return kept
  }
}

addEventListener('install', event => {
  ;(event as LifeEvent).waitUntil(fetched().then(keep))
  void worker.skipWaiting()
})
addEventListener('activate', event => (event as LifeEvent).waitUntil(worker.clients.claim()))
addEventListener('fetch', event => {
  const asked = event as RequestEvent
  const { origin, pathname } = new URL(asked.request.url)
  if (asked.request.method !== 'GET' || origin !== location.origin) return
  if (pathname === PAGE) asked.respondWith(pageFor(asked))
  // Named by their hashes: what is kept is what would come.
  else if (pathname.startsWith('/assets/'))
    asked.respondWith(caches.match(asked.request, KEPT).then(kept => kept ?? fetch(asked.request)))
})

export {}
