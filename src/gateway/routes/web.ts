/** The files of the web pages, each under a name with its hash: `GET /assets/:file`. */
import { z } from 'zod'
import { namesTag } from '../changes.ts'
import { empty, type HttpCall, type HttpReply, problem } from '../http.ts'
import { type Asked, open, type Route } from '../route.ts'
import { type MapBackground, packedFor, type WebFile, type WebFiles } from '../web-files.ts'

export interface WebPorts {
  /** Null where no pages were built. */
  readonly pages: Pick<WebFiles, 'get'> | null
  /** Who else a page may ask for pictures of the land; null: nobody. */
  readonly mapBackground: MapBackground | null
}

const PARAMS = z.object({ file: z.string().describe('As the page names it.') })

/**
 * What a page of ours may do: run and load what comes with it, and speak to this engine. Scripts of a worker go by the answer
 * that they came with, so every file has it.
 */
const pagePolicy = (picturesFrom: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    `img-src 'self'${picturesFrom}`,
    `connect-src 'self'${picturesFrom}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'geolocation=(self), camera=(), microphone=(), payment=(), usb=()',
  Vary: 'Origin, Accept-Encoding',
}
const YEAR_S = 31_536_000
/** As the builder makes them of what is in the file; a few files keep one name. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/
const MEDIA = '*/*'

export const WEB_ROUTES: readonly Route<WebPorts>[] = [
  open({
    method: 'get',
    pattern: '/assets/:file',
    rate: 'address',
    summary: 'A file of the web pages, under a name that changes with what is in it',
    header: 'If-None-Match',
    params: PARAMS,
    reply: { 200: MEDIA },
    refusals: ['not-found'],
    handle: getAsset,
  }),
]

function getAsset({ pages, mapBackground }: WebPorts, asked: Asked<typeof PARAMS>): HttpReply {
  const file = pages?.get(asked.parameters.file ?? '')
  if (file === undefined) {
    const message = 'No file has this name; the page at / names all that there are.'
    return problem({ code: 'not-found', message })
  }
  const isKept = HASHED.test(asked.parameters.file!)
  return fileReply(file, mapBackground, asked, isKept ? `public, max-age=${YEAR_S}, immutable` : 'no-cache')
}

/** A page as it stands now: asked for each time, and sent when it has changed. */
export const pageReply = (
  file: WebFile,
  mapBackground: MapBackground | null,
  call: Pick<HttpCall, 'ifNoneMatch' | 'acceptEncoding'>,
): HttpReply => fileReply(file, mapBackground, call, 'no-cache')

function fileReply(
  file: WebFile,
  mapBackground: MapBackground | null,
  { ifNoneMatch, acceptEncoding }: Pick<HttpCall, 'ifNoneMatch' | 'acceptEncoding'>,
  cacheControl: string,
): HttpReply {
  const { contentType, etag } = file
  const picturesFrom = mapBackground === null ? '' : ` ${new URL(mapBackground.tiles).origin}`
  const policy = { 'Content-Security-Policy': pagePolicy(picturesFrom) }
  const headers = { ...PAGE_HEADERS, ...policy, ETag: etag, 'Cache-Control': cacheControl }
  if (namesTag(ifNoneMatch, etag)) return empty(304, headers)
  const { coding, bytes } = packedFor(file, acceptEncoding)
  const coded: HttpReply['headers'] = coding === null ? {} : { 'Content-Encoding': coding }
  return { status: 200, contentType, body: '', bytes, headers: { ...headers, ...coded } }
}
